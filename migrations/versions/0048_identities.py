"""Identities: people who sign in at an identity provider, and the logouts that it sent."""

from pathlib import Path
from typing import Any

from alembic import op

from byoip.store.migrating import take_locks

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

STATEMENTS = Path(__file__).with_suffix(".sql")


def upgrade() -> None:
    take_locks(exclusive="browser_sessions", against_writes="people")
    driver: Any = op.get_bind().connection.driver_connection
    driver.execute(STATEMENTS.read_text())
