from collections.abc import AsyncIterator

import pytest

from byoip.store.engine import PoolSize, make_engine
from tests.announcing import Fleet


@pytest.fixture
async def fleet(database_url: str) -> AsyncIterator[Fleet]:
    engine = make_engine(database_url, pool=PoolSize(kept=5, more=10, lanes=8))
    yield Fleet(engine)
    await engine.dispose()
