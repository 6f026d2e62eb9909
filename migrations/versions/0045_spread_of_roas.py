"""ROAs of one block count only so far where an anchor is measured; null: not counted."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.add_column("vrp_snapshots", sa.Column("spread", pg.JSONB))
