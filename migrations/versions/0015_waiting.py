"""When the next route of an offboarding goes, where it waits for the minute or the hour to pass."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute("ALTER TABLE offboardings ADD COLUMN next_at TIMESTAMP WITH TIME ZONE")
