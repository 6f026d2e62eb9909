"""Tables of no area: what this database is for, answers for repeated writes, and figures."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
)

from byoip.store.columns import one_of, text, timestamptz
from byoip.store.metadata import metadata

# The one row that says what this database is for; the first migration writes it.
deployment = Table(
    "deployment",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    text("mode"),
    timestamptz("stamped_at"),
    CheckConstraint("id = 1", name="one_row"),
    one_of("mode", ("sandbox", "production")),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("credential_id", Uuid, ForeignKey("credentials.id"), primary_key=True),
    Column("method", Text, primary_key=True),
    Column("path", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("body_sha256", LargeBinary, nullable=False),
    Column("status", SmallInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("version", Integer),
    timestamptz("created_at"),
    Index(None, "created_at"),
)

# What metrics tell, and differences that no job has added yet: see figures.py. Triggers write the
# differences (migration 0013).
figures = Table(
    "figures",
    metadata,
    Column("figure", Text, primary_key=True),
    Column("label", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

figure_deltas = Table(
    "figure_deltas",
    metadata,
    text("figure"),
    text("label"),
    Column("delta", BigInteger, nullable=False),
)
