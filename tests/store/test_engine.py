import asyncio
import time

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.store.claims.reader import CustomerReader
from byoip.store.database_url import plain
from byoip.store.engine import PoolSize, make_engine
from byoip.store.transaction import Store
from byoip.store.unavailable import StoreUnavailable
from tests.announcing import until
from tests.store.samples import SetClock

KILL = text("""
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()""")
OTHERS = text("""
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
    AND pid <> pg_backend_pid() AND backend_type = 'client backend'""")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://a:b%40c@h:5/d",
        "postgres://a:b%40c@h:5/d",
        "postgresql+psycopg://a:b%40c@h:5/d",
    ],
)
def test_any_postgres_url_is_understood(url: str) -> None:
    assert plain(url) == plain("postgresql://a:b%40c@h:5/d")


async def test_nothing_may_wait_for_ever(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
            limit = await connection.scalar(text(f"SHOW {name}"))
            assert limit not in {"0", None}
        isolation = await connection.scalar(text("SHOW transaction_isolation"))
    assert isolation == "read committed"


async def test_connections_closed_by_the_server_are_replaced_unnoticed(
    database_url: str, engine: AsyncEngine, reader: CustomerReader
) -> None:
    async def hold() -> None:
        async with engine.connect() as connection:
            await connection.execute(text("SELECT pg_sleep(0.1)"))

    await asyncio.gather(*(hold() for _ in range(3)))
    other = make_engine(database_url, pool=PoolSize(kept=1, more=0))
    async with other.connect() as connection:
        await connection.execute(KILL)

        async def gone() -> bool:  # each ends a moment after it was told to
            await connection.rollback()  # who is there is read once in a transaction
            return not await connection.scalar(OTHERS)

        await until(gone)
    await other.dispose()
    for _ in range(4):
        assert await reader.services() == []


async def test_a_database_that_is_away_is_told_apart_from_faults_of_ours() -> None:
    engine = make_engine("postgresql://nobody:x@127.0.0.1:1/none")
    store = Store(engine, SetClock())
    with pytest.raises(StoreUnavailable) as away:
        async with store.transaction():
            pass
    assert isinstance(away.value.__cause__, OperationalError)
    with pytest.raises(StoreUnavailable):
        await CustomerReader(engine).services()
    await engine.dispose()


async def test_a_pool_that_is_used_up_says_so_soon(database_url: str) -> None:
    engine = make_engine(database_url, pool=PoolSize(kept=1, more=0, wait_seconds=0.1))
    store = Store(engine, SetClock())
    async with store.transaction():
        began = time.monotonic()
        with pytest.raises(StoreUnavailable):
            async with store.transaction():
                pass
        assert time.monotonic() - began < 20
    await engine.dispose()
