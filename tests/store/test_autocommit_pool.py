import asyncio

import pytest
from sqlalchemy import func, select, text

from byoip.store.autocommit import AutocommitPool, autocommit_pool
from byoip.store.claims.reader import CustomerReader
from byoip.store.engine import PoolSize, make_engine
from byoip.store.statements import compiled, from_text
from byoip.store.unavailable import StoreUnavailable
from tests.announcing import until

SLEEP = compiled(select(func.pg_sleep(600)))
SLOW = from_text("SELECT pg_backend_pid() AS pid FROM pg_sleep(0.3)")
THERE = from_text("SELECT count(*) AS many FROM pg_stat_activity WHERE pid = :pid")


async def test_reads_take_turns_on_their_connections(cloned_url: str) -> None:
    engine = make_engine(cloned_url, pool=PoolSize(autocommit=2, wait_seconds=60))
    reader = CustomerReader(engine)
    assert await asyncio.gather(*(reader.services() for _ in range(20))) == [[]] * 20
    async with engine.connect() as connection:
        asked = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        assert await connection.scalar(asked) == 3
    await engine.dispose()


async def test_a_read_that_waits_too_long_for_its_turn_says_so(database_url: str) -> None:
    engine = make_engine(database_url, pool=PoolSize(autocommit=1, wait_seconds=0.1))
    sleeping = asyncio.create_task(autocommit_pool(engine).ask(SLEEP))
    await asyncio.sleep(0.05)  # it has the only place
    with pytest.raises(StoreUnavailable):
        await CustomerReader(engine).services()
    sleeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sleeping
    await engine.dispose()


async def test_a_cancelled_read_leaves_no_trace(database_url: str) -> None:
    engine = make_engine(database_url, pool=PoolSize(autocommit=1, wait_seconds=60))
    sleeping = asyncio.create_task(autocommit_pool(engine).ask(SLEEP))
    await asyncio.sleep(0.1)
    sleeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sleeping
    assert await CustomerReader(engine).services() == []
    await engine.dispose()


async def test_what_was_asked_as_it_ended_is_answered_and_closed(database_url: str) -> None:
    ended, other = (AutocommitPool(database_url, "", most=2, wait_seconds=5) for _ in range(2))
    asking = asyncio.create_task(ended.ask(SLOW))
    await asyncio.sleep(0.15)
    await ended.end()
    (answer,) = await asking

    async def gone() -> bool:
        return not (await other.ask(THERE, pid=answer.pid))[0].many

    await until(gone)
    await other.end()
