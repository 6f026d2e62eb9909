"""GoBGP speaks and BIRD listens: what a router on the other side makes of our paths."""

from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

import pytest

from byoip.adapters.bird_listener import BirdListener
from byoip.adapters.gobgp_speaker import GobgpSpeaker
from byoip.domain.asn import Asn
from byoip.domain.prefix import Prefix
from byoip.domain.route import Community, Marking, Path, Route
from byoip.ports.speaker import SpeakerUnanswered
from tests.real.bird_router import BirdRouter, Feed, bird_router
from tests.real.edge import eventually
from tests.real.gobgpd import Gobgpd, Peering, gobgpd
from tests.real.parts import Part, require

ROUTER = "127.0.0.92"
OWN_AS, ROUTER_AS, ORIGIN = Asn(64500), Asn(64501), Asn(4200000001)
PLAIN = Marking(OWN_AS, IPv4Address("192.0.2.1"), IPv6Address("2001:db8::1"))
V4, V6 = Prefix.parse("198.51.100.0/24"), Prefix.parse("2001:db8:1::/48")
ROUTES = [Route(V4, ORIGIN), Route(V6, ORIGIN)]


def paths(*routes: Route, marking: Marking = PLAIN) -> list[Path]:
    made = [marking.path(route) for route in routes]
    return [path for path in made if path]


@dataclass
class Edge:
    """A speaker and the router that it speaks to."""

    daemon: Gobgpd
    speaker: GobgpSpeaker
    router: BirdRouter
    listener: BirdListener

    async def until_seen(self, *prefixes: Prefix) -> None:
        async def seen() -> bool:
            return (await self.listener.sees(prefixes)).keys() == set(prefixes)

        await eventually(seen, seconds=5)

    async def until_gone(self, *prefixes: Prefix) -> None:
        async def gone() -> bool:
            return not await self.listener.sees(prefixes)

        await eventually(gone, seconds=5)

    async def is_heard(self) -> bool:
        return bool(await self.listener.sees([V4, V6]))

    async def until_it_answers(self) -> None:
        async def answers() -> bool:
            try:
                return bool(await self.speaker.local_as())
            except SpeakerUnanswered:
                return False

        await eventually(answers, seconds=5)

    async def announce(self, *routes: Route, marking: Marking = PLAIN) -> str:
        """Announce, and say what the router holds for the first one."""
        await self.speaker.announce(paths(*routes, marking=marking))
        await self.until_seen(*(route.prefix for route in routes))
        return self.router.shows(routes[0].prefix)


@pytest.fixture
async def edge(request: pytest.FixtureRequest) -> AsyncIterator[Edge]:
    """An edge; with the parameter `graceful` the router keeps the routes of a dead speaker."""
    require(Part.GOBGP, Part.BIRD)
    graceful = getattr(request, "param", None) == "graceful"
    peering = Peering(ROUTER, ROUTER_AS.number, admin_down=True, graceful=graceful)
    with ExitStack() as running:
        daemon = running.enter_context(
            gobgpd(address="127.0.0.91", asn=OWN_AS.number, neighbours=[peering])
        )
        feed = Feed("one", daemon.address, daemon.port, daemon.asn, graceful=graceful)
        router = running.enter_context(
            bird_router(address=ROUTER, asn=ROUTER_AS.number, speakers=[feed])
        )
        speaker = GobgpSpeaker("one", daemon.target, deadline=5)
        await speaker.enable(ROUTER)
        router.wait_for_sessions()
        yield Edge(daemon, speaker, router, BirdListener("bird", router.control))
        await speaker.close()


async def test_a_route_of_either_family_arrives_as_desired(edge: Edge) -> None:
    shown = await edge.announce(*ROUTES)
    assert "BGP.as_path: 64500 4200000001\n" in shown
    assert "BGP.next_hop: 192.0.2.1\n" in shown
    assert "BGP.community" not in shown
    assert "BGP.next_hop: 2001:db8::1\n" in edge.router.shows(V6)
    assert await edge.listener.sees([V4, V6]) == {V4: {ORIGIN}, V6: {ORIGIN}}


@pytest.mark.parametrize("prepend", [0, 1, 2, 3])
async def test_the_origin_stands_in_the_path_once_more_for_each_prepend(
    edge: Edge, prepend: int
) -> None:
    shown = await edge.announce(Route(V4, ORIGIN, prepend))
    assert f"BGP.as_path: 64500{' 4200000001' * (prepend + 1)}\n" in shown


async def test_the_speakers_own_as_is_not_repeated_without_prepends(edge: Edge) -> None:
    assert "BGP.as_path: 64500\n" in await edge.announce(Route(V4, OWN_AS))
    assert "BGP.as_path: 64500 64500 64500\n" in await edge.announce(Route(V6, OWN_AS, 2))


async def test_prepends_by_community_leave_the_path_alone(edge: Edge) -> None:
    marking = Marking(
        OWN_AS,
        PLAIN.next_hop4,
        PLAIN.next_hop6,
        communities=frozenset({Community(64500, 100)}),
        prepends=tuple(Community(64500, number) for number in (101, 102, 103)),
    )
    shown = await edge.announce(Route(V4, ORIGIN, 2), marking=marking)
    assert "BGP.as_path: 64500 4200000001\n" in shown
    assert "BGP.community: (64500,100) (64500,102)\n" in shown


async def test_a_change_of_prepends_is_no_withdrawal(edge: Edge) -> None:
    await edge.announce(Route(V4, ORIGIN))
    await edge.speaker.announce(paths(Route(V4, ORIGIN, 3)))

    async def prepended() -> bool:
        return "64500 4200000001 4200000001 4200000001 4200000001\n" in edge.router.shows(V4)

    await eventually(prepended, seconds=5)
    assert [change.what for change in edge.router.changes()] == ["added", "added"]
    assert edge.router.losses() == []


async def test_a_more_specific_comes_and_goes_alone(edge: Edge) -> None:
    inside = Route(Prefix.parse("198.51.100.0/25"), ORIGIN)
    inside6 = Route(Prefix.parse("2001:db8:1:8000::/49"), ORIGIN)
    await edge.announce(*ROUTES, inside, inside6)
    await edge.speaker.withdraw(paths(inside, inside6))
    await edge.until_gone(inside.prefix, inside6.prefix)
    await edge.until_seen(V4, V6)
    assert {loss.prefix for loss in edge.router.losses()} == {inside.prefix, inside6.prefix}


async def test_a_withdrawn_route_is_gone(edge: Edge) -> None:
    await edge.announce(*ROUTES)
    await edge.speaker.withdraw(paths(ROUTES[0]))
    await edge.until_gone(V4)
    await edge.until_seen(V6)
    assert [(loss.speaker, loss.prefix) for loss in edge.router.losses()] == [("one", V4)]


async def test_killed_its_neighbour_withdraws_at_once(edge: Edge) -> None:
    await edge.announce(*ROUTES)
    edge.daemon.kill()
    await edge.until_gone(V4, V6)
    assert len(edge.router.losses()) == 2


async def test_after_a_restart_nothing_is_announced_before_it_is_enabled(edge: Edge) -> None:
    await edge.announce(*ROUTES)
    edge.daemon.kill()
    await edge.until_gone(V4, V6)
    before = len(edge.router.changes())
    edge.daemon.start()
    await edge.until_it_answers()
    await edge.speaker.announce(paths(*ROUTES))
    assert await edge.speaker.sent([V4, V6]) == {}
    with pytest.raises(AssertionError, match="not so"):
        await eventually(edge.is_heard, seconds=3)
    assert len(edge.router.changes()) == before
    await edge.speaker.enable(ROUTER)
    edge.router.wait_for_sessions()
    await edge.until_seen(V4, V6)


@pytest.mark.parametrize("edge", ["graceful"], indirect=True)
async def test_with_graceful_restart_a_dead_speaker_is_not_noticed(edge: Edge) -> None:
    await edge.announce(*ROUTES)
    edge.daemon.kill()
    edge.daemon.start()
    await edge.until_it_answers()
    await edge.speaker.announce(paths(*ROUTES))
    await edge.speaker.enable(ROUTER)
    edge.router.wait_for_sessions()

    async def sent() -> bool:
        return await edge.speaker.sent([V4, V6]) == {ROUTER: frozenset({V4, V6})}

    await eventually(sent, seconds=5)
    await edge.until_seen(V4, V6)
    assert edge.router.losses() == []


async def test_a_router_that_comes_back_hears_everything_again(edge: Edge) -> None:
    await edge.announce(*ROUTES)
    edge.router.kill()
    with pytest.raises(SpeakerUnanswered):
        await edge.listener.sees([V4])
    edge.router.start()
    edge.router.wait_for_sessions()
    await edge.until_seen(V4, V6)
