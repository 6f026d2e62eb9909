"""${message}

Forward only. Expand first: what the version before us writes must go on working.
"""

import sqlalchemy as sa
from alembic import op

from byoip.store.migrating import take_locks
${imports if imports else ""}

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    take_locks()
    ${upgrades if upgrades else "pass"}
