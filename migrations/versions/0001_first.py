"""Everything of the first release: our tables, the queue's, and the stamp.

Forward only. The queue's tables are procrastinate's own, as of the version in the file's name.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import context, op

from byoip.store.migrating import take_locks

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = Path(__file__).with_suffix(".sql")
QUEUE = Path(__file__).parents[1] / "procrastinate_3_10.sql"


def upgrade() -> None:
    take_locks()
    run(TABLES)
    op.execute("CREATE SCHEMA procrastinate")
    op.execute("SET LOCAL search_path TO procrastinate")
    run(QUEUE)
    op.execute("SET LOCAL search_path TO public, procrastinate")
    stamp()


def run(statements: Path) -> None:
    # Many statements in one text, with percent signs: for the driver itself, without parameters.
    driver: Any = op.get_bind().connection.driver_connection
    driver.execute(statements.read_text())


def stamp() -> None:
    op.get_bind().execute(
        sa.text("INSERT INTO deployment (id, mode, stamped_at) VALUES (1, :mode, :now)"),
        {"mode": context.config.attributes["mode"], "now": datetime.now(UTC)},
    )
