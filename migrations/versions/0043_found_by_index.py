"""Indexes: past ways in, what operators were told of webhooks, and all claims on a space."""

from pathlib import Path
from typing import Any

from alembic import op

from byoip.store.migrating import take_locks

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

STATEMENTS = Path(__file__).with_suffix(".sql")


def upgrade() -> None:
    take_locks(against_writes="browser_sessions operator_events prefixes sign_in_links")
    driver: Any = op.get_bind().connection.driver_connection
    driver.execute(STATEMENTS.read_text())
