"""Routes 1.2: what watches does not live in the process that it watches."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from byoip.cli.stopping import ended
from byoip.ports.speakers.speaker import Listener, Speaker
from byoip.store.speakers.watch_election import OF_API, OF_LEADER, OF_WORKER, WatchElection
from byoip.worker.pace import Pace
from byoip.worker.watching import Watcher
from tests.announcing import MARKING, QUICK, Fleet, listener, reconciling, speaker, until
from tests.fakes.speaker import FakeSpeaker
from tests.real.edge import running_edge
from tests.revising import connecting, proposal
from tests.routes.judging import FLAWLESS, Judge, named
from tests.routes.test_4_2_none_waits import Counted

LEASE = 0.5


@asynccontextmanager
async def watching(
    fleet: Fleet, rank: int, *speakers: Speaker, ears: tuple[Listener, ...] = (), **more: Any
) -> AsyncIterator[None]:
    """A process that watches and does not reconcile."""
    url = fleet.engine.url.render_as_string(hide_password=False)
    more = {"pace": QUICK, "silent_after": 1.5, **more}
    watcher = Watcher(
        WatchElection(url, LEASE, lambda: rank),
        fleet.routes,
        fleet.store,
        proposal(speakers, range(1, len(speakers) + 1), MARKING),
        connecting(*speakers),
        ears,
        **more,
    )
    task = asyncio.create_task(watcher.run())
    try:
        yield
        if task.done():
            await task
    finally:
        await ended(task, patience=2)


async def watches(fleet: Fleet, rank: int) -> bool:
    rows = await fleet.ask("SELECT rank FROM leases WHERE name = 'watcher' AND holder IS NOT NULL")
    return rows == [(rank,)]


async def stands(fleet: Fleet, kind: str, *, many: int = 1) -> bool:
    return len(await fleet.alarms(kind)) == many


async def test_a_worker_watches_before_the_api_and_the_api_before_the_leader(fleet: Fleet) -> None:
    async with reconciling(fleet, speaker("one"), lease=LEASE):
        await until(lambda: watches(fleet, OF_LEADER))
        async with watching(fleet, OF_API):
            await until(lambda: watches(fleet, OF_API))
            async with watching(fleet, OF_WORKER):
                await until(lambda: watches(fleet, OF_WORKER))
            await until(lambda: watches(fleet, OF_API))
        await until(lambda: watches(fleet, OF_LEADER))


async def test_a_reconciler_that_is_silent_is_an_alarm(fleet: Fleet) -> None:
    async with watching(fleet, OF_API):
        await until(lambda: stands(fleet, "reconciler_silent"))
        async with reconciling(fleet, speaker("one"), lease=LEASE):
            await until(lambda: stands(fleet, "reconciler_silent", many=0))


async def test_a_watcher_that_is_silent_is_an_alarm_of_the_reconciler(fleet: Fleet) -> None:
    async with reconciling(fleet, speaker("one"), silent_after=1.5):
        await until(lambda: stands(fleet, "watcher_silent"))
        async with watching(fleet, OF_WORKER):
            await until(lambda: stands(fleet, "watcher_silent", many=0))


async def test_losses_are_told_while_no_worker_reconciles(fleet: Fleet) -> None:
    """And many of them, that no owner withdrew, are an alarm of their own."""
    one = speaker("one")
    ear = listener(one)
    prefixes = await fleet.add(*(f"31.0.{n}.0/24" for n in range(12)))
    async with reconciling(fleet, one, listeners=[ear], lease=LEASE):
        await fleet.announce(*prefixes)
        await until(fleet.settled)
    async with watching(fleet, OF_API, one, ears=(ear,)):
        await until(lambda: looked_twice(fleet, one))
        ear.absent.update(prefixes)
        await until(lambda: stands(fleet, "lost", many=12))
        await until(lambda: stands(fleet, "vanishing"))


async def looked_twice(fleet: Fleet, one: FakeSpeaker) -> bool:
    before = await fleet.ask("SELECT answered_at FROM listeners")
    await asyncio.sleep(3 * QUICK.probe)
    return one.calls("neighbours") > 4 and before != await fleet.ask(
        "SELECT answered_at FROM listeners"
    )


@pytest.mark.real
async def test_a_loss_between_two_looks_is_an_event(fleet: Fleet) -> None:
    """Gone for a third of a second; the looks are seconds apart."""
    kept, gone = await fleet.add("31.0.0.0/24", "31.0.1.0/24")
    quiet = Pace(every=timedelta(minutes=10))
    async with running_edge("one") as edge:
        one, judge = edge.speakers["one"], Judge(fleet, edge)
        async with reconciling(fleet, one, listeners=[edge.listener], pace=quiet):
            await judge.announce(kept, gone)
            await edge.until_seen(kept, gone)
            await until(fleet.settled)
        pace = Pace(every=timedelta(seconds=2))
        ear = Counted("bird", edge.router.control)
        async with watching(fleet, OF_API, one, ears=(ear,), pace=pace):
            (lost,) = [path for path in await one.held() if path.prefix == gone]
            await until(lambda: ear.asked > 2)  # two looks are over
            await one.withdraw([lost])
            await edge.until_gone(gone)
            await asyncio.sleep(0.3)
            await one.announce([lost])
            await until(lambda: told(fleet))
        await edge.until_seen(kept, gone)
        assert named(await judge.lists()) == FLAWLESS | {"lost": [str(gone)]}
    rows = await fleet.ask("SELECT prefix_id FROM events WHERE kind = 'bgp_prefix.lost_and_back'")
    assert rows == [(fleet.ids[gone][0],)]


async def told(fleet: Fleet) -> bool:
    return bool(await fleet.ask("SELECT FROM events WHERE kind = 'bgp_prefix.lost_and_back'"))
