"""Failover 1.2: each statement ends by our own clock, and what only listens goes on.

On a server that speaks all the time: nothing here is about a server that is away.
"""

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest

from byoip.store.autocommit import autocommit_pool
from byoip.store.connecting import STATEMENT_SECONDS, Connection, Silent
from byoip.store.database_url import plain
from byoip.store.engine import make_engine
from byoip.store.statements import from_text
from byoip.store.transaction import Store
from tests.announcing import until
from tests.store.samples import SetClock

NOBODY = "SELECT 1 FROM pg_stat_activity WHERE query LIKE %s AND pid <> pg_backend_pid()"


@pytest.fixture
async def connection(cloned_url: str) -> AsyncIterator[Connection]:
    async with await Connection.connect(plain(cloned_url), autocommit=True) as made:
        yield made


async def test_a_statement_that_the_server_never_ends_is_ended_here(
    cloned_url: str, connection: Connection
) -> None:
    await connection.execute("SET statement_timeout = 0")
    engine = make_engine(cloned_url)
    [idle] = await autocommit_pool(engine).ask(from_text("SELECT pg_backend_pid() AS pid"))
    connection.patience = 0.0  # it is looked at every three seconds
    with pytest.raises(Silent):
        await connection.execute("SELECT pg_sleep(1000)")
    assert connection.closed
    [other] = await autocommit_pool(engine).ask(from_text("SELECT pg_backend_pid() AS pid"))
    assert other.pid != idle.pid  # what lay idle to that server went as well
    await engine.dispose()


async def test_waiting_for_news_is_no_statement(cloned_url: str, connection: Connection) -> None:
    await connection.execute("LISTEN news")
    connection.patience = 0.0

    async def tell() -> None:
        await asyncio.sleep(7)  # it has been looked at twice
        with psycopg.connect(cloned_url) as teller:
            teller.execute("NOTIFY news, 'here'")

    telling = asyncio.create_task(tell())
    async for notice in connection.notifies():
        assert notice.payload == "here"
        break
    await telling


async def test_more_patience_lasts_until_the_transaction_ends(cloned_url: str) -> None:
    engine = make_engine(cloned_url)
    async with Store(engine, SetClock()).transaction() as tx:
        await tx.roa_snapshots()
        driver = tx.session.driver
        assert isinstance(driver, Connection)
        assert driver.patience > 10 * 60
    assert driver.patience == STATEMENT_SECONDS
    await engine.dispose()


async def test_a_cancelled_statement_ends_at_the_server_too(
    cloned_url: str, connection: Connection
) -> None:
    asking = asyncio.create_task(connection.execute("SELECT pg_sleep(1000), 'cancelled'"))
    with psycopg.connect(cloned_url, autocommit=True) as looker:

        def runs() -> bool:
            found = looker.execute(f"{NOBODY} AND state = 'active'", ["%'cancelled'%"])
            return found.fetchone() is not None

        await until(runs)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await until(lambda: not runs())
    row = await (await connection.execute("SELECT 1")).fetchone()
    assert row == (1,)
