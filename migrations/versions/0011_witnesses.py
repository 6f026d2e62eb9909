"""Letters that misname whom we asked, and contests that may be over."""

from pathlib import Path
from typing import Any

from alembic import op

from byoip.store.migrating import take_locks

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

STATEMENTS = Path(__file__).with_suffix(".sql")
LEFT_BEHIND = Path(__file__).with_name("0011_contests.sql")


def upgrade() -> None:
    take_locks(exclusive="account_event_counters event_counters events letters prefixes")
    driver: Any = op.get_bind().connection.driver_connection
    driver.execute(STATEMENTS.read_text())
    driver.execute(LEFT_BEHIND.read_text())
