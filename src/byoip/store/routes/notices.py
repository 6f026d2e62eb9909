"""What reconcilers hear of routes when, and only if, a transaction commits (NOTIFY)."""

from typing import Final
from uuid import UUID

import sqlalchemy as sa

from byoip.domain.speakers.reconciliation import EVERY_ROUTE
from byoip.store.statements import Session, compiled

ROUTES_CHANNEL: Final = "byoip_routes"

RING: Final = compiled(
    sa.select(sa.func.pg_notify(ROUTES_CHANNEL, sa.bindparam("about", type_=sa.Text)).label("rung"))
)


async def ring(session: Session, about: UUID = EVERY_ROUTE) -> None:
    """Tell reconcilers that a BGP prefix has changed, or what is on record of all of them."""
    await session.rows(RING, about=about.hex)
