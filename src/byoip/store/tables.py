"""Tables of no area: what this database is for, answers for repeated writes, and figures."""

import sqlalchemy as sa

from byoip.store import columns as col
from byoip.store.columns import table

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
    sa.Column("location", sa.Text),
    sa.Index(None, "created_at"),
)

# What metrics tell, and differences that no job has added yet: see figures.py. Triggers write the
# differences (migration 0013).
figures = table(
    "figures",
    sa.Column("figure", sa.Text, primary_key=True),
    sa.Column("label", sa.Text, primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False),
)

figure_deltas = table(
    "figure_deltas",
    col.text("figure"),
    col.text("label"),
    sa.Column("delta", sa.BigInteger, nullable=False),
)
