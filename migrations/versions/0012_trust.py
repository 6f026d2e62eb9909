"""Snapshots that are measured, routes that are judged in pages, evidence that is kept once."""

from pathlib import Path
from typing import Any

from alembic import op

from byoip.store.migrating import take_locks

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

STATEMENTS = Path(__file__).with_suffix(".sql")


def upgrade() -> None:
    take_locks(
        exclusive="exhibits origin_watch validation_runs vrp_snapshots",
        against_writes="accounts prefixes",
    )
    driver: Any = op.get_bind().connection.driver_connection
    driver.execute(STATEMENTS.read_text())
