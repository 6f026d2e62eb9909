from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.store.bindings.services import seed_services
from byoip.store.engine import PoolSize, make_engine
from tests.usecases.routes import Routes
from tests.usecases.world import CIDR, World


@pytest.fixture
async def world_engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    made = make_engine(database_url, pool=PoolSize(kept=5, more=30))
    await seed_services(made, [("CDN", False), ("Magic Transit", True), ("Spectrum", False)])
    yield made
    await made.dispose()


@pytest.fixture
async def world(world_engine: AsyncEngine, tmp_path: Path) -> World:
    made = World(world_engine, tmp_path)
    made.account_id = await made.new_account()
    return made


@pytest.fixture
async def services(world: World) -> dict[str, UUID]:
    return {one.name: one.id for one in await world.reader.services()}


@pytest.fixture
async def routes(world: World, services: dict[str, UUID]) -> Routes:
    """An approved claim with its default binding."""
    claim = await world.approved()
    return Routes(world, claim, await world.bind(claim, CIDR, services["CDN"]))
