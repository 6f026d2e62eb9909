"""Foreign data that is loaded as a whole: validated ROA payloads and registration statistics.

Each snapshot has a partition of its own. It is filled and indexed before it is attached, so that
loading disturbs no reader and dropping leaves nothing behind. Partitions have an SP-GiST index;
their parents have none.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    SmallInteger,
    Table,
    Text,
    true,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import CIDR, JSONB
from sqlalchemy.schema import Identity

from byoip.store.columns import jsonb, text, timestamptz
from byoip.store.metadata import metadata

vrp_snapshots = Table(
    "vrp_snapshots",
    metadata,
    Column("number", Integer, Identity(), primary_key=True),
    # False until accepted: in the same transaction, or later by an operator.
    Column("accepted", Boolean, nullable=False),
    timestamptz("attempted_at"),
    text("source", nullable=True),
    timestamptz("built_at", nullable=True),
    text("sha256", nullable=True),
    Column("counts", JSONB),  # {trust anchor: entries}
    jsonb("objections"),  # [{"gate": ..., "detail": ..., "anchor": ...}]
    Column("kept", Boolean, nullable=False),  # whether its partition still exists
    text("accepted_by", nullable=True),
    text("accepted_because", nullable=True),
    timestamptz("accepted_at", nullable=True),
    # Entries that made no sense, and were dropped.
    Column("unreadable", Integer, nullable=False, server_default=sql("0")),
    CheckConstraint(
        "not (accepted or kept) or (built_at is not null and counts is not null)", name="loaded"
    ),
)

current_vrp_snapshot = Table(
    "current_vrp_snapshot",
    metadata,
    Column("singleton", Boolean, primary_key=True, server_default=true()),
    Column("number", ForeignKey(vrp_snapshots.c.number), nullable=False),
    CheckConstraint("singleton", name="one_row"),
)

vrps = Table(
    "vrps",
    metadata,
    Column("snapshot", Integer, nullable=False),
    Column("max_length", SmallInteger, nullable=False),
    Column("asn", BigInteger, nullable=False),
    Column("expires", BigInteger),  # seconds since the epoch: as exported, and quick to load
    Column("prefix", CIDR, nullable=False),
    text("anchor"),
    CheckConstraint(
        "max_length between masklen(prefix) and case family(prefix) when 4 then 32 else 128 end",
        name="max_length",
    ),
    CheckConstraint("asn between 0 and 4294967295", name="asn"),
    postgresql_partition_by="list (snapshot)",
)

registration_snapshots = Table(
    "registration_snapshots",
    metadata,
    Column("number", Integer, Identity(), primary_key=True),
    Column("registry", Text, nullable=False, index=True),
    timestamptz("attempted_at"),
    text("fault", nullable=True),  # why there are no ranges
    text("serial", nullable=True),
    text("sha256", nullable=True),
    # In a file refused for having too few; an operator may accept it.
    Column("ranges", Integer, nullable=False),
    Column("kept", Boolean, nullable=False),
    text("accepted_by", nullable=True),
    text("accepted_because", nullable=True),
    timestamptz("accepted_at", nullable=True),
    CheckConstraint("(fault is null) = (sha256 is not null)", name="loaded_or_fault"),
)

current_registration_snapshots = Table(
    "current_registration_snapshots",
    metadata,
    Column("registry", Text, primary_key=True),
    Column("number", ForeignKey(registration_snapshots.c.number), nullable=False),
)

registered_ranges = Table(
    "registered_ranges",
    metadata,
    Column("snapshot", Integer, nullable=False),
    Column("prefix", CIDR, nullable=False),
    text("status"),
    text("holder"),
    postgresql_partition_by="list (snapshot)",
)

# What the web servers said about files (RFC 9110, section 13).
fetch_marks = Table(
    "fetch_marks",
    metadata,
    Column("url", Text, primary_key=True),
    text("etag", nullable=True),
    text("last_modified", nullable=True),
    text("sha256"),
)
