from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from byoip.store.engine import make_engine
from tests.usecases.world import World


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    engine = make_engine(database_url)
    made = World(engine, tmp_path)
    made.account_id = await made.new_account()
    yield made
    await engine.dispose()
