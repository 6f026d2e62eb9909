"""Failover 1.3: a server that takes no writes counts as away, and nothing ends because of it.

As when an address still leads to the old primary, which is a standby by now.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import psycopg
import pytest

from byoip.cli.serving import working
from byoip.composition import external_services
from byoip.composition.process import Composition
from byoip.composition.worker import worker_of
from byoip.ports import jobs
from byoip.settings.loader import read_settings
from byoip.store.claims.feeds import EDGE_CHANGES
from byoip.store.jobs import jobs as queue
from byoip.store.migrating import migrate
from byoip.store.unavailable import StoreUnavailable
from tests.announcing import until
from tests.failover.pair import Server, one_server

WRITTEN = "SELECT max(id) AS id FROM procrastinate.procrastinate_jobs WHERE task_name = %s"
STATUS = "SELECT status::text FROM procrastinate.procrastinate_jobs WHERE id = %s"
COUNTED = "UPDATE edge_change_counter SET last = last + 1"


@dataclass
class Service:
    """All that a process has, around one server; `stop` is set when its worker has ended."""

    server: Server
    url: str
    composition: Composition
    stop: asyncio.Event

    async def write(self) -> int:
        """Write a row, enqueue a job; its number (the worker has others by the clock)."""
        async with self.composition.store.transaction() as tx:
            await tx.session.driver.execute("CREATE TABLE IF NOT EXISTS told (word text)")
            await tx.session.driver.execute("INSERT INTO told VALUES ('here')")
            await tx.jobs.enqueue_reevaluation()
            found = await tx.session.driver.execute(WRITTEN, [jobs.REEVALUATE_CLAIMS])
            row = await found.fetchone()
            assert row is not None
        return int(row[0])

    async def read(self) -> None:
        await self.composition.route_reader().snapshots()


@pytest.fixture
async def service(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Service]:
    monkeypatch.setattr(queue, "_CONNECTION_SECONDS", 2.0)  # a worker that stops waits for it twice
    with one_server() as server:
        url = server.url()
        migrate(url, "sandbox")
        settings = read_settings({}, database_url=url)
        made = Composition(settings, url, "sandbox", external_services(settings))
        stop = asyncio.Event()
        async with AsyncExitStack() as stack:
            stack.push_async_callback(made.close)
            await stack.enter_async_context(made.notifier.listening())
            app = worker_of(made, None)
            await stack.enter_async_context(working(app, [*jobs.QUEUES], 2, stop=stop))
            yield Service(server, url, made, stop)


def _become_standby(server: Server) -> None:
    server.kill()
    (server.data / "standby.signal").touch()
    server.start()


async def _ready(service: Service) -> bool:
    return await service.composition.trouble() is None


def _done(service: Service, job: int) -> bool:
    with psycopg.connect(service.server.url()) as connection:
        ((status,),) = connection.execute(STATUS, [job])
    return bool(status == "succeeded")


async def _away(ask: Callable[[], Awaitable[object]]) -> None:
    with pytest.raises(StoreUnavailable):
        await ask()


async def test_a_standby_counts_as_away_and_everything_goes_on_once_it_is_promoted(
    service: Service,
) -> None:
    job = await service.write()
    await until(lambda: _done(service, job))
    await asyncio.to_thread(_become_standby, service.server)
    for _ in range(3):
        await _away(service.write)
        await _away(service.read)
        assert await service.composition.trouble() == "away"
    await asyncio.sleep(4)  # the worker and the notifier try more than once
    assert not service.stop.is_set()

    await asyncio.to_thread(service.server.promote)
    await until(lambda: _ready(service))
    later = await service.write()
    assert later > job
    await until(lambda: _done(service, later))
    with service.composition.notifier.subscribe(EDGE_CHANGES, 0) as notified:

        async def told() -> bool:
            async with service.composition.store.transaction() as tx:
                await tx.session.driver.execute(COUNTED)
            return notified.is_set()

        await until(told)
        assert not service.stop.is_set()


async def test_a_server_that_is_made_read_only_counts_as_away_on_connections_that_stand(
    service: Service,
) -> None:
    await service.write()
    await service.read()
    with psycopg.connect(service.server.url(), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        connection.execute("SELECT pg_reload_conf()")
    await until(lambda: _away_now(service))
    for _ in range(3):
        await _away(service.write)
    assert await service.composition.trouble() == "away"
    with psycopg.connect(service.server.url(), autocommit=True) as connection:
        connection.execute("SET default_transaction_read_only = off")
        connection.execute("ALTER SYSTEM RESET default_transaction_read_only")
        connection.execute("SELECT pg_reload_conf()")
    await until(lambda: _ready(service))
    await service.write()
    assert not service.stop.is_set()


async def test_a_worker_that_is_told_to_stop_while_the_database_is_away_stops(
    service: Service,
) -> None:
    job = await service.write()
    await until(lambda: _done(service, job))
    await asyncio.to_thread(_become_standby, service.server)
    await asyncio.sleep(1)  # the end of the fixture stops it; one that goes on would time out


async def _away_now(service: Service) -> bool:
    return not await _ready(service)
