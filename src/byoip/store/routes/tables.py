"""What is announced, what was withdrawn and at whose request, and claims on their way out."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from byoip.domain.routes.breaker import Parked, Source, TripScope
from byoip.domain.routes.offboarding import End, Step
from byoip.store.columns import jsonb, live, one_of, reference, text, timestamptz, uuid_pk
from byoip.store.metadata import metadata

# Black-holing is not representable. While a row is advertised it refers to a binding through two
# columns that are then true: the binding belongs to this claim, spans it, lives, and cannot end.
# While it is withdrawn they are null, and a foreign key with a null is not followed. The rows are
# tombstones in the end: they are never deleted, or a withdrawal would lose the request for it.
bgp_prefixes = sa.Table(
    "bgp_prefixes",
    metadata,
    uuid_pk(),
    sa.Column("prefix_id", sa.Uuid, nullable=False),
    sa.Column("prefix_cidr", pg.CIDR, nullable=False),
    sa.Column("cidr", pg.CIDR, nullable=False),
    sa.Column("asn", sa.BigInteger, nullable=False),
    sa.Column("prepend", sa.SmallInteger, nullable=False),
    sa.Column("advertised", sa.Boolean, nullable=False),
    timestamptz("advertised_modified_at", nullable=True),
    sa.Column("change", sa.BigInteger, nullable=False),
    text("request_id"),
    sa.Column("binding_id", sa.Uuid),
    sa.Column("withdrawal_id", sa.Uuid),
    sa.Column("locked", sa.Boolean, nullable=False),
    # The last change that was seen at every stage: a speaker that returns may have it at once.
    sa.Column("settled", sa.BigInteger, nullable=False, server_default="0"),
    timestamptz("last_valid_at", nullable=True),
    timestamptz("created_at"),
    timestamptz("modified_at"),
    timestamptz("removed_at", nullable=True),
    live("removed_at IS NULL"),
    sa.Column(
        "live_prefix", sa.Boolean, sa.Computed("nullif(removed_at IS NULL, false)", persisted=True)
    ),
    sa.Column("must_span", sa.Boolean, sa.Computed("nullif(advertised, false)", persisted=True)),
    sa.Column("must_live", sa.Boolean, sa.Computed("nullif(advertised, false)", persisted=True)),
    sa.ForeignKeyConstraint(
        ["prefix_id", "prefix_cidr", "live_prefix"],
        ["prefixes.id", "prefixes.cidr", "prefixes.live"],
        name="fk_bgp_prefixes_live_prefix",
    ),
    sa.ForeignKeyConstraint(
        ["binding_id", "prefix_id", "must_span", "must_live"],
        ["bindings.id", "bindings.prefix_id", "bindings.is_default", "bindings.live"],
        name="fk_bgp_prefixes_default_binding",
        ondelete="RESTRICT",
    ),
    # A withdrawn route names its entry in the ledger, made for this very change.
    sa.ForeignKeyConstraint(
        ["withdrawal_id", "id", "change"],
        ["withdrawals.id", "withdrawals.bgp_prefix_id", "withdrawals.change"],
        name="fk_bgp_prefixes_withdrawal",
        ondelete="RESTRICT",
        use_alter=True,
    ),
    sa.CheckConstraint("cidr <<= prefix_cidr", name="inside_prefix"),
    sa.CheckConstraint(
        "masklen(cidr) <= CASE family(cidr) WHEN 4 THEN 24 ELSE 48 END", name="routed"
    ),
    sa.CheckConstraint("asn BETWEEN 1 AND 4294967295", name="asn"),
    sa.CheckConstraint("prepend BETWEEN 0 AND 3", name="prepend"),
    sa.CheckConstraint("request_id <> ''", name="request_id"),
    sa.CheckConstraint("settled BETWEEN 0 AND change", name="settled"),
    sa.CheckConstraint("advertised = (binding_id IS NOT NULL)", name="never_without_binding"),
    sa.CheckConstraint(
        "(withdrawal_id IS NOT NULL) = (NOT advertised AND advertised_modified_at IS NOT NULL)",
        name="never_withdrawn_unasked",
    ),
    # Without the time, the next withdrawal would not need an entry in the ledger.
    sa.CheckConstraint("NOT advertised OR advertised_modified_at IS NOT NULL", name="announced_at"),
    sa.CheckConstraint("NOT (advertised AND removed_at IS NOT NULL)", name="withdraw_first"),
    sa.Index(
        "uq_bgp_prefixes_live_cidr", "prefix_id", "cidr", unique=True, postgresql_where="live"
    ),
    sa.Index("ix_bgp_prefixes_page", "prefix_id", "created_at", "id", postgresql_where="live"),
    # A route is one path on a speaker: two claims, one without its approval, would fight over it.
    sa.Index("uq_bgp_prefixes_advertised", "cidr", unique=True, postgresql_where="advertised"),
    sa.Index("ix_bgp_prefixes_cidr", "cidr"),
    sa.Index("ix_bgp_prefixes_unsettled", "id", postgresql_where="settled < change"),
)

# The ledger of all withdrawals, which the breaker counts. Append-only.
withdrawals = sa.Table(
    "withdrawals",
    metadata,
    uuid_pk(),
    reference("bgp_prefix_id", "bgp_prefixes.id"),
    reference("account_id", "accounts.id"),
    sa.Column("change", sa.BigInteger, nullable=False),
    text("source"),
    text("job"),
    text("run"),
    text("actor"),
    text("request_id"),
    timestamptz("at"),
    sa.UniqueConstraint("id", "bgp_prefix_id", "change", name="uq_withdrawals_of_change"),
    sa.UniqueConstraint("bgp_prefix_id", "change"),
    one_of("source", Source),
    sa.CheckConstraint("request_id <> ''", name="request_id"),
    sa.Index("ix_withdrawals_at", "at"),
    sa.Index("ix_withdrawals_account", "account_id", "at"),
    sa.Index("ix_withdrawals_run", "job", "run", postgresql_where="run <> ''"),
)

breaker_trips = sa.Table(
    "breaker_trips",
    metadata,
    uuid_pk(),
    text("scope"),
    text("subject"),
    text("why"),
    timestamptz("at"),
    timestamptz("rearmed_at", nullable=True),
    text("rearmed_by", nullable=True),
    text("rearmed_because", nullable=True),
    text("parked", nullable=True),
    live("rearmed_at IS NULL"),
    one_of("scope", TripScope),
    one_of("parked", Parked),
    sa.CheckConstraint(
        "num_nulls(rearmed_at, rearmed_by, rearmed_because, parked) IN (0, 4)", name="rearmed"
    ),
    sa.Index("uq_breaker_trips_live", "scope", "subject", unique=True, postgresql_where="live"),
    sa.Index("ix_breaker_trips_page", "at", "id"),
)

# A claim has the standing `offboarding` only while such a row lives that has not turned back,
# and the row names the request that asked (a trigger on prefixes). Without it nothing is done.
offboardings = sa.Table(
    "offboardings",
    metadata,
    uuid_pk(),
    reference("prefix_id", "prefixes.id"),
    text("actor"),
    text("request_id"),
    timestamptz("began_at"),
    text("step"),
    sa.Column("contested", sa.Boolean, nullable=False),
    jsonb("routes"),  # what was withdrawn, to be restored
    jsonb("bindings"),  # what was unbound, to be restored
    timestamptz("grace_until", nullable=True),
    reference("parked_by", "breaker_trips.id", nullable=True),
    sa.Column("paced", sa.Boolean, nullable=False, server_default=sa.false()),
    timestamptz("ended_at", nullable=True),
    text("ending", nullable=True),
    live("ended_at IS NULL"),
    text("taken_in", nullable=True),  # by a run of the job, to withdraw or to close
    one_of("step", Step),
    one_of("ending", End),
    one_of("taken_in", [Step.WITHDRAW, Step.GRACE]),
    sa.CheckConstraint("actor <> '' AND request_id <> ''", name="asked"),
    sa.CheckConstraint("(ended_at IS NULL) = (ending IS NULL)", name="ended"),
    sa.CheckConstraint("step <> 'grace' OR grace_until IS NOT NULL", name="grace"),
    sa.Index("uq_offboardings_live", "prefix_id", unique=True, postgresql_where="live"),
    sa.Index("ix_offboardings_began", "began_at", "id", postgresql_where="live"),
    sa.Index("ix_offboardings_parked", "parked_by", postgresql_where="parked_by IS NOT NULL"),
)
