"""Disputes about AS numbers: another account has proven one that is proven."""

from pathlib import Path
from typing import Any

from alembic import op

from byoip.store.migrating import take_locks

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None

STATEMENTS = Path(__file__).with_suffix(".sql")


def upgrade() -> None:
    take_locks(exclusive="mail_notices", against_writes="own_asns")
    driver: Any = op.get_bind().connection.driver_connection
    driver.execute(STATEMENTS.read_text())
