"""Routes 4.2: workers share out by speaker what is compared; one of them tells, and it alone."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final, cast
from uuid import UUID, uuid4

import pytest

from byoip.cli.stopping import ended
from byoip.domain.asn import Asn
from byoip.domain.prefix import Prefix
from byoip.ports.speakers.speaker import Speaker
from byoip.store.speakers.comparisons import Comparison
from byoip.store.speakers.leader_election import LeaderElection
from byoip.store.speakers.routes import Routes
from byoip.worker.comparing import to_take
from byoip.worker.reconciling import Reconciler
from tests.announcing import MARKING, OURS, PEER, QUICK, Fleet, know, path, speaker, until
from tests.fakes.speaker import FakeSpeaker
from tests.revising import connecting, enforce, proposal

MANY: Final = 100
TELLS: Final = frozenset(
    {"close_imports", "takes_ours", "announce", "withdraw", "enable", "disable", "drain", "note"}
)
PACE: Final = replace(
    QUICK,
    every=timedelta(seconds=1),
    rest=1.0,
    probe=0.5,
    absent_for=timedelta(seconds=5),
    second_after=timedelta(seconds=1),
    stalled_after=3.0,
)
LEASE: Final = 20.0  # seconds: who leads is killed, or goes on leading, but never hangs
ME, YOU, THIRD = uuid4(), uuid4(), uuid4()


class Deaf(FakeSpeaker):
    """Its stream of events stands, and says nothing of what changes: it must be listed."""

    async def surprises(self) -> AsyncIterator[None]:
        yield
        await asyncio.Event().wait()


@dataclass
class Judge:
    """Sees every call of every worker.

    Attributes:
        listed: how often each worker has listed a speaker.
        told: how often each has told a speaker anything.
        wrong: moments at which two of them had such calls under way, or one that did not lead.
    """

    listed: Counter[str] = field(default_factory=Counter)
    told: Counter[str] = field(default_factory=Counter)
    wrong: list[set[str]] = field(default_factory=list)
    _under_way: Counter[str] = field(default_factory=Counter)

    async def sees(self, worker: str, method: str, call: Any, *, leads: bool) -> Any:
        self.listed[worker] += method == "held"
        if method not in TELLS:
            return await call
        self.told[worker] += 1
        self._under_way[worker] += 1
        tellers = {one for one, many in self._under_way.items() if many}
        if len(tellers) > 1 or not leads:
            self.wrong.append(tellers)
        try:
            return await call
        finally:
            self._under_way[worker] -= 1


class Worker:
    """A reconciler, and its own ways to the speakers."""

    def __init__(self, name: str, fleet: Fleet, twins: Sequence[FakeSpeaker], judge: Judge) -> None:
        self.name, self.hangs = name, False
        ways = [cast("Speaker", _Way(self, twin, judge)) for twin in twins]
        url = fleet.engine.url.render_as_string(hide_password=False)
        self.reconciler = Reconciler(
            LeaderElection(url, LEASE),
            Routes(fleet.engine),
            fleet.store,
            fleet.clock,
            proposal(ways, [1] * len(ways), MARKING),
            connecting(*ways),
            (),
            PACE,
            silent_after=2.0,
        )
        self._task = asyncio.create_task(self.reconciler.run())

    @property
    def leads(self) -> bool:
        return self.reconciler.leading.is_set()

    async def kill(self) -> None:
        await asyncio.gather(ended(self._task, patience=2), return_exceptions=True)


class _Way:
    def __init__(self, worker: Worker, twin: FakeSpeaker, judge: Judge) -> None:
        self._worker, self._twin, self._judge = worker, twin, judge

    def __getattr__(self, name: str) -> Any:
        made = getattr(self._twin, name)
        if not asyncio.iscoroutinefunction(made):
            return made

        async def call(*args: Any, **more: Any) -> Any:
            if self._worker.hangs:
                await asyncio.Event().wait()
            asked, worker = made(*args, **more), self._worker
            return await self._judge.sees(worker.name, name, asked, leads=worker.leads)

        return call


async def holders(fleet: Fleet) -> list[int]:
    """Of how many speakers each worker compares, as far as it has."""
    rows = await fleet.ask(
        "SELECT count(*) FROM speaker_comparisons WHERE compared > 0 AND holder IS NOT NULL"
        " GROUP BY holder ORDER BY 1"
    )
    return [many for (many,) in rows]


async def shared_by(fleet: Fleet, *each: int) -> bool:
    return await holders(fleet) == sorted(each)


async def goes_on(fleet: Fleet, twins: Sequence[FakeSpeaker], prefixes: Sequence[Prefix]) -> None:
    """A change reaches all speakers, and what another client did to one is found and undone."""
    kept, changes = prefixes
    await fleet.announce(changes)
    await until(lambda: all(changes in one.paths for one in twins))
    await until(fleet.settled)
    await fleet.withdraw(changes)
    await until(lambda: not any(changes in one.paths for one in twins))
    await until(fleet.settled)
    for one in (twins[0], twins[-1]):
        one.put(replace(path(kept), as_path=(Asn(64666),)))
    await until(lambda: all(one.paths[kept] == path(kept) for one in twins))


async def test_a_hundred_speakers_are_compared_by_workers_that_do_not_lead(fleet: Fleet) -> None:
    sessions = speaker("one").sessions
    twins: list[FakeSpeaker] = [Deaf(f"s{one:02}", OURS, sessions) for one in range(MANY)]
    prefixes = await fleet.add("31.0.0.0/24", "31.0.1.0/24")
    await know(fleet, *(one.name for one in twins))
    await enforce(fleet.store, fleet.routes, proposal(twins, [1] * MANY, MARKING))
    judge = Judge()
    workers = [Worker(name, fleet, twins, judge) for name in ("a", "b", "c")]
    try:
        await fleet.announce(prefixes[0])
        await until(lambda: all(one.sends_to(PEER, prefixes[0]) for one in twins))
        await until(lambda: shared_by(fleet, 50, 50))
        await until(lambda: rests(judge, workers))
        await goes_on(fleet, twins, prefixes)
        assert judge.told

        leader = await leading(workers)
        stopped, last = [one for one in workers if one is not leader]
        stopped.hangs = True
        await until(lambda: shared_by(fleet, MANY))
        await goes_on(fleet, twins, prefixes)
        await stopped.kill()

        await leader.kill()
        await goes_on(fleet, twins, prefixes)
        assert last.leads
        assert await holders(fleet) == [], "no other is left"
    finally:
        for one in workers:
            await one.kill()
    assert judge.wrong == []


async def leading(workers: Sequence[Worker]) -> Worker:
    """The one that leads: a busy machine may take that from one, and another begins."""
    await until(lambda: any(one.leads for one in workers))
    return next(one for one in workers if one.leads)


async def rests(judge: Judge, workers: Sequence[Worker]) -> bool:
    """Whether the leader has listed none while others have listed each speaker twice."""
    leader = (await leading(workers)).name
    before, others = judge.listed[leader], sum(judge.listed.values())
    wanted = others + 2 * MANY
    await until(lambda: sum(judge.listed.values()) >= wanted)
    return judge.listed[leader] == before


async def test_what_was_told_is_on_record_as_held_without_a_listing(fleet: Fleet) -> None:
    one = Deaf("one", OURS, speaker("one").sessions)
    first, second = await fleet.add("31.0.0.0/24", "31.0.1.0/24")
    await know(fleet, "one")
    await enforce(fleet.store, fleet.routes, proposal([one], [1], MARKING))
    judge = Judge()
    workers = [Worker(name, fleet, [one], judge) for name in ("a", "b")]
    try:
        await fleet.announce(first)
        await until(lambda: one.feeds(PEER))
        await until(lambda: shared_by(fleet, 1))
        (leader,) = [one for one in workers if one.leads]
        await asyncio.sleep(3 * PACE.every.total_seconds())
        listed = judge.listed[leader.name]
        await fleet.announce(second)
        await until(lambda: recorded(fleet, {first, second}))
        assert judge.listed[leader.name] == listed
        await until(lambda: counted(fleet, 2))
    finally:
        for each in workers:
            await each.kill()


async def test_what_no_worker_compares_any_more_the_leader_compares(fleet: Fleet) -> None:
    one = Deaf("one", OURS, speaker("one").sessions)
    prefixes = await fleet.add("31.0.0.0/24", "31.0.1.0/24")
    await know(fleet, "one")
    await enforce(fleet.store, fleet.routes, proposal([one], [1], MARKING))
    judge = Judge()
    workers = [Worker(name, fleet, [one], judge) for name in ("a", "b")]
    try:
        await fleet.announce(prefixes[0])
        await until(lambda: one.feeds(PEER))
        await until(lambda: shared_by(fleet, 1))
        (leader,) = [each for each in workers if each.leads]
        (hung,) = [each for each in workers if not each.leads]
        await asyncio.sleep(3 * PACE.every.total_seconds())
        hung.hangs = True
        await goes_on(fleet, [one], prefixes)
        assert set(judge.told) == {leader.name}
    finally:
        for each in workers:
            await each.kill()


async def recorded(fleet: Fleet, prefixes: set[Prefix]) -> bool:
    return set(await fleet.routes.records.held("one")) == prefixes


async def counted(fleet: Fleet, many: int) -> bool:
    return await fleet.ask("SELECT held FROM speakers") == [(many,)]


def rows(*holders: UUID | None) -> dict[str, Comparison]:
    return {
        f"s{number}": Comparison(f"s{number}", 1, holder, 0, 0, 0)
        for number, holder in enumerate(holders)
    }


@pytest.mark.parametrize(
    ("held", "silent", "taken"),
    [
        ([], set(), 6),
        ([None] * 6, set(), 6),
        ([YOU] * 6, set(), 3),
        ([YOU] * 6, {"s0", "s1", "s2", "s3", "s4", "s5"}, 6),
        ([YOU] * 3 + [ME] * 3, set(), 0),
        ([YOU] * 4 + [ME] * 2, set(), 1),
        ([YOU] * 3 + [ME] * 2 + [None], set(), 1),
        ([YOU] * 2 + [ME] * 3 + [None], set(), 0),
        ([YOU] * 2 + [THIRD] * 2 + [ME] + [None], set(), 1),
        ([ME] * 6, set(), 0),
    ],
)
def test_a_worker_takes_its_share(held: list[UUID | None], silent: set[str], taken: int) -> None:
    speakers = [f"s{number}" for number in range(6)]
    assert len(to_take(ME, speakers, rows(*held), silent)) == taken
