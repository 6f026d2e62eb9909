"""Failover 1.2: a primary that is frozen or cut off is given up within seconds, by every part."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator

import psycopg
import pytest
import sqlalchemy as sa
from procrastinate.exceptions import ConnectorException

from byoip.store.autocommit import autocommit_pool
from byoip.store.connecting import Connection
from byoip.store.database_url import plain
from byoip.store.engine import PoolSize, make_engine
from byoip.store.jobs.jobs import make_job_app
from byoip.store.statements import from_text
from byoip.store.unavailable import StoreUnavailable, translate_driver_errors
from tests.failover.pair import Pair, pair_of, report

PATIENCE = 60  # generous, as everywhere: what is measured is printed
WHERE = from_text("SELECT inet_server_addr()::text || ':' || inet_server_port() AS place")
GIVEN_UP = "connections are given up"  # it says nothing, or its successor was reached before
WRITE = sa.text("INSERT INTO told SELECT inet_server_port()")


@pytest.fixture
def pair() -> Iterator[Pair]:
    with pair_of() as made:
        with psycopg.connect(made.primary.url(), autocommit=True) as connection:
            connection.execute("CREATE TABLE told (port int)")
        made.caught_up()
        yield made


def _fault(pair: Pair, kind: str) -> None:
    if kind == "frozen":
        pair.primary.freeze()
    elif pair.can_be_silent:
        pair.primary.plug.pull()
    else:
        pytest.skip("only root can make networks")


@pytest.mark.parametrize("kind", ["frozen", "silent"])
async def test_reads_writes_and_the_queue_go_on_at_the_promoted_standby(
    pair: Pair, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    url = pair.url("postgres")
    engine = make_engine(url, pool=PoolSize(kept=3, more=0, autocommit=3))
    reads = autocommit_pool(engine)

    async def read() -> None:
        await reads.ask(WHERE)

    async def write() -> None:
        with translate_driver_errors():
            async with engine.begin() as connection:
                await connection.execute(WRITE)

    app = make_job_app(url)
    async with app.open_async(), await Connection.connect(plain(url), autocommit=True) as listens:
        await listens.execute("LISTEN news")

        async def queue() -> None:
            await app.connector.execute_query_one_async("SELECT 1 AS one FROM told UNION SELECT 1")

        async def news() -> None:
            async for _ in listens.notifies():
                pass

        for _ in range(2):  # pools are full of connections to the primary
            await asyncio.gather(*(work() for work in (read, write, queue) for _ in range(3)))
        pair.caught_up()
        listening = asyncio.create_task(news())
        _fault(pair, kind)
        began = time.monotonic()
        later = asyncio.create_task(_promoted_after(pair, 3.0))
        tasks = [_works_again(work, began) for work in (read, write, queue)]
        took = await asyncio.gather(*tasks)
        with pytest.raises(psycopg.OperationalError):
            await asyncio.wait_for(listening, PATIENCE)
        await later
        report(f"{kind}: reads, writes and the queue again after {took} s")
    await engine.dispose()
    assert GIVEN_UP in caplog.text  # not left to each statement's own deadline
    with psycopg.connect(pair.standby.url()) as connection:
        assert connection.execute("SELECT count(*) FROM told").fetchone() == (7,)


async def _promoted_after(pair: Pair, seconds: float) -> None:
    await asyncio.sleep(seconds)
    await asyncio.to_thread(pair.standby.promote)


async def _works_again(work: Callable[[], Awaitable[None]], began: float) -> float:
    while time.monotonic() - began < PATIENCE:
        try:
            await work()
        except (StoreUnavailable, psycopg.OperationalError, ConnectorException):
            await asyncio.sleep(0.2)
        else:
            return round(time.monotonic() - began, 1)
    raise AssertionError("it never worked again")
