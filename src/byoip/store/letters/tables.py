"""Letters of agency: documents with their bytes, and what became of the letters we wrote."""

import sqlalchemy as sa

from byoip.domain.letters.letter import RevokedBecause
from byoip.domain.letters.loa_document import LARGEST
from byoip.store import columns as col
from byoip.store.columns import table

# Until 0011 letters named the resolver for what whois answered, and snapshots by their numbers.
MISNAMES = (
    "jsonb_path_exists(facts, '$.checks[*] ? ("
    '@.of == "" || @.of like_regex "snapshot [0-9]" || '
    '@.check != "ownership_rdns" && @.of like_regex "validating resolver"'
    ")')"
)
# Until 0051 they named who was asked first: of a zone without DNSSEC the resolver, and not the name
# servers that showed the token. One party alone is the resolver, of zones that are signed.
MISNAMES_RDNS = (
    'jsonb_path_exists(facts, \'$.checks[*] ? (@.check == "ownership_rdns" && '
    '@.of like_regex "(validating resolver|network reaches|:[0-9]+)(,| and )"'
    ")')"
)
_STANDS = "superseded_by IS NULL AND revoked_at IS NULL"

loa_documents = table(
    "loa_documents",
    col.uuid_pk(),
    col.reference("account_id", "accounts.id"),
    col.text("filename"),
    sa.Column("content", sa.LargeBinary, nullable=False),
    col.computed("sha256", sa.LargeBinary, "sha256(content)"),
    col.computed("size", sa.Integer, "octet_length(content)"),
    sa.Column("auto_generated", sa.Boolean, nullable=False),
    col.timestamptz("verified_at", nullable=True),
    col.timestamptz("created_at"),
    # A claim refers to a document of its own account.
    sa.UniqueConstraint("id", "account_id", name="uq_loa_documents_of_account"),
    col.check("size", f"octet_length(content) BETWEEN 1 AND {LARGEST}"),
    sa.Index("ix_loa_documents_uploaded", "account_id", postgresql_where="NOT auto_generated"),
)

# A letter's account, prefix and ASN are its claim's; that of its document is whom it names.
letters = table(
    "letters",
    sa.Column("reference", sa.Uuid, primary_key=True),
    col.reference("prefix_id", "prefixes.id"),
    col.reference("document_id", "loa_documents.id"),
    col.timestamptz("issued_at"),
    col.timestamptz("valid_until"),
    col.jsonb("facts"),
    col.computed("misnames", sa.Boolean, MISNAMES),
    col.computed("misnames_rdns", sa.Boolean, MISNAMES_RDNS),
    # Deferred: the old letter is superseded before the new one is inserted.
    sa.Column(
        "superseded_by",
        sa.Uuid,
        sa.ForeignKey(
            "letters.reference", ondelete="RESTRICT", deferrable=True, initially="DEFERRED"
        ),
    ),
    col.timestamptz("revoked_at", nullable=True),
    col.text("revoked_because", nullable=True),
    sa.Column("rpki_snapshot", sa.Integer),
    col.timestamptz("rpki_failing_since", nullable=True),
    col.timestamptz("rpki_failing_until", nullable=True),
    sa.UniqueConstraint("document_id"),
    col.one_of("revoked_because", RevokedBecause),
    col.check("revoked", "(revoked_at IS NULL) = (revoked_because IS NULL)"),
    col.check("validity", "valid_until > issued_at"),
    col.check("superseded_by", "superseded_by <> reference"),
    col.check("rpki_failing", "(rpki_failing_since IS NULL) = (rpki_failing_until IS NULL)"),
    # A route has at most one letter that stands.
    sa.Index("uq_letters_standing", "prefix_id", unique=True, postgresql_where=_STANDS),
    sa.Index("ix_letters_standing", "reference", postgresql_where=_STANDS),
    sa.Index("ix_letters_of_prefix", "prefix_id", "issued_at"),
)

# The last snapshot of ROA data that all standing letters have been compared with.
letter_watch = table(
    "letter_watch",
    sa.Column("singleton", sa.Boolean, primary_key=True, server_default=sa.true()),
    sa.Column("snapshot", sa.Integer, nullable=False),
    col.check("one_row", "singleton"),
)
