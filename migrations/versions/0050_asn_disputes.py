"""Disputes about AS numbers: another account has proven one that is proven."""

from pathlib import Path
from typing import Any

from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None

STATEMENTS = Path(__file__).with_suffix(".sql")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    driver: Any = op.get_bind().connection.driver_connection
    driver.execute(STATEMENTS.read_text())
