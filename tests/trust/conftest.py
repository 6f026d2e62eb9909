"""The API on a database of its own: ROA data and edges are the same for all accounts."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.store.bindings.services import seed_services
from byoip.store.engine import PoolSize, make_engine
from tests.api.conftest import desk, document, judge, world

__all__ = ["desk", "document", "judge", "world"]  # fixtures


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    made = make_engine(database_url, pool=PoolSize(kept=5, more=30))
    await seed_services(made, [("CDN", False), ("Spectrum", False)])
    yield made
    await made.dispose()
