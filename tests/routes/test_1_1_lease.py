"""Routes 1.1: the lease with a number: who gets it, who loses it, and what its writes are worth."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from byoip.domain.prefix import Prefix
from byoip.domain.routes.breaker import Parked, Trip, TripScope
from byoip.domain.routes.route import Path
from byoip.ports.speakers.speaker import SpeakerUnanswered
from byoip.ports.steady_clock import boottime
from byoip.store.database_url import plain
from byoip.store.speakers.leader_election import LeaderElection, Leadership
from byoip.store.speakers.leases import LeaseLost
from byoip.store.speakers.routes import Routes
from byoip.store.statements import from_text
from byoip.store.unavailable import StoreUnavailable
from byoip.usecases.speakers.stage_changes import StageChanges
from byoip.worker.speaker_alarms import unreleased
from tests.announcing import OWNER, PEER, QUICK, Fleet, reconciling, speaker, until
from tests.fakes.speaker import FakeSpeaker
from tests.store.samples import SetClock

SHORT = 0.5  # seconds that a lease lasts
DAY = 24 * 3600
ONE = from_text("SELECT 1")
OLD_LOCK = "SELECT pg_advisory_lock(403351, 1919907188)"


def election(fleet: Fleet) -> LeaderElection:
    return LeaderElection(fleet.engine.url.render_as_string(hide_password=False), SHORT)


async def number(fleet: Fleet) -> int:
    ((found,),) = await fleet.ask("SELECT number FROM leases WHERE name = 'reconciler'")
    return int(found)


async def backends(fleet: Fleet) -> list[int]:
    """Of the connections that hold the lease and write for it."""
    rows = await fleet.ask(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
        " AND application_name ~ '^byoip (reconciler|lease)'"
    )
    return [pid for (pid,) in rows]


async def two_leaders(fleet: Fleet, stack: AsyncExitStack) -> tuple[Leadership, Leadership]:
    """The first hangs, so that the second takes over."""
    first = await stack.enter_async_context(election(fleet).hold())
    await first.pool.ask(ONE)
    return first, await stack.enter_async_context(election(fleet).hold())


async def test_what_is_written_with_an_older_number_is_refused(fleet: Fleet) -> None:
    (prefix,) = await fleet.add("31.0.0.0/24", advertised=True)
    known = [one.desired for one in await fleet.routes.states("one")]
    async with AsyncExitStack() as stack:
        first, second = await two_leaders(fleet, stack)
        old, new = fleet.routes.on(first.pool), fleet.routes.on(second.pool)
        now = fleet.clock.now()
        writes: list[Callable[[Routes], Awaitable[object]]] = [
            lambda routes: routes.mark_possibly_installed("one", known, now),
            lambda routes: routes.mark_announced("one", known, now),
            lambda routes: routes.take_snapshot(),
            lambda routes: routes.note_orphans("one", {}, now),
            lambda routes: routes.settle(known),
            lambda routes: routes.replace_alarms("lost", [], now),
        ]
        for write in writes:
            with pytest.raises(LeaseLost):
                await write(old)
            await write(new)
        with pytest.raises(LeaseLost):
            await record(fleet, first, prefix)
        await record(fleet, second, prefix)
        with pytest.raises(LeaseLost):
            await unreleased(first.store(fleet.store), [])
        with pytest.raises(LeaseLost):
            await first.require()
    assert len(await fleet.ask("SELECT FROM events WHERE kind = 'bgp_prefix.lost'")) == 1


async def record(fleet: Fleet, leader: Leadership, prefix: Prefix) -> None:
    async with leader.store(fleet.store).transaction(actor=OWNER) as tx:
        tx.record(fleet.ids[prefix][0], "bgp_prefix.lost")


async def test_a_take_over_ends_the_connections_of_the_holder_before(fleet: Fleet) -> None:
    """Also one that was left in the middle of a transaction, which the take-over would wait for."""
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(election(fleet).hold())
        await first.pool.ask(ONE)
        with pytest.raises(StoreUnavailable):
            await taken_over_in_a_transaction(fleet, first, stack)


async def taken_over_in_a_transaction(
    fleet: Fleet, first: Leadership, stack: AsyncExitStack
) -> None:
    async with first.store(fleet.store).transaction():
        before = await backends(fleet)
        assert len(before) == 3
        await stack.enter_async_context(election(fleet).hold())
        assert not set(before) & set(await backends(fleet))


async def test_the_next_leader_begins_when_calls_of_the_one_before_are_over(fleet: Fleet) -> None:
    """One may be under way when the lease ends: it lasts as long as the longest."""
    async with AsyncExitStack() as stack:
        first, second = await two_leaders(fleet, stack)
        longest = first.lease.calls_until - first.lease.renewed_at
        assert boottime() - first.lease.renewed_at >= SHORT + longest
        assert second.lease.number > first.lease.number


async def test_what_arrives_after_the_next_leader_has_compared_is_found(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At a speaker that cannot be watched, and is compared in full once a day, by one leader."""
    one = speaker("one")
    (prefix,) = await fleet.add("31.0.0.0/24", advertised=True)
    async with reconciling(fleet, one):
        await until(fleet.settled)
        await until(lambda: one.sends_to(PEER, prefix) is not None)
    held, compared = one.held, asyncio.Event()

    async def and_then_a_withdrawal_arrives() -> Sequence[Path]:
        found = await held()
        if not compared.is_set():
            one.lose(prefix)
            compared.set()
        return found

    def refuse(_: FakeSpeaker) -> AsyncIterator[None]:
        raise SpeakerUnanswered("UNIMPLEMENTED")

    monkeypatch.setattr(one, "held", and_then_a_withdrawal_arrives)
    monkeypatch.setattr(FakeSpeaker, "surprises", refuse)
    async with reconciling(fleet, one, pace=replace(QUICK, every=timedelta(1), stalled_after=DAY)):
        await until(compared.is_set)
        await until(lambda: prefix in one.paths, seconds=60)


async def test_no_worker_leads_beside_one_of_an_older_version(fleet: Fleet) -> None:
    url = plain(fleet.engine.url.render_as_string(hide_password=False))
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as older:
        await older.execute(OLD_LOCK)
        leads = asyncio.Event()

        async def lead() -> None:
            async with election(fleet).hold():
                leads.set()

        leading = asyncio.create_task(lead())
        await asyncio.sleep(3 * SHORT)
        assert not leads.is_set()
    await leading
    async with (
        election(fleet).hold(),
        await psycopg.AsyncConnection.connect(url, autocommit=True) as older,
    ):
        got = await (await older.execute(OLD_LOCK.replace("pg_", "pg_try_"))).fetchone()
        assert got == (False,), "nor one of an older version beside it"


async def test_one_hung_speaker_does_not_cost_the_lease(fleet: Fleet) -> None:
    one, hung = speaker("one"), speaker("hung")
    hung.delay = 3600
    prefixes = await fleet.add("31.0.0.0/24", "31.0.1.0/24")
    pace = replace(QUICK, stalled_after=0.3)
    async with reconciling(fleet, one, hung, stages=[1, 1], pace=pace, lease=SHORT):
        await fleet.announce(prefixes[0])
        await until(lambda: prefixes[0] in one.paths)

        async def kept() -> bool:  # a machine that stands still for as long loses it by right
            before = await number(fleet)
            await asyncio.sleep(4 * SHORT)
            return await number(fleet) == before

        await until(kept, seconds=60)
        await fleet.announce(prefixes[1])
        await until(lambda: prefixes[1] in one.paths)


async def test_a_worker_that_hangs_at_every_speaker_loses_the_lease(fleet: Fleet) -> None:
    (prefix,) = await fleet.add("31.0.0.0/24", advertised=True)
    one, hung = speaker("one"), speaker("one")
    hung.delay = 3600
    pace = replace(QUICK, stalled_after=0.3)
    async with reconciling(fleet, hung, pace=pace, lease=SHORT):
        await until(lambda: bool(hung.asked))
        async with reconciling(fleet, one, lease=SHORT):
            await until(lambda: prefix in one.paths)


async def test_a_worker_whose_stages_hang_loses_the_lease_however_busy_its_speakers_are(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each speaker's task renews the lease by itself, just before it tells anything."""
    speakers = [speaker(f"s{one}") for one in range(10)]
    pace = replace(QUICK, stalled_after=0.3)
    await fleet.add("31.0.0.0/24", advertised=True)
    async with reconciling(fleet, *speakers, stages=[1] * 10, pace=pace, lease=SHORT):
        await until(fleet.settled)
        before = await number(fleet)

        async def hang(*_: object) -> bool:
            await asyncio.Event().wait()
            return False

        monkeypatch.setattr(StageChanges, "advance", hang)
        await until(lambda: taken_over(fleet, before), seconds=60)


async def taken_over(fleet: Fleet, before: int) -> bool:
    return await number(fleet) > before


async def test_speakers_share_the_renewals_of_the_lease(fleet: Fleet) -> None:
    """Told at the same time, or told nothing: in both cases the row is written for all of them."""
    many = 40
    speakers = [speaker(f"s{one:02}") for one in range(many)]
    prefixes = await fleet.add("31.0.0.0/24", "31.0.1.0/24", advertised=False)
    pace = replace(QUICK, every=timedelta(seconds=1), second_after=timedelta(0), probe=0.5)
    async with reconciling(fleet, *speakers, stages=[1] * many, pace=pace, lease=20):
        for prefix in prefixes:
            await fleet.announce(prefix)
            await until(fleet.settled)
        before = await beat(fleet)
        looks = sum(one.calls("close_imports") for one in speakers)
        await until(lambda: sum(one.calls("close_imports") for one in speakers) > looks + 2 * many)
        assert await beat(fleet) - before < many


async def beat(fleet: Fleet) -> int:
    ((found,),) = await fleet.ask("SELECT beat FROM leases WHERE name = 'reconciler'")
    return int(found)


def test_leases_are_timed_by_a_clock_that_goes_on_while_the_machine_sleeps() -> None:
    """Here as if it had slept for a day; only root may."""
    script = "from byoip.ports.steady_clock import boottime; print(boottime())"
    argv = ["unshare", "--time", "--boottime", str(DAY), "--fork", sys.executable, "-c", script]
    slept = subprocess.run(argv, check=False, capture_output=True)
    if slept.returncode:
        pytest.skip("no other time here")
    assert float(slept.stdout) >= DAY + time.monotonic() - 60


async def test_a_clock_that_is_set_back_stops_no_repair(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of what no event tells: only the next listing finds it."""

    async def deaf(_: FakeSpeaker) -> AsyncIterator[None]:
        yield
        await asyncio.Event().wait()

    monkeypatch.setattr(FakeSpeaker, "surprises", deaf)
    fleet.clock = clock = SetBack()
    one = speaker("one")
    (prefix,) = await fleet.add("31.0.0.0/24", advertised=True)
    async with reconciling(fleet, one):
        await until(lambda: prefix in one.paths)
        await until(fleet.settled)
        clock.by = timedelta(hours=1)
        one.lose(prefix)
        await until(lambda: prefix in one.paths, seconds=60)


class SetBack(SetClock):
    """The machine's clock, after it was set."""

    by = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) - self.by


async def test_a_trip_is_stamped_by_the_clock_that_measures_it(fleet: Fleet) -> None:
    """Of a process whose clock is an hour ahead: re-armed, it was open for no negative time."""
    ahead = Fleet(fleet.engine, clock := SetBack())
    clock.by = -timedelta(hours=1)
    trip = Trip(TripScope.JOB, "roll_back", "too many")
    async with ahead.store.transaction() as tx:
        await tx.breaker.trip([trip], actor="test", request_id="test")
    async with ahead.store.transaction() as tx:
        (kept,) = await tx.breaker.open()
        done = await tx.breaker.rearm(kept.id, by="A", because="b", parked=Parked.CANCELLED)
    assert done.rearmed_at is not None
    assert done.at <= done.rearmed_at
