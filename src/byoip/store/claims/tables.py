"""Claims, their tokens, delegations and history, and space that operators reserve.

Rows are never deleted: `live` says which still count.
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from byoip.domain.checks.evidence import CheckState
from byoip.domain.claims.lifecycle import Approver, Standing, State
from byoip.domain.claims.move import MoveEnd
from byoip.domain.claims.ownership_token import TokenMethod
from byoip.store import columns as col
from byoip.store.columns import table

_APPROVED = "state = 'approved'"
_NOT_ENDED = "ended_at IS NULL"

prefixes = table(
    "prefixes",
    col.uuid_pk(),
    col.reference("account_id", "accounts.id"),
    sa.Column("cidr", pg.CIDR, nullable=False),
    sa.Column("asn", sa.BigInteger, nullable=False),
    col.text("description"),
    sa.Column("delegate_loa_creation", sa.Boolean, nullable=False),
    sa.Column("loa_document_id", sa.Uuid),
    col.timestamptz("created_at"),
    col.timestamptz("modified_at"),
    col.text("state"),
    col.text("standing"),
    col.text("irr_state"),
    col.timestamptz("irr_passed_at", nullable=True),
    col.text("rpki_state"),
    col.timestamptz("rpki_passed_at", nullable=True),
    col.text("ownership_state"),
    col.timestamptz("ownership_passed_at", nullable=True),
    col.jsonb("findings"),
    col.text("registry", nullable=True),
    sa.Column("irr_waived", sa.Boolean, nullable=False),
    col.jsonb("other_origins"),
    col.timestamptz("approved_at", nullable=True),
    col.text("approved_by", nullable=True),
    col.timestamptz("revoked_at", nullable=True),
    col.timestamptz("closed_at", nullable=True),
    col.timestamptz("extended_at", nullable=True),
    col.timestamptz("told_closing_at", nullable=True),
    col.timestamptz("restorable_until", nullable=True),
    col.timestamptz("reopened_at", nullable=True),
    sa.Column("version", sa.Integer, nullable=False),
    # Signals for which nothing new may happen to it; what that stops: domain/watch/freezing.py.
    sa.Column("frozen_for", pg.ARRAY(sa.Text), nullable=False, server_default="{}"),
    col.timestamptz("proven_at", nullable=True),
    col.timestamptz("proof_ends_at", nullable=True),
    col.timestamptz("proof_told_at", nullable=True),
    col.timestamptz("proof_due_at", nullable=True),
    col.live("state <> 'closed'"),
    # Two approved claims never overlap, of one account or of two.
    col.no_overlap("ex_prefixes_approved_overlap", "cidr", where="state = 'approved'"),
    # Within one account live claims never overlap (uuid in a gist index needs btree_gist).
    col.no_overlap("ex_prefixes_own_overlap", "cidr", where="live", within="account_id"),
    # What live bindings refer to: the claim's own range, while the claim lives.
    sa.UniqueConstraint("id", "cidr", "live", name="uq_prefixes_live_cidr"),
    # The space lock shares its keys by these shortest lengths: see transaction.py.
    col.check(
        "length",
        "CASE family(cidr) WHEN 4 THEN masklen(cidr) BETWEEN 8 AND 24 "
        "ELSE masklen(cidr) BETWEEN 16 AND 48 END",
    ),
    col.check("asn", "asn BETWEEN 1 AND 4294967295"),
    col.check("version", "version >= 1"),
    sa.ForeignKeyConstraint(
        ["loa_document_id", "account_id"],
        ["loa_documents.id", "loa_documents.account_id"],
        name="fk_prefixes_loa_document",
        ondelete="RESTRICT",
    ),
    col.one_of("state", State),
    col.one_of("standing", Standing),
    col.one_of("irr_state", CheckState),
    col.one_of("rpki_state", CheckState),
    col.one_of("ownership_state", CheckState),
    col.check("irr_passed", "irr_state <> 'valid' OR irr_passed_at IS NOT NULL"),
    col.check("rpki_passed", "rpki_state <> 'valid' OR rpki_passed_at IS NOT NULL"),
    col.check("ownership_passed", "ownership_state <> 'valid' OR ownership_passed_at IS NOT NULL"),
    col.check(
        "approved_at", "state = 'closed' OR (state = 'approved') = (approved_at IS NOT NULL)"
    ),
    col.one_of("approved_by", Approver),
    col.check("approved_by_whom", "(approved_at IS NULL) = (approved_by IS NULL)"),
    # An approval rests on proven ownership or on an operator; irr and rpki may change.
    col.check(
        "approved_is_proven",
        "state <> 'approved' OR ownership_state = 'valid' OR approved_by = 'operator'",
    ),
    col.check("closed_at", "(state = 'closed') = (closed_at IS NOT NULL)"),
    sa.Index("ix_prefixes_page", "account_id", "created_at", "id", postgresql_where="live"),
    sa.Index("ix_prefixes_cidr", "cidr", postgresql_where="live"),
    # All, closed ones as well: who else has claimed a space that was sold.
    sa.Index(
        "ix_prefixes_space", "cidr", postgresql_using="gist", postgresql_ops={"cidr": "inet_ops"}
    ),
    sa.Index(
        "ix_prefixes_removed",
        "account_id",
        "restorable_until",
        postgresql_where="restorable_until IS NOT NULL",
    ),
    sa.Index("ix_prefixes_all", "created_at", "id", postgresql_where="live"),
    sa.Index(
        "ix_prefixes_not_ok",
        "cidr",
        postgresql_using="gist",
        postgresql_ops={"cidr": "inet_ops"},
        postgresql_where="live AND standing <> 'ok'",
    ),
    sa.Index("ix_prefixes_unproven", "created_at", postgresql_where="state = 'pending'"),
    sa.Index("ix_prefixes_approved", "id", "cidr", postgresql_where="state = 'approved'"),
    # What is to be done about proofs; one that no date was given is due at once.
    sa.Index(
        "ix_prefixes_proof_due",
        sa.text("COALESCE(proof_due_at, '-infinity'::timestamptz)"),
        postgresql_where=_APPROVED,
    ),
    sa.Index("ix_prefixes_proof_ends", "proof_ends_at", "id", postgresql_where=_APPROVED),
    sa.Index(
        "ix_prefixes_lettered",
        "id",
        postgresql_where="state = 'approved' AND delegate_loa_creation",
    ),
    # What an account lost to another holder, and gave up since.
    sa.Index(
        "ix_prefixes_lost",
        "account_id",
        postgresql_where="state <> 'approved' AND frozen_for <> '{}'",
    ),
)

# Account, prefix and ASN of a token are its claim's.
validation_tokens = table(
    "validation_tokens",
    col.uuid_pk(),
    col.reference("prefix_id", "prefixes.id"),
    col.text("method"),
    col.text("value"),
    col.timestamptz("created_at"),
    col.timestamptz("expires_at"),
    col.timestamptz("consumed_at", nullable=True),
    col.timestamptz("revoked_at", nullable=True),
    # Where it was looked for before it was published, and who might write it then.
    col.timestamptz("absent_at", nullable=True),
    col.text("absent_in", nullable=True),
    sa.Column("absent_writers", pg.ARRAY(sa.Text)),
    sa.Column("look_needed", sa.Boolean, nullable=False, server_default=sa.text("true")),
    col.text("absent_block", nullable=True),  # when the address block was last changed then
    col.timestamptz("told_expiring_at", nullable=True),
    sa.UniqueConstraint("value"),
    sa.Index(
        "uq_validation_tokens_live",
        "prefix_id",
        unique=True,
        postgresql_where="consumed_at IS NULL AND revoked_at IS NULL",
    ),
    col.one_of("method", TokenMethod),
    col.check("value", "value ~ '^[0-9a-f]{32,64}$'"),
    col.check(
        "lifetime", "expires_at > created_at AND expires_at <= created_at + interval '720 hours'"
    ),
    col.check("one_end", "consumed_at IS NULL OR revoked_at IS NULL"),
    col.check("absence", "num_nulls(absent_at, absent_in, absent_writers) IN (0, 3)"),
    sa.Index("ix_validation_tokens_page", "prefix_id", "created_at", "id"),
    sa.Index(
        "ix_validation_tokens_expiring",
        "expires_at",
        postgresql_where="consumed_at IS NULL AND revoked_at IS NULL",
    ),
)

delegations = table(
    "delegations",
    col.uuid_pk(),
    sa.Column("prefix_id", sa.Uuid, nullable=False),
    sa.Column("prefix_cidr", pg.CIDR, nullable=False),
    sa.Column("cidr", pg.CIDR, nullable=False),
    col.reference("account_id", "accounts.id"),  # who may use it
    col.timestamptz("created_at"),
    col.timestamptz("expires_at", nullable=True),
    # An expired row lives on until its end is recorded: no constraint can look at the clock.
    col.timestamptz("ended_at", nullable=True),
    col.live("ended_at IS NULL"),
    col.true_or_null("live_prefix", "ended_at IS NULL"),
    col.of_live_prefix("fk_delegations_live_prefix"),
    col.check("inside_prefix", "cidr <<= prefix_cidr"),
    col.check("expires_at", "expires_at > created_at"),
    # No address is delegated twice, not even by two owners.
    col.no_overlap("ex_delegations_overlap", "cidr", where="live"),
    sa.Index("ix_delegations_page", "prefix_id", "created_at", "id", postgresql_where="live"),
    sa.Index("ix_delegations_account", "account_id", "created_at", "id", postgresql_where="live"),
    sa.Index("ix_delegations_expiring", "expires_at", postgresql_where="live"),
)

# By a row of these alone a claim gets another account (trigger on prefixes).
prefix_moves = table(
    "prefix_moves",
    col.uuid_pk(),
    col.reference("prefix_id", "prefixes.id"),
    col.reference("from_account_id", "accounts.id"),
    col.reference("to_account_id", "accounts.id"),
    col.timestamptz("offered_at"),
    col.timestamptz("expires_at"),
    col.timestamptz("ended_at", nullable=True),
    col.text("ended", nullable=True),
    col.text("holder", nullable=True),  # of its watch as it moved: what it was compared with
    col.one_of("ended", MoveEnd),
    col.check("one_end", "(ended IS NULL) = (ended_at IS NULL)"),
    col.check("two", "from_account_id <> to_account_id"),
    col.check("expires_at", "expires_at > offered_at"),
    sa.Index("uq_prefix_moves_open", "prefix_id", unique=True, postgresql_where=_NOT_ENDED),
    sa.Index(
        "ix_prefix_moves_to", "to_account_id", "offered_at", "id", postgresql_where=_NOT_ENDED
    ),
    sa.Index(
        "ix_prefix_moves_from", "from_account_id", "offered_at", "id", postgresql_where=_NOT_ENDED
    ),
    sa.Index("ix_prefix_moves_made", "from_account_id", "offered_at"),
)

# A trigger on prefixes keeps other accounts from approved or new claims on reserved space.
reservations = table(
    "reservations",
    col.uuid_pk(),
    sa.Column("cidr", pg.CIDR, nullable=False),
    col.reference("account_id", "accounts.id", nullable=True),  # null: no account may claim it
    col.text("reason"),
    col.timestamptz("created_at"),
    col.timestamptz("released_at", nullable=True),
    col.live("released_at IS NULL"),
    # The space lock shares its keys by these lengths: see transaction.py.
    col.check("length", "masklen(cidr) >= CASE family(cidr) WHEN 4 THEN 8 ELSE 16 END"),
    col.no_overlap("ex_reservations_overlap", "cidr", where="live"),
    sa.Index("ix_reservations_page", "created_at", "id", postgresql_where="live"),
)

events = table(
    "events",
    col.reference("prefix_id", "prefixes.id", key=True),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    col.reference("account_id", "accounts.id"),
    sa.Column("account_number", sa.BigInteger, nullable=False),
    col.text("kind"),
    col.text("actor"),
    col.text("request_id"),
    col.timestamptz("at"),
    col.jsonb("before"),
    col.jsonb("after"),
    col.check("number", "number >= 1 AND account_number >= 1"),
    sa.UniqueConstraint("account_id", "account_number"),
)

# Updated last in a transaction: a number is given only when all lower ones are committed.
event_counters = table(
    "event_counters",
    col.reference("prefix_id", "prefixes.id", key=True),
    sa.Column("last", sa.BigInteger, nullable=False),
)

# The same for all claims of an account together.
account_event_counters = table(
    "account_event_counters",
    col.reference("account_id", "accounts.id", key=True),
    sa.Column("last", sa.BigInteger, nullable=False),
)
