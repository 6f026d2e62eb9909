"""Letters of agency: documents with their bytes, and what became of the letters we wrote."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    UniqueConstraint,
    Uuid,
    true,
)

from byoip.domain.letters.letter import RevokedBecause
from byoip.domain.letters.loa_document import LARGEST
from byoip.store.columns import jsonb, one_of, reference, text, timestamptz, uuid_pk
from byoip.store.metadata import metadata

# Until 0011 letters named the resolver for what whois answered, and snapshots by their numbers.
MISNAMES = (
    "jsonb_path_exists(facts, '$.checks[*] ? ("
    '@.of == "" || @.of like_regex "snapshot [0-9]" || '
    '@.check != "ownership_rdns" && @.of like_regex "validating resolver"'
    ")')"
)
_STANDS = "superseded_by IS NULL AND revoked_at IS NULL"

loa_documents = Table(
    "loa_documents",
    metadata,
    uuid_pk(),
    reference("account_id", "accounts.id"),
    text("filename"),
    Column("content", LargeBinary, nullable=False),
    Column("sha256", LargeBinary, Computed("sha256(content)", persisted=True), nullable=False),
    Column("size", Integer, Computed("octet_length(content)", persisted=True), nullable=False),
    Column("auto_generated", Boolean, nullable=False),
    timestamptz("verified_at", nullable=True),
    timestamptz("created_at"),
    # A claim refers to a document of its own account.
    UniqueConstraint("id", "account_id", name="uq_loa_documents_of_account"),
    CheckConstraint(f"octet_length(content) BETWEEN 1 AND {LARGEST}", name="size"),
    Index("ix_loa_documents_uploaded", "account_id", postgresql_where="NOT auto_generated"),
)

# A letter's account, prefix and ASN are its claim's; they never change (trigger on prefixes).
letters = Table(
    "letters",
    metadata,
    Column("reference", Uuid, primary_key=True),
    reference("prefix_id", "prefixes.id"),
    reference("document_id", "loa_documents.id"),
    timestamptz("issued_at"),
    timestamptz("valid_until"),
    jsonb("facts"),
    Column("misnames", Boolean, Computed(MISNAMES, persisted=True), nullable=False),
    # Deferred: the old letter is superseded before the new one is inserted.
    Column(
        "superseded_by",
        Uuid,
        ForeignKey("letters.reference", ondelete="RESTRICT", deferrable=True, initially="DEFERRED"),
    ),
    timestamptz("revoked_at", nullable=True),
    text("revoked_because", nullable=True),
    Column("rpki_snapshot", Integer),
    timestamptz("rpki_failing_since", nullable=True),
    timestamptz("rpki_failing_until", nullable=True),
    UniqueConstraint("document_id"),
    one_of("revoked_because", RevokedBecause),
    CheckConstraint("(revoked_at IS NULL) = (revoked_because IS NULL)", name="revoked"),
    CheckConstraint("valid_until > issued_at", name="validity"),
    CheckConstraint("superseded_by <> reference", name="superseded_by"),
    CheckConstraint(
        "(rpki_failing_since IS NULL) = (rpki_failing_until IS NULL)", name="rpki_failing"
    ),
    # A route has at most one letter that stands.
    Index("uq_letters_standing", "prefix_id", unique=True, postgresql_where=_STANDS),
    Index("ix_letters_standing", "reference", postgresql_where=_STANDS),
    Index("ix_letters_of_prefix", "prefix_id", "issued_at"),
)

# The last snapshot of ROA data that all standing letters have been compared with.
letter_watch = Table(
    "letter_watch",
    metadata,
    Column("singleton", Boolean, primary_key=True, server_default=true()),
    Column("snapshot", Integer, nullable=False),
    CheckConstraint("singleton", name="one_row"),
)
