"""Routes 3.2: a prepend that would remove the route at a neighbour is refused, with the reason."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address

import pytest

from byoip.adapters.speakers.bird_listener import BirdListener
from byoip.adapters.speakers.gobgp_speaker import GobgpSpeaker
from byoip.domain.asn import Asn
from byoip.domain.prefix import Prefix
from byoip.domain.routes import prepending
from byoip.domain.routes.prepending import PrependWouldRemove
from byoip.domain.routes.route import Community, PathAttributes, Route
from byoip.ports.speakers.speaker import Neighbour
from byoip.usecases.routes.prepending import require_prepend
from byoip.worker.pace import Pace
from tests.announcing import MARKING, OURS, Fleet, reconciling, until
from tests.fakes.speaker import FakeSpeaker
from tests.real.bird_router import Feed, bird_router
from tests.real.edge import Edge
from tests.real.gobgpd import Peering, gobgpd
from tests.real.parts import Part, require
from tests.routes.judging import FLAWLESS, Judge, named

OTHER = Asn(64501)
ASKING = (Community(64500, 101), Community(64500, 102), Community(64500, 103))
BY_COMMUNITY = replace(MARKING, prepends=ASKING)
PACE = Pace(every=timedelta(seconds=1), rest=0, absent_for=timedelta(seconds=60), probe=0.25)


@pytest.mark.parametrize(
    ("attributes", "neighbours", "lost_as"),
    [
        (MARKING, [OTHER], None),
        (MARKING, [OURS], OURS),
        (MARKING, [OTHER, OURS], OURS),
        (MARKING, [], None),
        (BY_COMMUNITY, [OURS], None),
    ],
)
def test_prepends_are_lost_where_a_neighbour_is_in_the_speakers_own_as(
    attributes: PathAttributes, neighbours: list[Asn], lost_as: Asn | None
) -> None:
    assert prepending.prepends_lost_as(attributes, neighbours) == lost_as


@pytest.mark.parametrize(
    ("origin", "prepend", "lost"), [(OURS, 1, True), (OURS, 0, False), (OTHER, 3, False)]
)
def test_only_that_origin_repeated_is_lost(origin: Asn, prepend: int, lost: bool) -> None:
    route = Route(Prefix.parse("31.0.0.0/24"), origin, prepend)
    assert prepending.is_lost(route, OURS) is lost
    assert not prepending.is_lost(route, None)


async def refused(fleet: Fleet, origin: Asn = OURS, prepend: int = 1) -> bool:
    async with fleet.store.transaction() as tx:
        try:
            await require_prepend(tx, origin, prepend)
        except PrependWouldRemove:
            return True
    return False


def speaker(*neighbours: Asn) -> FakeSpeaker:
    sessions = [
        Neighbour(str(ip_address("127.0.0.2") + number), asn, enabled=False, established=False)
        for number, asn in enumerate(neighbours)
    ]
    return FakeSpeaker("one", OURS, sessions)


async def test_what_speakers_say_of_their_neighbours_decides(fleet: Fleet) -> None:
    one = speaker(OTHER, OURS)
    (prefix,) = await fleet.add("31.0.0.0/24")
    assert not await refused(fleet)  # no speaker is known
    async with reconciling(fleet, one):
        await until(lambda: refused(fleet))
        assert not await refused(fleet, prepend=0)
        assert not await refused(fleet, origin=OTHER)
        one.kill()
        await until(lambda: down(fleet))
        assert await refused(fleet)  # what was last found holds
        one.start()
        one.sessions = one.sessions[:1]

        async def allowed() -> bool:
            return not await refused(fleet)

        await until(allowed)
        await fleet.announce(prefix, prepend=2)
        await until(fleet.settled)


async def down(fleet: Fleet) -> bool:
    return bool(await fleet.ask("SELECT FROM speakers WHERE NOT alive"))


async def test_what_was_prepended_before_is_an_alarm_and_stays_as_it_is(fleet: Fleet) -> None:
    one = speaker(OURS)
    (prefix,) = await fleet.add("31.0.0.0/24")
    async with reconciling(fleet, one):
        await fleet.announce(prefix, prepend=1)  # past the refusal
        await until(lambda: stands(fleet))
        assert one.paths[prefix].as_path == (OURS,)
        await fleet.announce(prefix, prepend=0)
        await until(fleet.settled)

        async def over() -> bool:
            return not await stands(fleet)

        await until(over)


async def stands(fleet: Fleet) -> bool:
    return await fleet.alarms("prepend_lost") == {"one"}


@asynccontextmanager
async def reflected(fleet: Fleet, asn: Asn) -> AsyncIterator[tuple[GobgpSpeaker, Judge]]:
    """A gobgpd of our AS, and a BIRD of this AS that it feeds."""
    require(Part.GOBGP, Part.BIRD)
    peering = Peering("127.0.0.68", asn.number, admin_down=True)
    with gobgpd(address="127.0.0.67", asn=OURS.number, neighbours=[peering]) as daemon:
        feed = Feed("one", daemon.address, daemon.port, daemon.asn)
        with bird_router(address="127.0.0.68", asn=asn.number, speakers=[feed]) as router:
            one = GobgpSpeaker("one", daemon.target)
            edge = Edge({"one": daemon}, {"one": one}, router, BirdListener("bird", router.control))
            yield one, Judge(fleet, edge)
            await one.close()


@pytest.mark.real
async def test_a_route_reflector_loses_a_route_for_its_prepends_and_so_they_are_refused(
    fleet: Fleet,
) -> None:
    (prefix,) = await fleet.add("31.0.0.0/24")
    async with reflected(fleet, OURS) as (one, judge), reconciling(fleet, one, pace=PACE):
        router = judge.edge.router
        await judge.announce(prefix)
        await until(lambda: bool(router.shows(prefix)))
        await until(lambda: refused(fleet))
        assert await judge.lists() == FLAWLESS
        await judge.announce(prefix, prepend=1)  # past the refusal: this is what it is for
        await until(lambda: not router.shows(prefix))
        assert (await one.sent([prefix])) == {"127.0.0.68": frozenset({prefix})}
        await until(lambda: stands(fleet))
        lost = [str(prefix)]  # as the alarm says
        assert named(await judge.lists()) == FLAWLESS | {"lost": lost, "not carried out": lost}
        await judge.announce(prefix)
        await judge.edge.until_seen(prefix)
        assert named(await judge.lists()) == FLAWLESS | {"lost": lost}


@pytest.mark.real
@pytest.mark.parametrize(
    ("asn", "attributes", "seen"),
    [(OURS, BY_COMMUNITY, "(64500,101)"), (OTHER, MARKING, "BGP.as_path: 64500 64500\n")],
    ids=["by community", "to another AS"],
)
async def test_other_prepends_are_seen(
    fleet: Fleet, asn: Asn, attributes: PathAttributes, seen: str
) -> None:
    (prefix,) = await fleet.add("31.0.0.0/24")
    async with (
        reflected(fleet, asn) as (one, judge),
        reconciling(fleet, one, pace=PACE, attributes=attributes),
    ):
        await judge.announce(prefix, prepend=1)
        await until(lambda: seen in judge.edge.router.shows(prefix))
        await until(fleet.settled)
        assert not await refused(fleet)
        assert not await stands(fleet)
        assert await judge.lists() == FLAWLESS
