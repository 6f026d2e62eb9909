"""The manners of the API, operators, delegations and letters of agency."""

from pathlib import Path
from typing import Any

from alembic import op

from byoip.store.migrating import take_locks

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STATEMENTS = Path(__file__).with_suffix(".sql")


def upgrade() -> None:
    take_locks(
        exclusive="accounts events idempotency_keys prefixes registration_snapshots services",
        against_writes="bindings",
    )
    driver: Any = op.get_bind().connection.driver_connection
    driver.execute(STATEMENTS.read_text())
