"""What we have asked of registries: small tables that every worker reads before it asks.

Two kinds of promise. Counts and pauses are kept through a crash: a crash loop must not reset them
and get the operator banned. They are committed without waiting for the disk (see the shelf), so a
crash may forget the last moment, which costs nothing. Answers are kept for a minute only, in an
unlogged table: losing them costs one more question each.
"""

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import CIDR

from byoip.store.metadata import metadata

_LONG_AGO = text("'epoch'")

# One row a registry. Locking it makes admission one at a time for each registry.
registry_budgets = Table(
    "registry_budgets",
    metadata,
    Column("registry", Text, primary_key=True),
    Column("minute", DateTime(timezone=True), nullable=False, server_default=_LONG_AGO),
    Column("asked_in_minute", Integer, nullable=False, server_default=text("0")),
    Column("day", DateTime(timezone=True), nullable=False, server_default=_LONG_AGO),
    Column("asked_in_day", Integer, nullable=False, server_default=text("0")),
    Column("paused_until", DateTime(timezone=True), nullable=False, server_default=_LONG_AGO),
)

# The part of it that one account has used.
registry_shares = Table(
    "registry_shares",
    metadata,
    Column("registry", Text, nullable=False),
    Column("account_id", Uuid, nullable=False),
    Column("minute", DateTime(timezone=True), nullable=False),
    Column("asked_in_minute", Integer, nullable=False),
    Column("day", DateTime(timezone=True), nullable=False),
    Column("asked_in_day", Integer, nullable=False),
    PrimaryKeyConstraint("registry", "account_id"),
)

# Connections in use. A worker that dies leaves its row, which counts until it expires.
registry_leases = Table(
    "registry_leases",
    metadata,
    Column("id", Uuid, primary_key=True, server_default=text("gen_random_uuid()")),
    Column("registry", Text, nullable=False),
    Column("account_id", Uuid, nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Index(None, "registry"),
)

# Answers of the last minute. `objects` is JSON: the objects as they were read.
registry_answers = Table(
    "registry_answers",
    metadata,
    Column("registry", Text, nullable=False),
    Column("lookup", Text, nullable=False),
    Column("prefix", CIDR, nullable=False),
    Column("asked", Text, nullable=False),
    Column("asked_of", Text, nullable=False),
    Column("answer", LargeBinary, nullable=False),
    Column("objects", LargeBinary, nullable=False),
    Column("answered_at", DateTime(timezone=True), nullable=False),
    Column("kept_until", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("registry", "lookup", "prefix"),
    CheckConstraint(
        "lookup in ('exact_routes', 'more_specific_routes', 'smallest_holder')", name="lookup"
    ),
    Index(None, "kept_until"),
    prefixes=["UNLOGGED"],
)
