"""Breakers that hold something back: of withdrawals, and of levels."""

from pathlib import Path
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.store.routes.tables import breaker_trips, offboardings
from tests.api.bound import bound, roas
from tests.api.world import World

BREAKER = "/ui/noc/breaker"
LEVELS = f"{BREAKER}/levels/ripencc/holder"
UP = {"on_demand": {"advertised": True}}
WHY = "More than 100 withdrawals within a minute"


async def tripped(world: World, engine: AsyncEngine, scope: str = "global", of: str = "") -> UUID:
    """A breaker that is open, with nothing behind it."""
    made = {"id": uuid4(), "scope": scope, "subject": of, "why": WHY, "at": world.clock.now()}
    async with engine.begin() as connection:
        await connection.execute(sa.insert(breaker_trips).values(made))
    return UUID(str(made["id"]))


async def parked(world: World, engine: AsyncEngine, directory: Path, trip: UUID) -> str:
    """A prefix on its way out, with a route that is up, which waits behind it; its path."""
    path, cidr, route = await bound(world)
    await roas(world, engine, directory, cidr)
    await world.result("PATCH", route, json=UP)
    await world.result("POST", f"{path}/offboard")
    await behind(engine, path, trip)
    return path


async def behind(engine: AsyncEngine, path: str, trip: UUID) -> None:
    """Have its way out wait behind a trip."""
    change = sa.update(offboardings).where(offboardings.c.prefix_id == UUID(path[-32:]))
    async with engine.begin() as connection:
        await connection.execute(change.values(parked_by=trip))
