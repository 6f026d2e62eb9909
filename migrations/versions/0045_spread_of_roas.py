"""ROAs of one block count only so far where an anchor is measured; null: not counted."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from byoip.store.migrating import take_locks

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    take_locks(exclusive="vrp_snapshots")
    op.add_column("vrp_snapshots", sa.Column("spread", pg.JSONB))
