"""Routes 1.1, 3.1, 3.2 and 4.2 with real parts, where the tests beside it have twins."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address

import pytest

from byoip.adapters.speakers.gobgp_speaker import GobgpSpeaker
from byoip.domain.asn import Asn
from byoip.domain.routes.route import Path
from byoip.domain.speakers.revision import PrependsWouldBeLost
from byoip.worker.pace import Pace
from tests.announcing import OURS, Fleet, path, reconciling, until
from tests.real.edge import running_edge
from tests.routes.judging import FLAWLESS, Judge, named
from tests.routes.relay import relay
from tests.routes.test_1_1_lease import SetBack
from tests.routes.test_3_1_revision import apply, in_force, stands, states
from tests.routes.test_3_2_prepends import BY_COMMUNITY, reflected, refused
from tests.routes.test_4_2_watched import CALM

pytestmark = pytest.mark.real

PACE = Pace(
    every=timedelta(seconds=1),
    rest=0,
    absent_for=timedelta(seconds=60),
    probe=0.25,
    second_after=timedelta(seconds=1),
    gone_after=timedelta(seconds=1),
)
SOON = 60.0  # seconds, on a machine that is busy


class Deaf(GobgpSpeaker):
    """Its events say nothing: a loss is found by the next listing, when that is due."""

    listed = 0

    async def held(self) -> Sequence[Path]:
        found = await super().held()
        self.listed += 1
        return found

    async def surprises(self) -> AsyncIterator[None]:
        yield
        await asyncio.Event().wait()


def an_hour_back(which: int) -> float:
    """What a process reads after the machine's clock was set."""
    return time.clock_gettime_ns(which) / 1e9 - 3600 * (which == time.CLOCK_REALTIME)


async def test_1_1_a_clock_that_is_set_back_stops_no_repair(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.clock = clock = SetBack()
    (prefix,) = await fleet.add("31.0.0.0/24", advertised=True)
    async with running_edge("one") as edge:
        judge, one = Judge(fleet, edge), Deaf("one", edge.daemons["one"].target)
        judge.have_announced(prefix)
        async with reconciling(fleet, one, pace=PACE):
            await edge.until_seen(prefix)
            await until(fleet.settled)
            listed = one.listed
            await until(lambda: one.listed > listed)  # the next one is due in a second
            clock.by = timedelta(hours=1)
            monkeypatch.setattr(time, "clock_gettime", an_hour_back)
            await edge.speakers["one"].withdraw([path(prefix)])  # another client
            await edge.until_gone(prefix, seconds=SOON)
            await edge.until_seen(prefix, seconds=SOON)
        await one.close()
        assert named(await judge.lists()) == FLAWLESS | {"lost": [str(prefix)]}


@pytest.mark.parametrize(
    ("target", "said"),
    [("", "no way to it"), ("127.0.0.1:1", "UNAVAILABLE")],
    ids=["not in its file", "refused"],
)
async def test_3_1_a_worker_without_a_way_to_one_speaker_leaves_just_that_one(
    fleet: Fleet, target: str, said: str
) -> None:
    prefixes = await fleet.add(*(f"31.0.{number}.0/24" for number in range(20)))
    async with running_edge("one", "two") as edge:
        judge, ears = Judge(fleet, edge), [edge.listener]
        one, two = edge.speakers.values()
        async with reconciling(fleet, one, two, listeners=ears, pace=PACE):
            await judge.announce(*prefixes)
            await until(fleet.settled)
            await until(lambda: edge.router.is_up("one") and edge.router.is_up("two"))
        noted, beyond = edge.router.noted(), [GobgpSpeaker("two", target)] if target else []
        async with reconciling(fleet, one, *beyond, listeners=ears, pace=PACE, only_proposes=True):
            await until(lambda: stands(fleet, "speaker_down", said), seconds=SOON)
            edge.daemons["one"].kill()
            edge.daemons["one"].start()
            (new,) = await fleet.add("31.1.0.0/24")
            await judge.announce(new)
            await edge.until_seen(new, seconds=SOON)
            await until(fleet.settled)
        for each in beyond:
            await each.close()
        assert {each.prefix for each in await one.held()} == {*prefixes, new}
        assert {each.prefix for each in await two.held()} == set(prefixes)
        assert {each.speaker for each in edge.router.changes(after=noted)} == {"one"}
        assert await judge.lists() == FLAWLESS


async def test_3_2_prepends_that_a_reflector_would_drop_are_refused_at_the_revision(
    fleet: Fleet,
) -> None:
    (prefix,) = await fleet.add("31.0.0.0/24")
    async with reflected(fleet, OURS) as (one, judge):
        router = judge.edge.router
        async with reconciling(fleet, one, pace=PACE, attributes=BY_COMMUNITY):
            await judge.announce(prefix, prepend=2)
            await until(lambda: "(64500,102)" in router.shows(prefix))
            await until(fleet.settled)
        async with reconciling(fleet, one, pace=PACE, only_proposes=True):
            await until(lambda: stands(fleet, "settings_differ", "prepend_communities"))
            noted = router.noted()
            with pytest.raises(PrependsWouldBeLost, match=r"31\.0\.0\.0/24"):
                await apply(fleet)
            await asyncio.sleep(3)  # three full syncs
            assert await states(fleet) == [(1, "in_force")]
            assert [
                each.what for each in router.changes(after=noted) if each.what != "ignored"
            ] == []
            await judge.announce(prefix, prepend=0)
            await until(fleet.settled)
            assert not await refused(fleet)
            await apply(fleet)
            assert await refused(fleet)  # already while it travels
            await until(lambda: in_force(fleet, 2))
            assert "64500," not in router.shows(prefix)
        assert await judge.lists() == FLAWLESS


async def test_4_2_after_a_gap_in_its_events_a_speaker_is_listed_at_once(fleet: Fleet) -> None:
    """The event of the change is lost with its connection; the count is as before."""
    (prefix,) = await fleet.add("31.0.0.0/24", advertised=True)
    stolen = Path(prefix, (Asn(64666),), ip_address("192.0.2.77"))
    async with running_edge("one") as edge, relay(edge.daemons["one"].target) as between:
        judge, one = Judge(fleet, edge), edge.speakers["one"]
        router, another = edge.router, GobgpSpeaker("another", edge.daemons["one"].target)
        judge.have_announced(prefix)
        one._calls.events = GobgpSpeaker("one", between.target)._calls.events  # type: ignore[method-assign]
        async with reconciling(fleet, one, pace=replace(CALM, probe=0.25)):
            await edge.until_seen(prefix)
            await until(fleet.settled)
            await asyncio.sleep(2)  # the second full sync of the term is over, the stream is up
            noted = router.noted()
            between.loss = 1.0
            await another.announce([stolen])
            await until(lambda: between.lost > 0 and bool(router.changes(after=noted)))
            between.loss = 0.0
            await until(lambda: len(router.changes(after=noted)) >= 2, seconds=SOON)
            await until(lambda: "64666" not in router.shows(prefix), seconds=SOON)
            assert await one.held_of([prefix]) == [path(prefix)]
        await another.close()
        assert {each.what for each in router.changes(after=noted)} == {"added"}
        assert await judge.lists() == FLAWLESS
