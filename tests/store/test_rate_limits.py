import asyncio
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.store.accounts.rate_limits import RateWindows, prune
from byoip.store.engine import make_engine


@pytest.fixture
def windows(engine: AsyncEngine) -> RateWindows:
    return RateWindows(engine)


@pytest.fixture
async def elsewhere(database_url: str) -> AsyncIterator[RateWindows]:
    """Another process's."""
    engine = make_engine(database_url)
    yield RateWindows(engine)
    await engine.dispose()


async def let_time_pass(engine: AsyncEngine, seconds: float) -> None:
    earlier = text("UPDATE rate_windows SET began_at = began_at - make_interval(secs => :by)")
    async with engine.begin() as connection:
        await connection.execute(earlier, {"by": seconds})


async def test_all_processes_lease_from_one_window_and_never_more_than_its_limit(
    windows: RateWindows, elsewhere: RateWindows
) -> None:
    who, limit = uuid4(), 1000
    leases = await asyncio.gather(
        *(one.lease(who, limit=limit, most=50) for one in [windows, elsewhere] * 60)
    )
    assert sum(one.permits for one in leases) == limit
    assert min(one.left for one in leases) == 0
    assert all(290 < one.seconds_left <= 300 for one in leases)
    assert (await windows.lease(who, limit=limit, most=50)).permits == 0


async def test_blocks_become_small_when_little_is_left(windows: RateWindows) -> None:
    who, given = uuid4(), []
    while (lease := await windows.lease(who, limit=100, most=10)).permits:
        given.append(lease.permits)
        assert lease.left == 100 - sum(given)
    assert given == sorted(given, reverse=True)
    assert (given[0], given[-8:]) == (10, [1] * 8)


async def test_a_window_begins_with_the_first_lease_after_the_last_ones_end(
    windows: RateWindows, engine: AsyncEngine
) -> None:
    who = uuid4()
    assert (await windows.lease(who, limit=10, most=1)).left == 9
    await let_time_pass(engine, 200)
    lease = await windows.lease(who, limit=10, most=1)
    assert lease.left == 8
    assert lease.seconds_left <= 100
    await let_time_pass(engine, 100)
    lease = await windows.lease(who, limit=10, most=1)
    assert lease.left == 9
    assert lease.seconds_left > 290


async def test_a_limit_that_was_lowered_meanwhile_gives_nothing(windows: RateWindows) -> None:
    who = uuid4()
    await windows.lease(who, limit=1000, most=50)
    lease = await windows.lease(who, limit=10, most=50)
    assert (lease.permits, lease.left) == (0, 0)


async def test_each_account_has_a_window_of_its_own(windows: RateWindows) -> None:
    await windows.lease(UUID(int=1), limit=100, most=10)
    assert (await windows.lease(UUID(int=2), limit=100, most=10)).left == 90


async def test_what_is_counted_is_not_written_ahead(engine: AsyncEngine) -> None:
    kind = text("SELECT relpersistence FROM pg_class WHERE oid = 'rate_windows'::regclass")
    async with engine.connect() as connection:
        assert await connection.scalar(kind) == "u"


async def test_windows_of_days_ago_are_dropped_and_no_others(
    windows: RateWindows, engine: AsyncEngine
) -> None:
    old, new = uuid4(), uuid4()
    await windows.lease(old, limit=10, most=1)
    await let_time_pass(engine, 24 * 3600 + 1)
    await windows.lease(new, limit=10, most=1)
    await prune(engine)
    async with engine.connect() as connection:
        assert list(await connection.scalars(text("SELECT who FROM rate_windows"))) == [new]
    assert (await windows.lease(old, limit=10, most=1)).left == 9


async def test_tidying_up_takes_no_window_from_the_lease_that_begins_it(
    windows: RateWindows, engine: AsyncEngine
) -> None:
    firsts = asyncio.gather(*(windows.lease(uuid4(), limit=10, most=1) for _ in range(200)))
    while not firsts.done():
        await prune(engine)
    assert {one.permits for one in await firsts} == {1}
