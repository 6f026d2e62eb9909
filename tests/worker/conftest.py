from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.usecases.world import World


@pytest.fixture
def database_url(restored_url: str) -> str:
    return restored_url


@pytest.fixture
async def world(engine: AsyncEngine, tmp_path: Path) -> World:
    made = World(engine, tmp_path)
    made.account_id = await made.new_account()
    return made
