"""Foreign data that is loaded as a whole: validated ROA payloads and registration statistics.

Each snapshot has a partition of its own. It is filled and indexed before it is attached, so that
loading disturbs no reader and dropping leaves nothing behind. Partitions have an SP-GiST index;
their parents have none.
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.schema import Identity

from byoip.store.columns import jsonb, text, timestamptz
from byoip.store.metadata import metadata

vrp_snapshots = sa.Table(
    "vrp_snapshots",
    metadata,
    sa.Column("number", sa.Integer, Identity(), primary_key=True),
    # False until accepted: in the same transaction, or later by an operator.
    sa.Column("accepted", sa.Boolean, nullable=False),
    timestamptz("attempted_at"),
    text("source", nullable=True),
    timestamptz("built_at", nullable=True),
    text("sha256", nullable=True),
    sa.Column("counts", pg.JSONB),  # {trust anchor: entries}
    jsonb("objections"),  # [{"gate": ..., "detail": ...}]
    sa.Column("kept", sa.Boolean, nullable=False),  # whether its partition still exists
    text("accepted_by", nullable=True),
    text("accepted_because", nullable=True),
    timestamptz("accepted_at", nullable=True),
    sa.CheckConstraint(
        "not (accepted or kept) or (built_at is not null and counts is not null)", name="loaded"
    ),
)

current_vrp_snapshot = sa.Table(
    "current_vrp_snapshot",
    metadata,
    sa.Column("singleton", sa.Boolean, primary_key=True, server_default=sa.true()),
    sa.Column("number", sa.ForeignKey(vrp_snapshots.c.number), nullable=False),
    sa.CheckConstraint("singleton", name="one_row"),
)

vrps = sa.Table(
    "vrps",
    metadata,
    sa.Column("snapshot", sa.Integer, nullable=False),
    sa.Column("max_length", sa.SmallInteger, nullable=False),
    sa.Column("asn", sa.BigInteger, nullable=False),
    sa.Column("expires", sa.BigInteger),  # seconds since the epoch: as exported, and quick to load
    sa.Column("prefix", pg.CIDR, nullable=False),
    text("anchor"),
    sa.CheckConstraint(
        "max_length between masklen(prefix) and case family(prefix) when 4 then 32 else 128 end",
        name="max_length",
    ),
    sa.CheckConstraint("asn between 0 and 4294967295", name="asn"),
    postgresql_partition_by="list (snapshot)",
)

registration_snapshots = sa.Table(
    "registration_snapshots",
    metadata,
    sa.Column("number", sa.Integer, Identity(), primary_key=True),
    sa.Column("registry", sa.Text, nullable=False, index=True),
    timestamptz("attempted_at"),
    text("fault", nullable=True),  # why there are no ranges
    text("serial", nullable=True),
    text("sha256", nullable=True),
    # In a file refused for having too few; an operator may accept it.
    sa.Column("ranges", sa.Integer, nullable=False),
    sa.Column("kept", sa.Boolean, nullable=False),
    text("accepted_by", nullable=True),
    text("accepted_because", nullable=True),
    timestamptz("accepted_at", nullable=True),
    sa.CheckConstraint("(fault is null) = (sha256 is not null)", name="loaded_or_fault"),
)

current_registration_snapshots = sa.Table(
    "current_registration_snapshots",
    metadata,
    sa.Column("registry", sa.Text, primary_key=True),
    sa.Column("number", sa.ForeignKey(registration_snapshots.c.number), nullable=False),
)

registered_ranges = sa.Table(
    "registered_ranges",
    metadata,
    sa.Column("snapshot", sa.Integer, nullable=False),
    sa.Column("prefix", pg.CIDR, nullable=False),
    text("status"),
    text("holder"),
    postgresql_partition_by="list (snapshot)",
)

# What the web servers said about files (RFC 9110, section 13).
fetch_marks = sa.Table(
    "fetch_marks",
    metadata,
    sa.Column("url", sa.Text, primary_key=True),
    text("etag", nullable=True),
    text("last_modified", nullable=True),
    text("sha256"),
)
