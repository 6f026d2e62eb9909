import asyncio
import logging
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import psycopg
import pytest

from byoip.domain.claims.claim import Claim
from byoip.store.claims.event_notifier import EventNotifier
from byoip.store.transaction import Store
from tests.store.samples import event, undone


@pytest.fixture
async def notifier(database_url: str) -> AsyncIterator[EventNotifier]:
    made = EventNotifier(database_url)
    async with made.listening():
        await listens(made)
        yield made


async def listens(notifier: EventNotifier) -> None:
    """Wait for the notice that says that it is connected."""
    with notifier.subscribe(uuid4()) as notified:
        async with asyncio.timeout(30):
            await notified.wait()


async def write(store: Store, one: Claim) -> None:
    async with store.transaction() as tx:
        tx.events.note(event(one))


async def silent(notified: asyncio.Event) -> bool:
    await asyncio.sleep(0.15)
    return not notified.is_set()


async def test_it_notifies_of_the_claim_and_its_account_as_soon_as_it_is_committed(
    notifier: EventNotifier, store: Store, several: list[Claim]
) -> None:
    one, other, *_ = several
    with (
        notifier.subscribe(one.id) as claims,
        notifier.subscribe(one.account_id) as accounts,
        notifier.subscribe(other.id) as others,
    ):
        async with store.transaction() as tx:
            tx.events.note(event(one))
            assert await silent(claims)
        async with asyncio.timeout(20):
            await asyncio.gather(claims.wait(), accounts.wait())
        assert await silent(others)


async def test_what_is_rolled_back_notifies_of_nothing(
    notifier: EventNotifier, store: Store, several: list[Claim]
) -> None:
    with notifier.subscribe(several[0].id) as notified:
        async with undone(store) as tx:
            tx.events.note(event(several[0]))
        assert await silent(notified)


async def test_one_connection_serves_all_who_wait(
    notifier: EventNotifier, store: Store, several: list[Claim], database_url: str
) -> None:
    async def wait() -> None:
        with notifier.subscribe(several[0].id) as notified:
            await notified.wait()

    waiting = [asyncio.create_task(wait()) for _ in range(200)]
    await asyncio.sleep(0)
    assert await listeners(database_url) == 1
    await write(store, several[0])
    async with asyncio.timeout(30):
        await asyncio.gather(*waiting)
    assert notifier._waiting == {}


async def test_after_a_lost_connection_all_waiters_look_again(
    notifier: EventNotifier,
    store: Store,
    several: list[Claim],
    database_url: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING), notifier.subscribe(several[0].id) as notified:
        async with await psycopg.AsyncConnection.connect(database_url) as connection:
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'byoip events' AND datname = current_database()"
            )
        await write(store, several[0])  # while no request listens
        async with asyncio.timeout(30):
            await notified.wait()
        notified.clear()
        await listens_again(store, several[0], notified)
    assert "Not listening for events" in caplog.text


async def listens_again(store: Store, one: Claim, notified: asyncio.Event) -> None:
    await write(store, one)
    async with asyncio.timeout(30):
        await notified.wait()


async def test_when_it_ends_all_waiters_may_go_and_none_is_kept(database_url: str) -> None:
    notifier = EventNotifier(database_url)
    with notifier.subscribe(UUID(int=1)) as notified:
        async with notifier.listening():
            await listens(notifier)
            notified.clear()
        assert notifier.closed
        assert notified.is_set()
    for _ in range(1000):  # a server's process ends a moment after its client has gone
        if not await listeners(database_url):
            break
        await asyncio.sleep(0.01)
    assert await listeners(database_url) == 0


async def test_a_database_that_is_away_is_no_fault_of_those_who_wait() -> None:
    notifier = EventNotifier("postgresql://nobody:x@127.0.0.1:1/none")
    async with notifier.listening():
        with notifier.subscribe(UUID(int=1)) as notified:
            assert await silent(notified)


async def listeners(database_url: str) -> int:
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        found = await connection.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE application_name = 'byoip events' AND datname = current_database()"
        )
        row = await found.fetchone()
        assert row
        return int(row[0])
