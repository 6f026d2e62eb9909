from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.store.bindings.services import seed_services
from tests.asns.numbers import Numbers


@pytest.fixture
async def numbers(engine: AsyncEngine, tmp_path: Path) -> Numbers:
    await seed_services(engine, [("CDN", False)])
    made = Numbers(engine, tmp_path)
    made.account_id = await made.new_account()
    await made.statistics()
    return made
