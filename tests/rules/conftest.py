from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.store.engine import PoolSize, make_engine
from byoip.store.services import seed_services
from tests.announcing import Fleet
from tests.rules.estate import Estate


@pytest.fixture
async def fleet(database_url: str) -> AsyncIterator[Fleet]:
    """Routes, and twins of speakers that announce them."""
    engine = make_engine(database_url, pool=PoolSize(kept=5, more=10, lanes=8))
    yield Fleet(engine)
    await engine.dispose()


@pytest.fixture
async def estate_engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    made = make_engine(database_url, pool=PoolSize(kept=5, more=30))
    await seed_services(made, [("CDN", False)])
    yield made
    await made.dispose()


@pytest.fixture
async def estate(estate_engine: AsyncEngine) -> Estate:
    """Customers' prefixes, bound and announced as far as the API goes."""
    return Estate(estate_engine)
