"""Tables of outside data that is loaded as a whole: ROA payloads and registration statistics.

Entries live in one partition for each snapshot, made, filled and indexed before it is attached, so
that loading disturbs no reader and dropping leaves nothing behind. Partitions have an SP-GiST index
of their own; the parents have none.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Integer,
    SmallInteger,
    Table,
    Text,
    true,
)
from sqlalchemy.dialects.postgresql import CIDR, JSONB
from sqlalchemy.schema import Identity

from byoip.store.metadata import metadata

vrp_snapshots = Table(
    "vrp_snapshots",
    metadata,
    Column("number", Integer, Identity(), primary_key=True),
    # Refused until it is accepted, in the same transaction or later by an operator.
    Column("accepted", Boolean, nullable=False),
    Column("attempted_at", DateTime(timezone=True), nullable=False),
    Column("source", Text),
    Column("built_at", DateTime(timezone=True)),
    Column("sha256", Text),
    Column("counts", JSONB),  # {trust anchor: entries}
    Column("objections", JSONB, nullable=False),  # [{"gate": ..., "detail": ...}]
    Column("kept", Boolean, nullable=False),  # whether its partition still exists
    Column("accepted_by", Text),
    Column("accepted_because", Text),
    Column("accepted_at", DateTime(timezone=True)),
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
    Column("anchor", Text, nullable=False),
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
    Column("attempted_at", DateTime(timezone=True), nullable=False),
    Column("fault", Text),  # why there are no ranges
    Column("serial", Text),
    Column("sha256", Text),
    # Where a whole file was refused for having too few, so many; an operator may accept that.
    Column("ranges", Integer, nullable=False),
    Column("kept", Boolean, nullable=False),
    Column("accepted_by", Text),
    Column("accepted_because", Text),
    Column("accepted_at", DateTime(timezone=True)),
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
    Column("status", Text, nullable=False),
    Column("holder", Text, nullable=False),
    postgresql_partition_by="list (snapshot)",
)

# What the web servers said about files (RFC 9110, section 13).
fetch_marks = Table(
    "fetch_marks",
    metadata,
    Column("url", Text, primary_key=True),
    Column("etag", Text),
    Column("last_modified", Text),
    Column("sha256", Text, nullable=False),
)
