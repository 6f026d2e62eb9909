"""Figures that are counted as rows change, so that no reader counts rows."""

from pathlib import Path
from typing import Any

from alembic import op

from byoip.store.migrating import take_locks

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

STATEMENTS = Path(__file__).with_suffix(".sql")


def upgrade() -> None:
    take_locks(
        against_writes=(
            "accounts applied_routes bgp_prefixes bindings observed_routes offboardings "
            "origin_drifts orphan_routes prefixes route_alarms validation_runs withdrawals"
        ),
    )
    driver: Any = op.get_bind().connection.driver_connection
    driver.execute(STATEMENTS.read_text())
