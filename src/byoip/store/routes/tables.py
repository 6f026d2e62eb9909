"""What is announced, what was withdrawn and at whose request, and claims on their way out."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from byoip.domain.routes.breaker import Parked, Source, TripScope
from byoip.domain.routes.offboarding import End, Step
from byoip.store import columns as col
from byoip.store.columns import table

# Black-holing is not representable. While a row is advertised it refers to a binding through two
# columns that are then true: the binding belongs to this claim, spans it, lives, and cannot end.
# While it is withdrawn they are null, and a foreign key with a null is not followed. The rows are
# tombstones in the end: they are never deleted, or a withdrawal would lose the request for it.
bgp_prefixes = table(
    "bgp_prefixes",
    col.uuid_pk(),
    sa.Column("prefix_id", sa.Uuid, nullable=False),
    sa.Column("prefix_cidr", pg.CIDR, nullable=False),
    sa.Column("cidr", pg.CIDR, nullable=False),
    sa.Column("asn", sa.BigInteger, nullable=False),
    sa.Column("prepend", sa.SmallInteger, nullable=False),
    sa.Column("advertised", sa.Boolean, nullable=False),
    col.timestamptz("advertised_modified_at", nullable=True),
    sa.Column("change", sa.BigInteger, nullable=False),
    col.text("request_id"),
    sa.Column("binding_id", sa.Uuid),
    sa.Column("withdrawal_id", sa.Uuid),
    sa.Column("locked", sa.Boolean, nullable=False),
    # The last change that was seen at every stage: a speaker that returns may have it at once.
    sa.Column("settled", sa.BigInteger, nullable=False, server_default="0"),
    col.timestamptz("last_valid_at", nullable=True),
    col.timestamptz("created_at"),
    col.timestamptz("modified_at"),
    col.timestamptz("removed_at", nullable=True),
    col.live("removed_at IS NULL"),
    col.true_or_null("live_prefix", "removed_at IS NULL"),
    col.true_or_null("must_span", "advertised"),
    col.true_or_null("must_live", "advertised"),
    col.of_live_prefix("fk_bgp_prefixes_live_prefix"),
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
    col.check("inside_prefix", "cidr <<= prefix_cidr"),
    col.check("routed", "masklen(cidr) <= CASE family(cidr) WHEN 4 THEN 24 ELSE 48 END"),
    col.check("asn", "asn BETWEEN 1 AND 4294967295"),
    # The operator's AS that stands before the origin in the path, where that is the customer's.
    sa.Column("behind", sa.BigInteger),
    col.check("behind", "behind <> asn"),
    col.check("prepend", "prepend BETWEEN 0 AND 3"),
    col.check("request_id", "request_id <> ''"),
    col.check("settled", "settled BETWEEN 0 AND change"),
    col.check("never_without_binding", "advertised = (binding_id IS NOT NULL)"),
    col.check(
        "never_withdrawn_unasked",
        "(withdrawal_id IS NOT NULL) = (NOT advertised AND advertised_modified_at IS NOT NULL)",
    ),
    # Without the time, the next withdrawal would not need an entry in the ledger.
    col.check("announced_at", "NOT advertised OR advertised_modified_at IS NOT NULL"),
    col.check("withdraw_first", "NOT (advertised AND removed_at IS NOT NULL)"),
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
withdrawals = table(
    "withdrawals",
    col.uuid_pk(),
    col.reference("bgp_prefix_id", "bgp_prefixes.id"),
    col.reference("account_id", "accounts.id"),
    sa.Column("change", sa.BigInteger, nullable=False),
    col.text("source"),
    col.text("job"),
    col.text("run"),
    col.text("actor"),
    col.text("request_id"),
    col.timestamptz("at"),
    sa.UniqueConstraint("id", "bgp_prefix_id", "change", name="uq_withdrawals_of_change"),
    sa.UniqueConstraint("bgp_prefix_id", "change"),
    col.one_of("source", Source),
    col.check("request_id", "request_id <> ''"),
    sa.Index("ix_withdrawals_at", "at"),
    sa.Index("ix_withdrawals_account", "account_id", "at"),
    sa.Index("ix_withdrawals_run", "job", "run", postgresql_where="run <> ''"),
)

breaker_trips = table(
    "breaker_trips",
    col.uuid_pk(),
    col.text("scope"),
    col.text("subject"),
    col.text("why"),
    col.timestamptz("at"),
    col.timestamptz("rearmed_at", nullable=True),
    col.text("rearmed_by", nullable=True),
    col.text("rearmed_because", nullable=True),
    col.text("parked", nullable=True),
    col.live("rearmed_at IS NULL"),
    col.one_of("scope", TripScope),
    col.one_of("parked", Parked),
    col.check("rearmed", "num_nulls(rearmed_at, rearmed_by, rearmed_because, parked) IN (0, 4)"),
    sa.Index("uq_breaker_trips_live", "scope", "subject", unique=True, postgresql_where="live"),
    sa.Index("ix_breaker_trips_page", "at", "id"),
)

# A claim has the standing `offboarding` only while such a row lives that has not turned back,
# and the row names the request that asked (a trigger on prefixes). Without it nothing is done.
offboardings = table(
    "offboardings",
    col.uuid_pk(),
    col.reference("prefix_id", "prefixes.id"),
    col.text("actor"),
    col.text("request_id"),
    col.timestamptz("began_at"),
    col.text("step"),
    sa.Column("contested", sa.Boolean, nullable=False),
    col.jsonb("routes"),  # what was withdrawn, to be restored
    col.jsonb("bindings"),  # what was unbound, to be restored
    col.timestamptz("grace_until", nullable=True),
    col.reference("parked_by", "breaker_trips.id", nullable=True),
    sa.Column("paced", sa.Boolean, nullable=False, server_default=sa.false()),
    col.timestamptz("ended_at", nullable=True),
    col.text("ending", nullable=True),
    col.live("ended_at IS NULL"),
    col.text("taken_in", nullable=True),  # by a run of the job, to withdraw or to close
    col.timestamptz("next_at", nullable=True),  # while there is no room: when the next route goes
    col.one_of("step", Step),
    col.one_of("ending", End),
    col.one_of("taken_in", [Step.WITHDRAW, Step.GRACE]),
    col.check("asked", "actor <> '' AND request_id <> ''"),
    col.check("ended", "(ended_at IS NULL) = (ending IS NULL)"),
    col.check("grace", "step <> 'grace' OR grace_until IS NOT NULL"),
    sa.Index("uq_offboardings_live", "prefix_id", unique=True, postgresql_where="live"),
    sa.Index("ix_offboardings_began", "began_at", "id", postgresql_where="live"),
    sa.Index("ix_offboardings_parked", "parked_by", postgresql_where="parked_by IS NOT NULL"),
)
