"""Letters of agency: documents with their bytes, and what became of the letters we wrote."""

import sqlalchemy as sa

from byoip.domain.letters.letter import RevokedBecause
from byoip.domain.letters.loa_document import LARGEST
from byoip.store.columns import jsonb, one_of, reference, text, timestamptz, uuid_pk
from byoip.store.metadata import metadata

_STANDS = "superseded_by IS NULL AND revoked_at IS NULL"

loa_documents = sa.Table(
    "loa_documents",
    metadata,
    uuid_pk(),
    reference("account_id", "accounts.id"),
    text("filename"),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Column(
        "sha256", sa.LargeBinary, sa.Computed("sha256(content)", persisted=True), nullable=False
    ),
    sa.Column(
        "size", sa.Integer, sa.Computed("octet_length(content)", persisted=True), nullable=False
    ),
    sa.Column("auto_generated", sa.Boolean, nullable=False),
    timestamptz("verified_at", nullable=True),
    timestamptz("created_at"),
    # A claim refers to a document of its own account.
    sa.UniqueConstraint("id", "account_id", name="uq_loa_documents_of_account"),
    sa.CheckConstraint(f"octet_length(content) BETWEEN 1 AND {LARGEST}", name="size"),
    sa.Index("ix_loa_documents_uploaded", "account_id", postgresql_where="NOT auto_generated"),
)

# A letter's account, prefix and ASN are its claim's; they never change (trigger on prefixes).
letters = sa.Table(
    "letters",
    metadata,
    sa.Column("reference", sa.Uuid, primary_key=True),
    reference("prefix_id", "prefixes.id"),
    reference("document_id", "loa_documents.id"),
    timestamptz("issued_at"),
    timestamptz("valid_until"),
    jsonb("facts"),
    # Deferred: the old letter is superseded before the new one is inserted.
    sa.Column(
        "superseded_by",
        sa.Uuid,
        sa.ForeignKey(
            "letters.reference", ondelete="RESTRICT", deferrable=True, initially="DEFERRED"
        ),
    ),
    timestamptz("revoked_at", nullable=True),
    text("revoked_because", nullable=True),
    sa.Column("rpki_snapshot", sa.Integer),
    timestamptz("rpki_failing_since", nullable=True),
    timestamptz("rpki_failing_until", nullable=True),
    sa.UniqueConstraint("document_id"),
    one_of("revoked_because", RevokedBecause),
    sa.CheckConstraint("(revoked_at IS NULL) = (revoked_because IS NULL)", name="revoked"),
    sa.CheckConstraint("valid_until > issued_at", name="validity"),
    sa.CheckConstraint("superseded_by <> reference", name="superseded_by"),
    sa.CheckConstraint(
        "(rpki_failing_since IS NULL) = (rpki_failing_until IS NULL)", name="rpki_failing"
    ),
    # A route has at most one letter that stands.
    sa.Index("uq_letters_standing", "prefix_id", unique=True, postgresql_where=_STANDS),
    sa.Index("ix_letters_standing", "reference", postgresql_where=_STANDS),
    sa.Index("ix_letters_of_prefix", "prefix_id", "issued_at"),
)

# The last snapshot of ROA data that all standing letters have been compared with.
letter_watch = sa.Table(
    "letter_watch",
    metadata,
    sa.Column("singleton", sa.Boolean, primary_key=True, server_default=sa.true()),
    sa.Column("snapshot", sa.Integer, nullable=False),
    sa.CheckConstraint("singleton", name="one_row"),
)
