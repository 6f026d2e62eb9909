"""A lease with a number for the worker that tells speakers anything."""

from pathlib import Path
from typing import Any

from alembic import op

from byoip.store.migrating import take_locks

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

STATEMENTS = Path(__file__).with_suffix(".sql")


def upgrade() -> None:
    take_locks(
        against_writes=(
            "applied_routes bgp_prefixes listeners observed_routes orphan_routes "
            "orphan_withdrawals route_alarms route_snapshots speakers"
        ),
    )
    driver: Any = op.get_bind().connection.driver_connection
    driver.execute(STATEMENTS.read_text())
