"""The AS whose routes a speaker cannot prepend in the path: a neighbour of it is in that AS."""

from alembic import op

from byoip.store.migrating import take_locks

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    take_locks(exclusive="speakers")
    op.execute("ALTER TABLE speakers ADD COLUMN prepends_lost_as BIGINT")
