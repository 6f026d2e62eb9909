from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.store.bindings.services import seed_services
from tests.usecases.routes import Routes
from tests.usecases.world import CIDR, World


@pytest.fixture
def database_url(restored_url: str) -> str:
    return restored_url


@pytest.fixture
async def world_engine(engine: AsyncEngine) -> AsyncEngine:
    await seed_services(engine, [("CDN", False), ("Magic Transit", True), ("Spectrum", False)])
    return engine


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
