"""Accounts, claims, tokens and bindings, and what the database itself refuses about them.

Rows are never deleted: `live` says which still count. Runs, evidence and history have files of
their own beside this one.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY, CIDR, ExcludeConstraint

from byoip.domain.accounts.credential import Scope
from byoip.domain.bindings.service_binding import Provisioning
from byoip.domain.checks.evidence import CheckState
from byoip.domain.claims.lifecycle import Approver, Standing, State
from byoip.domain.claims.ownership_token import TokenMethod
from byoip.store.columns import jsonb, live, one_of, reference, text, timestamptz, uuid_pk
from byoip.store.metadata import metadata

_ALL_SCOPES = ", ".join(f"'{scope}'" for scope in Scope)

# The one row that says what this database is for; the first migration writes it.
deployment = Table(
    "deployment",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    text("mode"),
    timestamptz("stamped_at"),
    CheckConstraint("id = 1", name="one_row"),
    one_of("mode", ("sandbox", "production")),
)

accounts = Table(
    "accounts",
    metadata,
    uuid_pk(),
    text("name"),
    Column("prefix_quota", Integer, nullable=False),
    timestamptz("created_at"),
    Column("version", Integer, nullable=False, server_default="1"),
    CheckConstraint("prefix_quota >= 0", name="prefix_quota"),
)

credentials = Table(
    "credentials",
    metadata,
    uuid_pk(),
    reference("account_id", "accounts.id", nullable=True),  # null: an operator's
    text("name"),
    Column("token_sha256", LargeBinary, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    timestamptz("created_at"),
    timestamptz("expires_at", nullable=True),
    timestamptz("revoked_at", nullable=True),
    timestamptz("last_used_at", nullable=True),
    UniqueConstraint("token_sha256"),
    CheckConstraint("octet_length(token_sha256) = 32", name="token_sha256"),
    CheckConstraint(f"scopes <@ ARRAY[{_ALL_SCOPES}]::text[]", name="scopes"),
    Index(None, "account_id"),
)

services = Table(
    "services",
    metadata,
    uuid_pk(),
    text("name"),
    Column("default_only", Boolean, nullable=False),
    timestamptz("created_at"),
    timestamptz("removed_at", nullable=True),
    live("removed_at IS NULL"),
    Column("version", Integer, nullable=False, server_default="1"),
    # What live bindings refer to: a service cannot be retired from under them.
    UniqueConstraint("id", "live", name="uq_services_live"),
    Index("uq_services_live_name", "name", unique=True, postgresql_where="live"),
)

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
    # Ownership is what an approval rests on, or the operator's word; irr and rpki may change.
    CheckConstraint(
        "state <> 'approved' OR ownership_state = 'valid' OR approved_by = 'operator'",
        name="approved_is_proven",
    ),
    CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="closed_at"),
    Index("ix_prefixes_page", "account_id", "created_at", "id", postgresql_where="live"),
    Index("ix_prefixes_all", "created_at", "id", postgresql_where="live"),
    Index("ix_prefixes_unproven", "created_at", postgresql_where="state = 'pending'"),
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

bindings = Table(
    "bindings",
    metadata,
    uuid_pk(),
    Column("prefix_id", Uuid, nullable=False),
    Column("prefix_cidr", CIDR, nullable=False),
    Column("cidr", CIDR, nullable=False),
    reference("service_id", "services.id"),
    text("state"),
    # The newest change of it in the feed for edges, and the one that they have agreed on. While
    # they differ, another service may answer, or a removed binding's still does; null: none.
    Column("change", BigInteger, nullable=False, server_default="0"),
    Column("settled", BigInteger, nullable=False, server_default="0"),
    reference("answering_service_id", "services.id", nullable=True),
    timestamptz("created_at"),
    timestamptz("removed_at", nullable=True),
    Column("is_default", Boolean, Computed("cidr = prefix_cidr", persisted=True), nullable=False),
    live("removed_at IS NULL"),
    # True while it lives, else null, which a foreign key does not follow: a claim cannot be
    # closed from under its bindings.
    Column(
        "live_prefix",
        Boolean,
        Computed("nullif(removed_at IS NULL, false)", persisted=True),
    ),
    ForeignKeyConstraint(
        ["prefix_id", "prefix_cidr", "live_prefix"],
        ["prefixes.id", "prefixes.cidr", "prefixes.live"],
        name="fk_bindings_live_prefix",
    ),
    ForeignKeyConstraint(
        ["service_id", "live_prefix"],
        ["services.id", "services.live"],
        name="fk_bindings_live_service",
    ),
    # Nor can the service that still answers be retired before another does.
    Column(
        "answers",
        Boolean,
        Computed("nullif(answering_service_id IS NOT NULL, false)", persisted=True),
    ),
    ForeignKeyConstraint(
        ["answering_service_id", "answers"],
        ["services.id", "services.live"],
        name="fk_bindings_answering_service",
    ),
    CheckConstraint("settled BETWEEN 0 AND change", name="settled"),
    CheckConstraint(
        "state <> 'active' OR removed_at IS NOT NULL "
        "OR answering_service_id IS NOT DISTINCT FROM service_id",
        name="active_answers",
    ),
    CheckConstraint("cidr <<= prefix_cidr", name="inside_prefix"),
    one_of("state", Provisioning),
    # An advertised route will refer to this with two columns that are always true: its binding
    # then spans the prefix, lives, and cannot be removed from under it.
    UniqueConstraint("id", "prefix_id", "is_default", "live", name="uq_bindings_live_default"),
    # No address is answered for by two claims: one whose approval was revoked keeps what it bound,
    # and the next one approved has to wait.
    ExcludeConstraint(
        ("prefix_cidr", "&&"),
        name="ex_bindings_default_overlap",
        using="gist",
        ops={"prefix_cidr": "inet_ops"},
        where="live AND is_default",
    ),
    Index("uq_bindings_live_cidr", "prefix_id", "cidr", unique=True, postgresql_where="live"),
    Index("ix_bindings_page", "prefix_id", "created_at", "id", postgresql_where="live"),
    Index("ix_bindings_service_id", "service_id"),
    Index("ix_bindings_answering_service_id", "answering_service_id"),
    Index("ix_bindings_unsettled", "prefix_id", postgresql_where="settled < change"),
)

# Permits that all processes share; `spent_until` runs ahead of the clock as they are spent.
allowances = Table(
    "allowances",
    metadata,
    Column("what", Text, primary_key=True),
    Column("who", Uuid, primary_key=True),
    timestamptz("spent_until"),
)
