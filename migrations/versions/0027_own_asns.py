"""Customers' own AS numbers: their proof, ASPAs, and statistics of AS numbers."""

from pathlib import Path
from typing import Any

from alembic import op

from byoip.store.migrating import take_locks

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

STATEMENTS = Path(__file__).with_suffix(".sql")


def upgrade() -> None:
    take_locks(
        exclusive="bgp_prefixes registration_snapshots registry_answers speakers vrp_snapshots",
        against_writes="accounts",
    )
    driver: Any = op.get_bind().connection.driver_connection
    driver.execute(STATEMENTS.read_text())
