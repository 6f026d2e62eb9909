from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.store.engine import PoolSize, make_engine
from byoip.store.services import seed_services
from tests.rules.fleet import Fleet


@pytest.fixture
async def fleet_engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    made = make_engine(database_url, pool=PoolSize(kept=5, more=30))
    await seed_services(made, [("CDN", False)])
    yield made
    await made.dispose()


@pytest.fixture
async def fleet(fleet_engine: AsyncEngine) -> Fleet:
    return Fleet(fleet_engine)
