import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import ExitStack
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from byoip.domain.claims.claim import Claim
from byoip.store.claims.event_notifier import EventNotifier
from byoip.store.claims.feeds import EDGE_CHANGES, MOMENT
from byoip.store.connecting import Connection
from byoip.store.transaction import Store
from tests.accounts import Accounts
from tests.announcing import until
from tests.store.samples import account, claim, event, undone

FIRST = 1  # the number of an event of a claim that had none
MANY = 1000
A_FEW_LOOKS = 5


@pytest.fixture
async def notifier(database_url: str) -> AsyncIterator[EventNotifier]:
    made = EventNotifier(database_url)
    async with made.listening():
        await listens(made)
        yield made


async def listens(notifier: EventNotifier) -> None:
    """Wait until it is connected: who knows of no number is told at the first look."""
    with notifier.subscribe(uuid4()) as notified:
        async with asyncio.timeout(60):
            await notified.wait()


async def write(store: Store, one: Claim) -> None:
    async with store.transaction() as tx:
        tx.events.note(event(one))


async def told(notified: asyncio.Event) -> None:
    async with asyncio.timeout(60):
        await notified.wait()
    notified.clear()


async def silent(notified: asyncio.Event) -> bool:
    await asyncio.sleep(0.15)
    return not notified.is_set()


async def test_it_notifies_of_the_claim_and_its_account_as_soon_as_it_is_committed(
    notifier: EventNotifier, store: Store, several: list[Claim]
) -> None:
    one, other, *_ = several
    with (
        notifier.subscribe(one.id, 0) as claims,
        notifier.subscribe(one.account_id, 0) as accounts,
        notifier.subscribe(other.id, 0) as others,
        notifier.subscribe(EDGE_CHANGES, 0) as edges,
    ):
        async with store.transaction() as tx:
            tx.events.note(event(one))
            assert await silent(claims)
        await asyncio.gather(told(claims), told(accounts))
        assert await silent(others)
        assert await silent(edges)
        assert await silent(claims)  # of a line once


async def test_what_is_rolled_back_notifies_of_nothing(
    notifier: EventNotifier, store: Store, several: list[Claim]
) -> None:
    with notifier.subscribe(several[0].id, 0) as notified:
        async with undone(store) as tx:
            tx.events.note(event(several[0]))
            await tx.events.write()
        assert await silent(notified)


async def test_what_was_committed_before_the_first_look_is_told(
    notifier: EventNotifier, store: Store, several: list[Claim]
) -> None:
    """A reader found nothing, then it was committed, then we looked: or this process slept."""
    one = several[0]
    await write(store, one)
    await listens(notifier)  # a look at another counter, and nothing is written since
    with notifier.subscribe(one.id, FIRST) as reader, notifier.subscribe(one.id, 0) as behind:
        await told(behind)
        assert await silent(reader)


async def test_commits_in_another_order_than_their_beginnings_are_all_told(
    notifier: EventNotifier, store: Store, several: list[Claim], accounts: Accounts
) -> None:
    one, neighbour = several[0], account()
    await accounts.create(neighbour)
    other = claim(neighbour.id)
    async with store.transaction() as tx:
        await tx.claims.add(other)
    with notifier.subscribe(one.id, 0) as first, notifier.subscribe(other.id, 0) as second:
        async with store.transaction() as begun_first:
            begun_first.events.note(event(one))
            await begun_first.events.write()
            await write(store, other)
            await told(second)
            assert await silent(first)
        await told(first)
        assert await silent(second)


async def test_one_connection_serves_all_who_wait(
    notifier: EventNotifier, store: Store, several: list[Claim], database_url: str
) -> None:
    async def wait() -> None:
        with notifier.subscribe(several[0].id, 0) as notified:
            await notified.wait()

    waiting = [asyncio.create_task(wait()) for _ in range(200)]
    await asyncio.sleep(0)
    assert await listeners(database_url) == 1
    await write(store, several[0])
    async with asyncio.timeout(60):
        await asyncio.gather(*waiting)
    assert notifier._waiting == {}


async def test_while_nobody_waits_it_asks_nothing(
    notifier: EventNotifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, look = 0, EventNotifier._look

    async def counted(self: EventNotifier, *given: Any) -> str:
        nonlocal asked
        asked += 1
        return await look(self, *given)

    monkeypatch.setattr(EventNotifier, "_look", counted)
    await asyncio.sleep(0.1)  # the look that was under way
    before = asked
    await asyncio.sleep(0.3)
    assert asked == before
    with notifier.subscribe(uuid4(), 0):
        await until(lambda: asked > before)


async def test_while_nothing_is_written_a_look_costs_the_same_however_many_wait(
    notifier: EventNotifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []
    execute = Connection.execute

    async def telling(self: Connection, query: Any, *given: Any, **how: Any) -> Any:
        told.append((query, *given))
        return await execute(self, query, *given, **how)

    with ExitStack() as waiting:
        for _ in range(MANY):
            waiting.enter_context(notifier.subscribe(uuid4(), 0))
        await listens(notifier)  # all of them have been looked at
        await asyncio.sleep(0.1)
        monkeypatch.setattr(Connection, "execute", telling)
        await until(lambda: len(told) >= A_FEW_LOOKS)
    assert told[:A_FEW_LOOKS] == [(MOMENT,)] * A_FEW_LOOKS


async def test_after_a_lost_connection_what_was_missed_is_told(
    notifier: EventNotifier,
    store: Store,
    several: list[Claim],
    database_url: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING), notifier.subscribe(several[0].id, 0) as notified:
        async with await psycopg.AsyncConnection.connect(database_url) as connection:
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'byoip events' AND datname = current_database()"
            )
        await write(store, several[0])  # while nobody looks
        await told(notified)
        await write(store, several[0])
        await told(notified)
    assert "Not listening for events" in caplog.text


async def test_a_database_that_is_being_restored_stops_it_for_a_while_only(
    cloned_url: str,
) -> None:
    edges = "UPDATE edge_change_counter SET last = 3"
    async with await psycopg.AsyncConnection.connect(cloned_url, autocommit=True) as connection:
        await connection.execute("UPDATE edge_change_counter SET last = 7")
        notifier = EventNotifier(cloned_url)
        async with notifier.listening():
            await listens(notifier)
            with notifier.subscribe(EDGE_CHANGES, 7) as notified:
                await connection.execute("ALTER TABLE event_counters RENAME TO elsewhere")
                await connection.execute(edges.encode())
                assert await silent(notified)
                await connection.execute("ALTER TABLE elsewhere RENAME TO event_counters")
                await told(notified)  # though the number is a lower one now


async def test_when_it_ends_all_waiters_may_go_and_none_is_kept(database_url: str) -> None:
    notifier = EventNotifier(database_url)
    with notifier.subscribe(UUID(int=1)) as notified:
        async with notifier.listening():
            await listens(notifier)
            notified.clear()
        assert notifier.closed
        assert notified.is_set()

    async def gone() -> bool:  # a server's process ends a moment after its client has gone
        return await listeners(database_url) == 0

    await until(gone)


async def test_a_database_that_is_away_is_no_fault_of_those_who_wait() -> None:
    notifier = EventNotifier("postgresql://nobody:x@127.0.0.1:1/none")
    async with notifier.listening():
        with notifier.subscribe(UUID(int=1)) as notified:
            assert await silent(notified)


async def listeners(database_url: str) -> int:
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        found = await one(
            connection,
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE application_name = 'byoip events' AND datname = current_database()",
        )
        return int(found)


async def one(connection: psycopg.AsyncConnection, question: str) -> Any:
    row = await (await connection.execute(question.encode())).fetchone()
    assert row
    return row[0]


async def test_a_fault_of_its_own_is_logged_and_it_looks_again(
    database_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    notifier = EventNotifier(database_url)
    monkeypatch.setattr(notifier, "_tell", lambda *_: 1 / 0)
    async with notifier.listening():
        with notifier.subscribe(UUID(int=1)) as notified:
            async with asyncio.timeout(60):
                while "ZeroDivisionError" not in caplog.text:  # noqa: ASYNC110 - of a log
                    await asyncio.sleep(0.01)
            monkeypatch.undo()
            await told(notified)
