from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.claims.claim import Claim
from tests.hooks.hooked import Hooked
from tests.hooks.names import Names, resolver
from tests.hooks.receivers import Receiver, receiver


@pytest.fixture
def database_url(restored_url: str) -> str:
    return restored_url


@pytest.fixture
async def hooked(engine: AsyncEngine, tmp_path: Path) -> Hooked:
    made = Hooked(engine, tmp_path)
    made.account_id = await made.new_account()
    return made


@pytest.fixture
async def claim(hooked: Hooked) -> Claim:
    """Something that events are about."""
    return await hooked.claim()


@pytest.fixture
async def there() -> AsyncIterator[Receiver]:
    async with receiver() as made:
        yield made


@pytest.fixture
async def names() -> AsyncIterator[Names]:
    async with resolver() as made:
        yield made
