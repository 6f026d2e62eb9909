"""Tables of no area: what this database is for, and answers kept for repeated writes."""

import sqlalchemy as sa

from byoip.store.columns import one_of, text, timestamptz
from byoip.store.metadata import metadata

# The one row that says what this database is for; the first migration writes it.
deployment = sa.Table(
    "deployment",
    metadata,
    sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
    text("mode"),
    timestamptz("stamped_at"),
    sa.CheckConstraint("id = 1", name="one_row"),
    one_of("mode", ("sandbox", "production")),
)

idempotency_keys = sa.Table(
    "idempotency_keys",
    metadata,
    sa.Column("credential_id", sa.Uuid, sa.ForeignKey("credentials.id"), primary_key=True),
    sa.Column("method", sa.Text, primary_key=True),
    sa.Column("path", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("body_sha256", sa.LargeBinary, nullable=False),
    sa.Column("status", sa.SmallInteger, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("version", sa.Integer),
    timestamptz("created_at"),
    sa.Index(None, "created_at"),
)
