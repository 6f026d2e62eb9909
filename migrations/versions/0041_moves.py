"""Prefixes move between accounts, with all that hangs on them."""

from pathlib import Path
from typing import Any

from alembic import op

from byoip.store.migrating import take_locks

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

STATEMENTS = Path(__file__).with_suffix(".sql")


def upgrade() -> None:
    take_locks(exclusive="prefixes", against_writes="accounts")
    driver: Any = op.get_bind().connection.driver_connection
    driver.execute(STATEMENTS.read_text())
