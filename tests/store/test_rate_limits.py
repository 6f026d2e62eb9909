import asyncio
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.store.engine import make_engine
from byoip.store.rate_limits import PostgresRateWindows


@pytest.fixture
def windows(engine: AsyncEngine) -> PostgresRateWindows:
    return PostgresRateWindows(engine)


@pytest.fixture
async def elsewhere(database_url: str) -> AsyncIterator[PostgresRateWindows]:
    """Another process's."""
    engine = make_engine(database_url)
    yield PostgresRateWindows(engine)
    await engine.dispose()


async def let_time_pass(engine: AsyncEngine, seconds: float) -> None:
    earlier = text("UPDATE rate_windows SET began_at = began_at - make_interval(secs => :by)")
    async with engine.begin() as connection:
        await connection.execute(earlier, {"by": seconds})


async def test_all_processes_add_to_one_window(
    windows: PostgresRateWindows, elsewhere: PostgresRateWindows
) -> None:
    who = uuid4()
    assert (await windows.report(who, 0)).used == 0
    await asyncio.gather(*(one.report(who, 50) for one in [windows, elsewhere] * 10))
    window = await elsewhere.report(who, 7)
    assert window.used == 1007
    assert 290 < window.seconds_left <= 300


async def test_a_window_begins_with_the_first_report_after_the_last_ones_end(
    windows: PostgresRateWindows, engine: AsyncEngine
) -> None:
    who = uuid4()
    await windows.report(who, 50)
    await let_time_pass(engine, 299)
    window = await windows.report(who, 50)
    assert window.used == 100
    assert window.seconds_left <= 1
    await let_time_pass(engine, 1)
    window = await windows.report(who, 3)
    assert window.used == 3
    assert window.seconds_left > 290


async def test_everybody_has_a_window_of_their_own(windows: PostgresRateWindows) -> None:
    await windows.report(UUID(int=1), 50)
    assert (await windows.report(UUID(int=2), 0)).used == 0


async def test_what_is_counted_is_not_written_ahead(engine: AsyncEngine) -> None:
    kind = text("SELECT relpersistence FROM pg_class WHERE oid = 'rate_windows'::regclass")
    async with engine.connect() as connection:
        assert await connection.scalar(kind) == "u"
