"""Routes 4.2: what is watched is not listed: work comes with changes, and slowly without."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from ipaddress import ip_address
from math import inf

import pytest

from byoip.adapters.speakers.gobgp_speaker import GobgpSpeaker
from byoip.domain.asn import Asn
from byoip.domain.history import Actor
from byoip.domain.prefix import Prefix
from byoip.domain.routes.route import Path
from byoip.ports.speakers.speaker import Speaker, SpeakerUnanswered
from byoip.usecases.speakers import orphans
from byoip.usecases.speakers.forget_applied import forget_applied
from tests.announcing import OURS, QUICK, Fleet, path, reconciling, speaker, until
from tests.fakes.speaker import FakeListener, FakeSpeaker
from tests.real.edge import running_edge
from tests.routes.judging import FLAWLESS, Judge, named

# While all is calm, the next full sync or look does not come before the test is over.
CALM = replace(QUICK, rest=1e9)
CALM_LEASE = 30.0  # seconds: nor does a new term, where a machine stands still
NOC = Actor("operator", "noc-1")
SOON = 60.0  # seconds, for what is noticed at once


class Listed(FakeListener):
    """Counts how often it is asked for all routes."""

    asked = 0

    async def sees(self, prefixes: Collection[Prefix]) -> Mapping[Prefix, Collection[Asn]]:
        self.asked += 1
        return await super().sees(prefixes)


class Interrupted(FakeSpeaker):
    """Its stream of events breaks while it is not `whole`."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.whole, self.streams = asyncio.Event(), 0
        self.whole.set()

    async def surprises(self) -> AsyncIterator[None]:
        await self.whole.wait()
        self.streams += 1
        try:
            yield
            await until(lambda: not self.whole.is_set(), seconds=inf)
        finally:
            self.streams -= 1


@asynccontextmanager
async def calm(fleet: Fleet, one: FakeSpeaker, ear: Listed) -> AsyncIterator[None]:
    """A reconciler and a watcher that have nothing to do any more."""
    async with reconciling(fleet, one, listeners=[ear], pace=CALM, lease=CALM_LEASE):
        await until(lambda: one.calls("held") >= 2)  # the second of a term comes after 0.6 s
        await quiet(lambda: (one.calls("held"), ear.asked))
        yield


async def quiet(count: Callable[[], object]) -> None:
    """Return once nothing was asked for a second, five times as long as without rest."""
    before: object = None
    async with asyncio.timeout(120):
        while before != (now := count()):
            before = now
            await asyncio.sleep(1)


async def test_a_speaker_whose_routes_change_is_listed_at_once_and_else_not(fleet: Fleet) -> None:
    first, second = await fleet.add("31.0.0.0/24", "31.0.1.0/24", advertised=True)
    one = speaker("one")
    ear = Listed([one])
    async with calm(fleet, one, ear):
        listed = one.calls("held")
        await fleet.withdraw(second)
        await until(lambda: second not in one.paths, seconds=SOON)
        await asyncio.sleep(1)
        assert one.calls("held") == listed  # what we tell it is no surprise

        one.lose(first)
        await until(lambda: first in one.paths, seconds=SOON)
        strange = replace(path(first), as_path=(Asn(64666),))
        await quiet(lambda: one.calls("held"))
        one.put(strange)
        await until(lambda: one.paths[first] == path(first), seconds=SOON)


async def test_a_speaker_that_cannot_be_watched_is_listed_as_often_as_the_settings_say(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: FakeSpeaker) -> AsyncIterator[None]:
        raise SpeakerUnanswered("UNIMPLEMENTED")

    monkeypatch.setattr(FakeSpeaker, "surprises", refuse)
    await fleet.add("31.0.0.0/24", advertised=True)
    one = speaker("one")
    async with reconciling(fleet, one, pace=CALM):
        await until(lambda: one.calls("held") >= 10)


async def test_after_a_gap_in_its_events_a_speaker_is_listed_at_once(fleet: Fleet) -> None:
    """Its count is as before: only a listing tells."""
    (prefix,) = await fleet.add("31.0.0.0/24", advertised=True)
    one = Interrupted("one", OURS, speaker("one").sessions)
    async with calm(fleet, one, Listed([one])):
        one.whole.clear()
        await until(lambda: not one.streams)
        one.put(replace(path(prefix), as_path=(Asn(64666),)))
        one.whole.set()
        await until(lambda: one.paths[prefix] == path(prefix), seconds=SOON)


async def test_what_operators_decide_is_done_at_once(fleet: Fleet) -> None:
    await fleet.add("31.0.0.0/24", advertised=True)
    one, orphan = speaker("one"), Prefix.parse("31.9.0.0/24")
    ear = Listed([one])
    async with calm(fleet, one, ear):
        one.put(path(orphan))
        await until(lambda: is_orphan(fleet, orphan), seconds=SOON)
        await quiet(lambda: one.calls("held"))
        async with fleet.store.transaction(actor=NOC) as tx:
            await orphans.withdraw(tx, "one", str(orphan), name="noc", reason="not ours")
        await until(lambda: orphan not in one.paths, seconds=SOON)


async def test_an_orphan_that_its_owner_wants_is_none_at_once(fleet: Fleet) -> None:
    (wanted,) = await fleet.add("31.0.1.0/24")
    await fleet.add("31.0.0.0/24", advertised=True)
    one = speaker("one")
    ear = Listed([one])
    async with calm(fleet, one, ear):
        one.put(path(wanted))
        await until(lambda: is_orphan(fleet, wanted), seconds=SOON)
        await quiet(lambda: one.calls("held"))
        await fleet.announce(wanted)
        await until(lambda: no_orphan(fleet), seconds=SOON)


async def test_after_a_restore_all_is_compared_at_once(fleet: Fleet) -> None:
    (prefix,) = await fleet.add("31.0.0.0/24", advertised=True)
    one = speaker("one")
    ear = Listed([one])
    async with calm(fleet, one, ear):
        async with fleet.store.transaction(actor=NOC) as tx:
            await forget_applied(tx, name="noc", reason="restored")
        await until(lambda: applied(fleet), seconds=SOON)
        assert prefix in one.paths


async def test_a_listener_is_asked_for_all_routes_where_it_has_lost_one_unasked(
    fleet: Fleet,
) -> None:
    lost, withdrawn = await fleet.add("31.0.0.0/24", "31.0.1.0/24", advertised=True)
    one = speaker("one")
    ear = Listed([one])
    async with calm(fleet, one, ear):
        asked = ear.asked
        await fleet.withdraw(withdrawn)
        await until(lambda: not one.paths.keys() & {withdrawn})
        await until(lambda: settled(fleet))
        await quiet(lambda: ear.asked)
        assert ear.asked <= asked + 3  # by the leader, for the change; not by the watcher
        one.loses.add(lost)
        one.lose(lost)
        await until(lambda: alarmed(fleet, "lost"), seconds=2 * SOON)


async def is_orphan(fleet: Fleet, prefix: Prefix) -> bool:
    return (prefix.network,) in await fleet.ask("SELECT cidr FROM orphan_routes")


async def no_orphan(fleet: Fleet) -> bool:
    return await fleet.ask("SELECT FROM orphan_routes") == []


async def applied(fleet: Fleet) -> bool:
    return await fleet.ask("SELECT advertised FROM applied_routes") == [(True,)]


async def settled(fleet: Fleet) -> bool:
    return await fleet.ask("SELECT FROM bgp_prefixes WHERE settled < change") == []


async def alarmed(fleet: Fleet, kind: str) -> bool:
    return await fleet.ask("SELECT FROM route_alarms WHERE kind = :kind", kind=kind) != []


@pytest.mark.real
async def test_what_another_client_does_to_a_real_speaker_is_undone_at_once(fleet: Fleet) -> None:
    prefixes = await fleet.add("31.0.0.0/24", "2001:db8:31::/48", advertised=True)
    async with running_edge("one") as edge:
        one, judge = edge.speakers["one"], Judge(fleet, edge)
        judge.have_announced(*prefixes)
        async with reconciling(fleet, one, pace=replace(CALM, probe=0.25)):
            await edge.until_seen(*prefixes)
            await until(lambda: applied_all(fleet, 2))
            await asyncio.sleep(2)  # the second full sync of the term is over, the stream is up
            another = GobgpSpeaker("another", edge.daemons["one"].target)
            for prefix in prefixes:
                await another.withdraw([path(prefix)])
            await edge.until_seen(*prefixes)
            stolen = Path(prefixes[0], (Asn(64666),), ip_address("192.0.2.77"))
            await another.announce([stolen])
            await until(lambda: holds(one, path(prefixes[0])), seconds=SOON)
            await another.close()
        lost = {"lost": sorted(map(str, prefixes))}  # by another client
        assert named(await judge.lists()) == FLAWLESS | lost


async def applied_all(fleet: Fleet, many: int) -> bool:
    return len(await fleet.ask("SELECT FROM applied_routes WHERE advertised")) == many


async def holds(one: Speaker, wanted: Path) -> bool:
    return wanted in await one.held_of([wanted.prefix])
