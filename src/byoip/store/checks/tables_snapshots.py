"""Foreign data that is loaded as a whole: validated ROA payloads and registration statistics.

Each snapshot has a partition of its own. It is filled and indexed before it is attached, so that
loading disturbs no reader and dropping leaves nothing behind. Partitions have an SP-GiST index;
their parents have none.
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.schema import Identity

from byoip.store import columns as col
from byoip.store.columns import table

vrp_snapshots = table(
    "vrp_snapshots",
    sa.Column("number", sa.Integer, Identity(), primary_key=True),
    # False until accepted: in the same transaction, or later by an operator.
    sa.Column("accepted", sa.Boolean, nullable=False),
    col.timestamptz("attempted_at"),
    col.text("source", nullable=True),
    col.timestamptz("built_at", nullable=True),
    col.text("sha256", nullable=True),
    sa.Column("counts", pg.JSONB),  # {trust anchor: entries}
    col.jsonb("objections"),  # [{"gate": ..., "detail": ..., "anchor": ...}]
    sa.Column("kept", sa.Boolean, nullable=False),  # whether its partition still exists
    col.text("accepted_by", nullable=True),
    col.text("accepted_because", nullable=True),
    col.timestamptz("accepted_at", nullable=True),
    # Entries that made no sense, and were dropped.
    sa.Column("unreadable", sa.Integer, nullable=False, server_default=sa.text("0")),
    # ASPAs beside them; null: it says of no customer that there is none, and why.
    sa.Column("aspas", sa.Integer),
    col.text("aspas_fault", nullable=True),
    sa.Column("spread", pg.JSONB),  # as counts, of one block so many at most; null: not counted
    col.check("loaded", "not (accepted or kept) or (built_at is not null and counts is not null)"),
)

current_vrp_snapshot = table(
    "current_vrp_snapshot",
    sa.Column("singleton", sa.Boolean, primary_key=True, server_default=sa.true()),
    sa.Column("number", sa.ForeignKey(vrp_snapshots.c.number), nullable=False),
    col.check("one_row", "singleton"),
)

vrps = table(
    "vrps",
    sa.Column("snapshot", sa.Integer, nullable=False),
    sa.Column("max_length", sa.SmallInteger, nullable=False),
    sa.Column("asn", sa.BigInteger, nullable=False),
    sa.Column("expires", sa.BigInteger),  # seconds since the epoch: as exported, and quick to load
    sa.Column("prefix", pg.CIDR, nullable=False),
    col.text("anchor"),
    col.check(
        "max_length",
        "max_length between masklen(prefix) and case family(prefix) when 4 then 32 else 128 end",
    ),
    col.check("asn", "asn between 0 and 4294967295"),
    postgresql_partition_by="list (snapshot)",
)

registration_snapshots = table(
    "registration_snapshots",
    sa.Column("number", sa.Integer, Identity(), primary_key=True),
    sa.Column("registry", sa.Text, nullable=False, index=True),
    col.timestamptz("attempted_at"),
    col.text("fault", nullable=True),  # why there are no ranges
    col.text("serial", nullable=True),
    col.text("sha256", nullable=True),
    # In a file refused for having too few; an operator may accept it.
    sa.Column("ranges", sa.Integer, nullable=False),
    sa.Column("kept", sa.Boolean, nullable=False),
    col.text("accepted_by", nullable=True),
    col.text("accepted_because", nullable=True),
    col.timestamptz("accepted_at", nullable=True),
    # Ranges of AS numbers; null: none that count.
    sa.Column("asns", sa.Integer),
    col.check("loaded_or_fault", "(fault is null) = (sha256 is not null)"),
)

current_registration_snapshots = table(
    "current_registration_snapshots",
    sa.Column("registry", sa.Text, primary_key=True),
    sa.Column("number", sa.ForeignKey(registration_snapshots.c.number), nullable=False),
)

registered_ranges = table(
    "registered_ranges",
    sa.Column("snapshot", sa.Integer, nullable=False),
    sa.Column("prefix", pg.CIDR, nullable=False),
    col.text("status"),
    col.text("holder"),
    sa.Column("country", sa.Text, nullable=False, server_default=""),  # ISO 3166-1, or empty
    postgresql_partition_by="list (snapshot)",
)

# What the web servers said about files (RFC 9110, section 13).
fetch_marks = table(
    "fetch_marks",
    sa.Column("url", sa.Text, primary_key=True),
    col.text("etag", nullable=True),
    col.text("last_modified", nullable=True),
    col.text("sha256"),
)
