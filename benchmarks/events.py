"""Commits with events, beside the same commits while nobody waits; and how soon waiters hear.

Three notifiers, as of three API processes, look for what two hundred accounts wait for: of eight of
them events are written. Beside it what it was before: a NOTIFY in each transaction.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from statistics import median
from uuid import UUID, uuid4

import psycopg
from benchmarks.databases import Server, database
from benchmarks.figures import Figure, Tell
from benchmarks.filling import AN_ACCOUNT, fill, id_of, owner_of

from byoip.adapters.system_clock import SystemClock
from byoip.domain.history import Actor, Event
from byoip.store.claims.event_notifier import EventNotifier
from byoip.store.claims.events import _WRITE, EventRepository  # a store's own, the same statement
from byoip.store.statements import Session

_GOAL, _MILLISECONDS = 0.9, 50
_CONNECTIONS, _NOTIFIERS, _WAITING = 8, 3, 200
_NOTIFY = b"SELECT pg_notify('bench', %s)"
_BY = Actor("credential:bench", "bench")
_OWNERS = [owner_of(number * AN_ACCOUNT) for number in range(_CONNECTIONS)]
_QUIET = [uuid4() for _ in range(_WAITING - _CONNECTIONS)]


@dataclass(frozen=True, slots=True)
class _Sizes:
    pairs: int = 10
    seconds: float = 1.0
    heard: int = 200


_QUICK = _Sizes(pairs=1, seconds=0.1, heard=5)


def measure(on: Server, tell: Tell, *, quick: bool) -> None:
    """Alternate, so that whatever else the machine does disturbs all three."""
    sizes = _QUICK if quick else _Sizes()
    with database(on, "production") as url:
        fill(url, 0, _CONNECTIONS * AN_ACCOUNT)
        alone, waited, notifying, heard = asyncio.run(_measured(url, sizes))
    tell(_commits("while three processes look for 200 accounts' news", waited, alone, met=True))
    tell(_commits("with a NOTIFY in each, as it was", notifying, alone, met=None))
    heard.sort()
    middle, slowest = heard[len(heard) // 2], heard[len(heard) * 99 // 100]
    said = f"p50 {middle:.0f}, p99 {slowest:.0f} ms"
    goal, met = f"{_MILLISECONDS} ms", slowest <= _MILLISECONDS
    tell(Figure("a waiter hears of its event", said, goal=goal, met=met))


def _commits(
    how: str, ours: Sequence[float], alone: Sequence[float], *, met: bool | None
) -> Figure:
    share = median(one / other for one, other in zip(ours, alone, strict=True))
    return Figure(
        f"commits with events, {_CONNECTIONS} connections, {how}",
        f"{median(ours):,.0f}/s",
        f"nobody waits, nothing notifies: {median(alone):,.0f}/s",
        f"{share:.0%}",
        f"{_GOAL:.0%}" if met else "",
        share >= _GOAL if met else None,
    )


async def _measured(
    url: str, sizes: _Sizes
) -> tuple[list[float], list[float], list[float], list[float]]:
    alone: list[float] = []
    waited: list[float] = []
    notifying: list[float] = []
    async with AsyncExitStack() as stack:
        connections = [
            await stack.enter_async_context(
                await psycopg.AsyncConnection.connect(url, autocommit=True)
            )
            for _ in range(_CONNECTIONS)
        ]
        for _ in range(sizes.pairs):
            alone.append(await _rate(connections, sizes.seconds))
            async with _notifiers(url):
                waited.append(await _rate(connections, sizes.seconds))
            notifying.append(await _rate(connections, sizes.seconds, notify=True))
        heard = await _heard(url, connections[0], sizes.heard)
    return alone, waited, notifying, heard


async def _rate(
    connections: Sequence[psycopg.AsyncConnection], seconds: float, *, notify: bool = False
) -> float:
    started = time.perf_counter()
    made = await asyncio.gather(
        *(
            _write(one, id_of(number * AN_ACCOUNT), started + seconds, notify=notify)
            for number, one in enumerate(connections)
        )
    )
    return sum(made) / (time.perf_counter() - started)


async def _write(
    connection: psycopg.AsyncConnection, claim_id: UUID, until: float, *, notify: bool
) -> int:
    made, events = 0, await _one(connection, claim_id)
    while time.perf_counter() < until:
        async with connection.transaction():
            await connection.execute(_WRITE.text, {"events": events})
            if notify:
                await connection.execute(_NOTIFY, [claim_id.hex])
        made += 1
    return made


async def _one(connection: psycopg.AsyncConnection, claim_id: UUID) -> str:
    history = EventRepository(Session(connection))
    history.note(Event(claim_id, "prefix.described", _BY, SystemClock().now(), {}, {}))
    return await history._as_json()  # noqa: SLF001 - rendered once, for all


@asynccontextmanager
async def _notifiers(url: str) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        for _ in range(_NOTIFIERS):
            notifier = EventNotifier(url)
            await stack.enter_async_context(notifier.listening())
            for account_id in [owner.account_id for owner in _OWNERS] + _QUIET:
                stack.enter_context(notifier.subscribe(account_id, 0))
            await _looks(notifier)
        yield


async def _looks(notifier: EventNotifier) -> None:
    with notifier.subscribe(uuid4()) as told:
        async with asyncio.timeout(10):
            await told.wait()


async def _heard(url: str, connection: psycopg.AsyncConnection, times: int) -> list[float]:
    """Milliseconds from a commit until a waiter hears of it."""
    notifier, found = EventNotifier(url), list[float]()
    events = await _one(connection, id_of(0))
    async with notifier.listening():
        await _looks(notifier)
        with notifier.subscribe(id_of(0), 0) as told:
            for number in range(times):
                await asyncio.sleep(number % 7 / 100)  # at any moment between two looks
                told.clear()
                await connection.execute(_WRITE.text, {"events": events})
                committed = time.perf_counter()
                await told.wait()
                found.append((time.perf_counter() - committed) * 1000)
    return found
