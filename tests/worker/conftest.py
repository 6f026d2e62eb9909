from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from byoip.store.engine import PoolSize, make_engine
from tests.announcing import Fleet
from tests.usecases.world import World


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    engine = make_engine(database_url)
    made = World(engine, tmp_path)
    made.account_id = await made.new_account()
    yield made
    await engine.dispose()


@pytest.fixture
async def fleet(database_url: str) -> AsyncIterator[Fleet]:
    engine = make_engine(database_url, pool=PoolSize(kept=5, more=10, autocommit=8))
    yield Fleet(engine)
    await engine.dispose()
