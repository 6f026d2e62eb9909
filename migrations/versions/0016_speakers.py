"""The AS whose routes a speaker cannot prepend in the path: a neighbour of it is in that AS."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute("ALTER TABLE speakers ADD COLUMN prepends_lost_as BIGINT")
