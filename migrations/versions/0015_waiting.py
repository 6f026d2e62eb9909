"""When the next route of an offboarding goes, where it waits for the minute or the hour to pass."""

from alembic import op

from byoip.store.migrating import take_locks

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    take_locks(exclusive="offboardings")
    op.execute("ALTER TABLE offboardings ADD COLUMN next_at TIMESTAMP WITH TIME ZONE")
