"""Tables of no area: what this database is for, and answers kept for repeated writes."""

import sqlalchemy as sa

from byoip.store import columns as col
from byoip.store.metadata import table

# The one row that says what this database is for; the first migration writes it.
deployment = table(
    "deployment",
    sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
    col.text("mode"),
    col.timestamptz("stamped_at"),
    col.check("one_row", "id = 1"),
    col.one_of("mode", ("sandbox", "production")),
)

idempotency_keys = table(
    "idempotency_keys",
    sa.Column("credential_id", sa.Uuid, sa.ForeignKey("credentials.id"), primary_key=True),
    sa.Column("method", sa.Text, primary_key=True),
    sa.Column("path", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("body_sha256", sa.LargeBinary, nullable=False),
    sa.Column("status", sa.SmallInteger, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("version", sa.Integer),
    col.timestamptz("created_at"),
    sa.Index(None, "created_at"),
)
