"""Claims, their tokens, delegations and history, and space that operators reserve.

Rows are never deleted: `live` says which still count.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import CIDR, ExcludeConstraint

from byoip.domain.checks.evidence import CheckState
from byoip.domain.claims.lifecycle import Approver, Standing, State
from byoip.domain.claims.ownership_token import TokenMethod
from byoip.store.columns import jsonb, live, one_of, reference, text, timestamptz, uuid_pk
from byoip.store.metadata import metadata

prefixes = Table(
    "prefixes",
    metadata,
    uuid_pk(),
    reference("account_id", "accounts.id"),
    Column("cidr", CIDR, nullable=False),
    Column("asn", BigInteger, nullable=False),
    text("description"),
    Column("delegate_loa_creation", Boolean, nullable=False),
    Column("loa_document_id", Uuid),
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
    Column("irr_waived", Boolean, nullable=False),
    jsonb("other_origins"),
    timestamptz("approved_at", nullable=True),
    text("approved_by", nullable=True),
    timestamptz("revoked_at", nullable=True),
    timestamptz("closed_at", nullable=True),
    Column("version", Integer, nullable=False),
    live("state <> 'closed'"),
    # Two approved claims never overlap, of one account or of two.
    ExcludeConstraint(
        ("cidr", "&&"),
        name="ex_prefixes_approved_overlap",
        using="gist",
        ops={"cidr": "inet_ops"},
        where="state = 'approved'",
    ),
    # Within one account live claims never overlap (uuid in a gist index needs btree_gist).
    ExcludeConstraint(
        ("account_id", "="),
        ("cidr", "&&"),
        name="ex_prefixes_own_overlap",
        using="gist",
        ops={"cidr": "inet_ops"},
        where="live",
    ),
    # What live bindings refer to: the claim's own range, while the claim lives.
    UniqueConstraint("id", "cidr", "live", name="uq_prefixes_live_cidr"),
    # The space lock shares its keys by these shortest lengths: see transaction.py.
    CheckConstraint(
        "CASE family(cidr) WHEN 4 THEN masklen(cidr) BETWEEN 8 AND 24 "
        "ELSE masklen(cidr) BETWEEN 16 AND 48 END",
        name="length",
    ),
    CheckConstraint("asn BETWEEN 1 AND 4294967295", name="asn"),
    CheckConstraint("version >= 1", name="version"),
    ForeignKeyConstraint(
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
    CheckConstraint("irr_state <> 'valid' OR irr_passed_at IS NOT NULL", name="irr_passed"),
    CheckConstraint("rpki_state <> 'valid' OR rpki_passed_at IS NOT NULL", name="rpki_passed"),
    CheckConstraint(
        "ownership_state <> 'valid' OR ownership_passed_at IS NOT NULL", name="ownership_passed"
    ),
    CheckConstraint(
        "state = 'closed' OR (state = 'approved') = (approved_at IS NOT NULL)", name="approved_at"
    ),
    one_of("approved_by", Approver),
    CheckConstraint("(approved_at IS NULL) = (approved_by IS NULL)", name="approved_by_whom"),
    # An approval rests on proven ownership or on an operator; irr and rpki may change.
    CheckConstraint(
        "state <> 'approved' OR ownership_state = 'valid' OR approved_by = 'operator'",
        name="approved_is_proven",
    ),
    CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="closed_at"),
    Index("ix_prefixes_page", "account_id", "created_at", "id", postgresql_where="live"),
    Index("ix_prefixes_all", "created_at", "id", postgresql_where="live"),
    Index("ix_prefixes_unproven", "created_at", postgresql_where="state = 'pending'"),
    Index("ix_prefixes_approved", "id", "cidr", postgresql_where="state = 'approved'"),
)

# Account, prefix and ASN of a token are its claim's, which never change (trigger on prefixes).
validation_tokens = Table(
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
    UniqueConstraint("value"),
    Index(
        "uq_validation_tokens_live",
        "prefix_id",
        unique=True,
        postgresql_where="consumed_at IS NULL AND revoked_at IS NULL",
    ),
    one_of("method", TokenMethod),
    CheckConstraint("value ~ '^[0-9a-f]{32,64}$'", name="value"),
    CheckConstraint(
        "expires_at > created_at AND expires_at <= created_at + interval '720 hours'",
        name="lifetime",
    ),
    CheckConstraint("consumed_at IS NULL OR revoked_at IS NULL", name="one_end"),
    Index("ix_validation_tokens_page", "prefix_id", "created_at", "id"),
)

delegations = Table(
    "delegations",
    metadata,
    uuid_pk(),
    Column("prefix_id", Uuid, nullable=False),
    Column("prefix_cidr", CIDR, nullable=False),
    Column("cidr", CIDR, nullable=False),
    reference("account_id", "accounts.id"),  # who may use it
    timestamptz("created_at"),
    timestamptz("expires_at", nullable=True),
    # An expired row lives on until its end is recorded: no constraint can look at the clock.
    timestamptz("ended_at", nullable=True),
    live("ended_at IS NULL"),
    # True while it lives, else null, which a foreign key does not follow: a claim cannot be
    # closed from under its delegations.
    Column("live_prefix", Boolean, Computed("nullif(ended_at IS NULL, false)", persisted=True)),
    ForeignKeyConstraint(
        ["prefix_id", "prefix_cidr", "live_prefix"],
        ["prefixes.id", "prefixes.cidr", "prefixes.live"],
        name="fk_delegations_live_prefix",
    ),
    CheckConstraint("cidr <<= prefix_cidr", name="inside_prefix"),
    CheckConstraint("expires_at > created_at", name="expires_at"),
    # No address is delegated twice, not even by two owners.
    ExcludeConstraint(
        ("cidr", "&&"),
        name="ex_delegations_overlap",
        using="gist",
        ops={"cidr": "inet_ops"},
        where="live",
    ),
    Index("ix_delegations_page", "prefix_id", "created_at", "id", postgresql_where="live"),
    Index("ix_delegations_account", "account_id", "created_at", "id", postgresql_where="live"),
    Index("ix_delegations_expiring", "expires_at", postgresql_where="live"),
)

# A trigger on prefixes keeps other accounts from approved or new claims on reserved space.
reservations = Table(
    "reservations",
    metadata,
    uuid_pk(),
    Column("cidr", CIDR, nullable=False),
    reference("account_id", "accounts.id", nullable=True),  # null: no account may claim it
    text("reason"),
    timestamptz("created_at"),
    timestamptz("released_at", nullable=True),
    live("released_at IS NULL"),
    # The space lock shares its keys by these lengths: see transaction.py.
    CheckConstraint("masklen(cidr) >= CASE family(cidr) WHEN 4 THEN 8 ELSE 16 END", name="length"),
    ExcludeConstraint(
        ("cidr", "&&"),
        name="ex_reservations_overlap",
        using="gist",
        ops={"cidr": "inet_ops"},
        where="live",
    ),
    Index("ix_reservations_page", "created_at", "id", postgresql_where="live"),
)

events = Table(
    "events",
    metadata,
    Column("prefix_id", Uuid, ForeignKey("prefixes.id", ondelete="RESTRICT"), primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    reference("account_id", "accounts.id"),
    Column("account_number", BigInteger, nullable=False),
    text("kind"),
    text("actor"),
    text("request_id"),
    timestamptz("at"),
    jsonb("before"),
    jsonb("after"),
    CheckConstraint("number >= 1 AND account_number >= 1", name="number"),
    UniqueConstraint("account_id", "account_number"),
)

# Updated last in a transaction: a number is given only when all lower ones are committed.
event_counters = Table(
    "event_counters",
    metadata,
    Column("prefix_id", Uuid, ForeignKey("prefixes.id", ondelete="RESTRICT"), primary_key=True),
    Column("last", BigInteger, nullable=False),
)

# The same for all claims of an account together.
account_event_counters = Table(
    "account_event_counters",
    metadata,
    Column("account_id", Uuid, ForeignKey("accounts.id", ondelete="RESTRICT"), primary_key=True),
    Column("last", BigInteger, nullable=False),
)
