"""Customers' own AS numbers, and what registries and ROA data say of AS numbers."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from byoip.domain.asns.own_asn import ProvenBy
from byoip.domain.checks.evidence import CheckState
from byoip.domain.watch.dispute import DisputeEnd
from byoip.store import columns as col
from byoip.store.columns import table

# Rows are never deleted: `live` says which still count.
own_asns = table(
    "own_asns",
    col.uuid_pk(),
    col.reference("account_id", "accounts.id"),
    sa.Column("asn", sa.BigInteger, nullable=False),
    col.text("state"),
    col.text("token"),
    col.timestamptz("token_expires_at"),
    col.timestamptz("proven_at", nullable=True),
    col.text("proven_by", nullable=True),
    col.text("registry", nullable=True),
    col.text("holder"),
    col.text("evidence"),
    sa.Column("answer", sa.LargeBinary),  # the registry's, by which it was proven
    col.text("seen"),
    col.text("fix"),
    col.text("doubt"),
    col.timestamptz("created_at"),
    col.timestamptz("modified_at"),
    col.timestamptz("revoked_at", nullable=True),
    col.timestamptz("ended_at", nullable=True),
    sa.Column("version", sa.Integer, nullable=False),
    col.live("ended_at IS NULL"),
    sa.UniqueConstraint("token"),
    # A number is proven by one account at most.
    sa.Index(
        "uq_own_asns_proven",
        "asn",
        unique=True,
        postgresql_where="state = 'valid' AND ended_at IS NULL",
    ),
    sa.Index(
        "uq_own_asns_live", "account_id", "asn", unique=True, postgresql_where="ended_at IS NULL"
    ),
    sa.Index("ix_own_asns_asn", "asn", "id", postgresql_where="ended_at IS NULL"),
    sa.Index("ix_own_asns_page", "created_at", "id", postgresql_where="ended_at IS NULL"),
    sa.Index("ix_own_asns_revoked", "account_id", "asn", postgresql_where="revoked_at IS NOT NULL"),
    col.check("asn", "asn BETWEEN 1 AND 4294967295"),
    col.one_of("state", CheckState),
    col.one_of("proven_by", ProvenBy),
    col.check(
        "proven",
        "(state = 'valid') = (proven_at IS NOT NULL) AND (proven_at IS NULL) = (proven_by IS NULL)",
    ),
    col.check("token", "token ~ '^[0-9a-f]{32,64}$'"),
    col.check("version", "version >= 1"),
)

# Another account has proven a number that is proven: one is open for each number at most. While it
# is, its holder's number is proven and its claimant's is there and not (triggers).
asn_disputes = table(
    "asn_disputes",
    col.uuid_pk(),
    sa.Column("asn", sa.BigInteger, nullable=False),
    col.reference("holder_id", "own_asns.id"),
    col.reference("claimant_id", "own_asns.id"),
    col.timestamptz("opened_at"),
    col.timestamptz("decide_from"),
    col.text("token"),  # of the claimant, and what it has proven the number by
    col.text("proven_by"),
    col.text("registry"),
    col.text("holder"),
    col.text("evidence"),
    sa.Column("answer", sa.LargeBinary),
    col.timestamptz("ended_at", nullable=True),
    col.text("ended", nullable=True),
    col.one_of("ended", DisputeEnd),
    col.one_of("proven_by", ProvenBy),
    col.check("one_end", "(ended IS NULL) = (ended_at IS NULL)"),
    col.check("two", "holder_id <> claimant_id"),
    col.check("decide_from", "decide_from > opened_at"),
    sa.Index("uq_asn_disputes_open", "asn", unique=True, postgresql_where="ended_at IS NULL"),
    sa.Index("ix_asn_disputes_holder", "holder_id", "opened_at"),
    sa.Index("ix_asn_disputes_claimant", "claimant_id", "opened_at"),
    sa.Index("ix_asn_disputes_ended", "asn", "ended_at"),
    sa.Index("ix_asn_disputes_opened", "opened_at", "id", postgresql_where="ended_at IS NULL"),
)

# Of the statistics files in use, a row for each range of numbers.
registered_asns = table(
    "registered_asns",
    sa.Column("snapshot", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("first", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("last", sa.BigInteger, nullable=False),
    col.text("status"),
    col.text("holder"),
    col.check("numbers", "first <= last"),
)

# Of the snapshots that are kept; `providers` is null where the entry cannot be read.
aspas = table(
    "aspas",
    sa.Column("snapshot", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("customer", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("providers", pg.ARRAY(sa.BigInteger)),
    sa.Column("expires", sa.BigInteger),  # seconds since the epoch
)

# The newest accepted snapshot that had an entry of the customer.
aspa_sightings = table(
    "aspa_sightings",
    sa.Column("customer", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("snapshot", sa.Integer, nullable=False),
    col.timestamptz("seen_at"),
)
