"""Claims, their tokens, delegations and history, and space that operators reserve.

Rows are never deleted: `live` says which still count.
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from byoip.domain.checks.evidence import CheckState
from byoip.domain.claims.lifecycle import Approver, Standing, State
from byoip.domain.claims.ownership_token import TokenMethod
from byoip.store.columns import jsonb, live, one_of, reference, text, timestamptz, uuid_pk
from byoip.store.metadata import metadata

prefixes = sa.Table(
    "prefixes",
    metadata,
    uuid_pk(),
    reference("account_id", "accounts.id"),
    sa.Column("cidr", pg.CIDR, nullable=False),
    sa.Column("asn", sa.BigInteger, nullable=False),
    text("description"),
    sa.Column("delegate_loa_creation", sa.Boolean, nullable=False),
    sa.Column("loa_document_id", sa.Uuid),
    timestamptz("created_at"),
    timestamptz("modified_at"),
    text("state"),
    text("standing"),
    text("irr_state"),
    timestamptz("irr_passed_at", nullable=True),
    text("rpki_state"),
    timestamptz("rpki_passed_at", nullable=True),
    text("ownership_state"),
    timestamptz("ownership_passed_at", nullable=True),
    jsonb("findings"),
    text("registry", nullable=True),
    sa.Column("irr_waived", sa.Boolean, nullable=False),
    jsonb("other_origins"),
    timestamptz("approved_at", nullable=True),
    text("approved_by", nullable=True),
    timestamptz("revoked_at", nullable=True),
    timestamptz("closed_at", nullable=True),
    sa.Column("version", sa.Integer, nullable=False),
    live("state <> 'closed'"),
    # Two approved claims never overlap, of one account or of two.
    pg.ExcludeConstraint(
        ("cidr", "&&"),
        name="ex_prefixes_approved_overlap",
        using="gist",
        ops={"cidr": "inet_ops"},
        where="state = 'approved'",
    ),
    # Within one account live claims never overlap (uuid in a gist index needs btree_gist).
    pg.ExcludeConstraint(
        ("account_id", "="),
        ("cidr", "&&"),
        name="ex_prefixes_own_overlap",
        using="gist",
        ops={"cidr": "inet_ops"},
        where="live",
    ),
    # What live bindings refer to: the claim's own range, while the claim lives.
    sa.UniqueConstraint("id", "cidr", "live", name="uq_prefixes_live_cidr"),
    # The space lock shares its keys by these shortest lengths: see transaction.py.
    sa.CheckConstraint(
        "CASE family(cidr) WHEN 4 THEN masklen(cidr) BETWEEN 8 AND 24 "
        "ELSE masklen(cidr) BETWEEN 16 AND 48 END",
        name="length",
    ),
    sa.CheckConstraint("asn BETWEEN 1 AND 4294967295", name="asn"),
    sa.CheckConstraint("version >= 1", name="version"),
    sa.ForeignKeyConstraint(
        ["loa_document_id", "account_id"],
        ["loa_documents.id", "loa_documents.account_id"],
        name="fk_prefixes_loa_document",
        ondelete="RESTRICT",
    ),
    one_of("state", State),
    one_of("standing", Standing),
    one_of("irr_state", CheckState),
    one_of("rpki_state", CheckState),
    one_of("ownership_state", CheckState),
    sa.CheckConstraint("irr_state <> 'valid' OR irr_passed_at IS NOT NULL", name="irr_passed"),
    sa.CheckConstraint("rpki_state <> 'valid' OR rpki_passed_at IS NOT NULL", name="rpki_passed"),
    sa.CheckConstraint(
        "ownership_state <> 'valid' OR ownership_passed_at IS NOT NULL", name="ownership_passed"
    ),
    sa.CheckConstraint(
        "state = 'closed' OR (state = 'approved') = (approved_at IS NOT NULL)", name="approved_at"
    ),
    one_of("approved_by", Approver),
    sa.CheckConstraint("(approved_at IS NULL) = (approved_by IS NULL)", name="approved_by_whom"),
    # An approval rests on proven ownership or on an operator; irr and rpki may change.
    sa.CheckConstraint(
        "state <> 'approved' OR ownership_state = 'valid' OR approved_by = 'operator'",
        name="approved_is_proven",
    ),
    sa.CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="closed_at"),
    sa.Index("ix_prefixes_page", "account_id", "created_at", "id", postgresql_where="live"),
    sa.Index("ix_prefixes_all", "created_at", "id", postgresql_where="live"),
    sa.Index("ix_prefixes_unproven", "created_at", postgresql_where="state = 'pending'"),
)

# Account, prefix and ASN of a token are its claim's, which never change (trigger on prefixes).
validation_tokens = sa.Table(
    "validation_tokens",
    metadata,
    uuid_pk(),
    reference("prefix_id", "prefixes.id"),
    text("method"),
    text("value"),
    timestamptz("created_at"),
    timestamptz("expires_at"),
    timestamptz("consumed_at", nullable=True),
    timestamptz("revoked_at", nullable=True),
    sa.UniqueConstraint("value"),
    sa.Index(
        "uq_validation_tokens_live",
        "prefix_id",
        unique=True,
        postgresql_where="consumed_at IS NULL AND revoked_at IS NULL",
    ),
    one_of("method", TokenMethod),
    sa.CheckConstraint("value ~ '^[0-9a-f]{32,64}$'", name="value"),
    sa.CheckConstraint(
        "expires_at > created_at AND expires_at <= created_at + interval '720 hours'",
        name="lifetime",
    ),
    sa.CheckConstraint("consumed_at IS NULL OR revoked_at IS NULL", name="one_end"),
    sa.Index("ix_validation_tokens_page", "prefix_id", "created_at", "id"),
)

delegations = sa.Table(
    "delegations",
    metadata,
    uuid_pk(),
    sa.Column("prefix_id", sa.Uuid, nullable=False),
    sa.Column("prefix_cidr", pg.CIDR, nullable=False),
    sa.Column("cidr", pg.CIDR, nullable=False),
    reference("account_id", "accounts.id"),  # who may use it
    timestamptz("created_at"),
    timestamptz("expires_at", nullable=True),
    # An expired row lives on until its end is recorded: no constraint can look at the clock.
    timestamptz("ended_at", nullable=True),
    live("ended_at IS NULL"),
    # True while it lives, else null, which a foreign key does not follow: a claim cannot be
    # closed from under its delegations.
    sa.Column(
        "live_prefix", sa.Boolean, sa.Computed("nullif(ended_at IS NULL, false)", persisted=True)
    ),
    sa.ForeignKeyConstraint(
        ["prefix_id", "prefix_cidr", "live_prefix"],
        ["prefixes.id", "prefixes.cidr", "prefixes.live"],
        name="fk_delegations_live_prefix",
    ),
    sa.CheckConstraint("cidr <<= prefix_cidr", name="inside_prefix"),
    sa.CheckConstraint("expires_at > created_at", name="expires_at"),
    # No address is delegated twice, not even by two owners.
    pg.ExcludeConstraint(
        ("cidr", "&&"),
        name="ex_delegations_overlap",
        using="gist",
        ops={"cidr": "inet_ops"},
        where="live",
    ),
    sa.Index("ix_delegations_page", "prefix_id", "created_at", "id", postgresql_where="live"),
    sa.Index("ix_delegations_account", "account_id", "created_at", "id", postgresql_where="live"),
    sa.Index("ix_delegations_expiring", "expires_at", postgresql_where="live"),
)

# A trigger on prefixes keeps other accounts from approved or new claims on reserved space.
reservations = sa.Table(
    "reservations",
    metadata,
    uuid_pk(),
    sa.Column("cidr", pg.CIDR, nullable=False),
    reference("account_id", "accounts.id", nullable=True),  # null: no account may claim it
    text("reason"),
    timestamptz("created_at"),
    timestamptz("released_at", nullable=True),
    live("released_at IS NULL"),
    # The space lock shares its keys by these lengths: see transaction.py.
    sa.CheckConstraint(
        "masklen(cidr) >= CASE family(cidr) WHEN 4 THEN 8 ELSE 16 END", name="length"
    ),
    pg.ExcludeConstraint(
        ("cidr", "&&"),
        name="ex_reservations_overlap",
        using="gist",
        ops={"cidr": "inet_ops"},
        where="live",
    ),
    sa.Index("ix_reservations_page", "created_at", "id", postgresql_where="live"),
)

events = sa.Table(
    "events",
    metadata,
    sa.Column(
        "prefix_id", sa.Uuid, sa.ForeignKey("prefixes.id", ondelete="RESTRICT"), primary_key=True
    ),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    reference("account_id", "accounts.id"),
    sa.Column("account_number", sa.BigInteger, nullable=False),
    text("kind"),
    text("actor"),
    text("request_id"),
    timestamptz("at"),
    jsonb("before"),
    jsonb("after"),
    sa.CheckConstraint("number >= 1 AND account_number >= 1", name="number"),
    sa.UniqueConstraint("account_id", "account_number"),
)

# Updated last in a transaction: a number is given only when all lower ones are committed.
event_counters = sa.Table(
    "event_counters",
    metadata,
    sa.Column(
        "prefix_id", sa.Uuid, sa.ForeignKey("prefixes.id", ondelete="RESTRICT"), primary_key=True
    ),
    sa.Column("last", sa.BigInteger, nullable=False),
)

# The same for all claims of an account together.
account_event_counters = sa.Table(
    "account_event_counters",
    metadata,
    sa.Column(
        "account_id", sa.Uuid, sa.ForeignKey("accounts.id", ondelete="RESTRICT"), primary_key=True
    ),
    sa.Column("last", sa.BigInteger, nullable=False),
)
