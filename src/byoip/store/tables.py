"""Tables of no area: what this database is for, and answers kept for repeated writes."""

from sqlalchemy import (
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
