"""GoBGP speaks and BIRD listens: what a router on the other side makes of our paths."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from ipaddress import IPv4Address, IPv6Address

import pytest

from byoip.domain.asn import Asn
from byoip.domain.prefix import Prefix
from byoip.domain.routes.route import Community, Path, PathAttributes, Route
from byoip.ports.speakers.speaker import SpeakerUnanswered
from tests.real.edge import ROUTER, Edge, eventually, running_edge
from tests.real.edge import SPEAKERS_AS as OWN_AS

ORIGIN = Asn(4200000001)
PLAIN = PathAttributes(OWN_AS, IPv4Address("192.0.2.1"), IPv6Address("2001:db8::1"))
V4, V6 = Prefix.parse("198.51.100.0/24"), Prefix.parse("2001:db8:1::/48")
ROUTES = [Route(V4, ORIGIN), Route(V6, ORIGIN)]


def paths(*routes: Route, marking: PathAttributes = PLAIN) -> list[Path]:
    made = [marking.path(route) for route in routes]
    return [path for path in made if path]


async def announce(edge: Edge, *routes: Route, marking: PathAttributes = PLAIN) -> str:
    """Announce, and say what the router holds for the first edge.speakers["one"]."""
    await edge.speakers["one"].announce(paths(*routes, marking=marking))
    await edge.until_seen(*(route.prefix for route in routes))
    return edge.router.shows(routes[0].prefix)


async def left(edge: Edge, name: str) -> bool:
    return f"[{name} " not in edge.router.shows(V4) + edge.router.shows(V6)


async def came(edge: Edge, name: str) -> bool:
    return all(f"[{name} " in edge.router.shows(prefix) for prefix in (V4, V6))


@pytest.fixture
async def edge() -> AsyncIterator[Edge]:
    async with running_edge() as edge:
        await edge.up()
        yield edge


async def test_a_route_of_either_family_arrives_as_desired(edge: Edge) -> None:
    shown = await announce(edge, *ROUTES)
    assert "BGP.as_path: 64500 4200000001\n" in shown
    assert "BGP.next_hop: 192.0.2.1\n" in shown
    assert "BGP.community" not in shown
    assert "BGP.next_hop: 2001:db8::1\n" in edge.router.shows(V6)
    assert await edge.listener.sees([V4, V6]) == {V4: {ORIGIN}, V6: {ORIGIN}}


@pytest.mark.parametrize("prepend", [0, 1, 2, 3])
async def test_the_origin_stands_in_the_path_once_more_for_each_prepend(
    edge: Edge, prepend: int
) -> None:
    shown = await announce(edge, Route(V4, ORIGIN, prepend))
    assert f"BGP.as_path: 64500{' 4200000001' * (prepend + 1)}\n" in shown


async def test_the_speakers_own_as_is_not_repeated_without_prepends(edge: Edge) -> None:
    assert "BGP.as_path: 64500\n" in await announce(edge, Route(V4, OWN_AS))
    assert "BGP.as_path: 64500 64500 64500\n" in await announce(edge, Route(V6, OWN_AS, 2))


async def test_prepends_by_community_leave_the_path_alone(edge: Edge) -> None:
    marking = PathAttributes(
        OWN_AS,
        PLAIN.next_hop4,
        PLAIN.next_hop6,
        communities=frozenset({Community(64500, 100)}),
        prepends=tuple(Community(64500, number) for number in (101, 102, 103)),
    )
    shown = await announce(edge, Route(V4, ORIGIN, 2), marking=marking)
    assert "BGP.as_path: 64500 4200000001\n" in shown
    assert "BGP.community: (64500,100) (64500,102)\n" in shown


async def test_a_change_of_prepends_is_no_withdrawal(edge: Edge) -> None:
    await announce(edge, Route(V4, ORIGIN))
    await edge.speakers["one"].announce(paths(Route(V4, ORIGIN, 3)))

    async def prepended() -> bool:
        return "64500 4200000001 4200000001 4200000001 4200000001\n" in edge.router.shows(V4)

    await eventually(prepended, seconds=30)
    assert [change.what for change in edge.router.changes()] == ["added", "added"]
    assert edge.router.losses() == []


async def test_a_more_specific_comes_and_goes_alone(edge: Edge) -> None:
    inside = Route(Prefix.parse("198.51.100.0/25"), ORIGIN)
    inside6 = Route(Prefix.parse("2001:db8:1:8000::/49"), ORIGIN)
    await announce(edge, *ROUTES, inside, inside6)
    await edge.speakers["one"].withdraw(paths(inside, inside6))
    await edge.until_gone(inside.prefix, inside6.prefix)
    await edge.until_seen(V4, V6)
    assert {loss.prefix for loss in edge.router.losses()} == {inside.prefix, inside6.prefix}


async def test_a_withdrawn_route_is_gone(edge: Edge) -> None:
    await announce(edge, *ROUTES)
    await edge.speakers["one"].withdraw(paths(ROUTES[0]))
    await edge.until_gone(V4)
    await edge.until_seen(V6)
    assert [(loss.speaker, loss.prefix) for loss in edge.router.losses()] == [("one", V4)]


async def test_killed_its_neighbour_withdraws_at_once(edge: Edge) -> None:
    await announce(edge, *ROUTES)
    edge.daemons["one"].kill()
    await edge.until_gone(V4, V6)
    assert len(edge.router.losses()) == 2


async def test_after_a_restart_nothing_is_announced_before_it_is_enabled(edge: Edge) -> None:
    await announce(edge, *ROUTES)
    edge.daemons["one"].kill()
    await edge.until_gone(V4, V6)
    before = len(edge.router.changes())
    edge.daemons["one"].start()
    await edge.until_it_answers("one")
    await edge.speakers["one"].announce(paths(*ROUTES))
    assert await edge.speakers["one"].sent([V4, V6]) == {}

    async def refused() -> bool:
        return edge.router.refusals() >= 3

    await eventually(refused)
    assert len(edge.router.changes()) == before
    await edge.speakers["one"].enable(ROUTER)
    edge.router.wait_for_sessions()
    await edge.until_seen(V4, V6)


async def test_with_graceful_restart_a_dead_speaker_is_not_noticed() -> None:
    async with running_edge(graceful=True) as edge:
        await edge.up()
        await announce(edge, *ROUTES)
        edge.daemons["one"].kill()
        edge.daemons["one"].start()
        await edge.until_it_answers("one")
        await edge.speakers["one"].announce(paths(*ROUTES))
        await edge.up()

        async def came_again() -> bool:
            again = {one.prefix for one in edge.router.changes() if one.what == "ignored"}
            return again == {V4, V6}

        await eventually(came_again)
        await edge.until_seen(V4, V6)
        assert edge.router.losses() == []


async def test_a_speaker_that_forgot_takes_its_routes_away_unless_its_sessions_are_down() -> None:
    async with running_edge(graceful=True, admin_down=False) as edge:
        edge.router.wait_for_sessions()
        await announce(edge, *ROUTES)
        edge.daemons["one"].kill()
        edge.daemons["one"].start()
        await edge.until_gone(V4, V6, seconds=15)
        assert len(edge.router.losses()) == 2


async def test_while_one_of_two_speakers_is_away_the_other_keeps_the_routes_up() -> None:
    async with running_edge("one", "two") as edge:
        await edge.up()
        for name, speaker in edge.speakers.items():
            await speaker.announce(paths(*ROUTES))
            await eventually(partial(came, edge, name))
        for name, daemon in edge.daemons.items():
            daemon.kill()
            await eventually(partial(left, edge, name))
            daemon.start()
            await edge.until_it_answers(name)
            await edge.speakers[name].announce(paths(*ROUTES))
            await edge.up(name)
            await eventually(partial(came, edge, name))
        assert edge.router.losses() == []


async def test_a_router_that_comes_back_hears_everything_again(edge: Edge) -> None:
    await announce(edge, *ROUTES)
    edge.router.kill()
    with pytest.raises(SpeakerUnanswered):
        await edge.listener.sees([V4])
    edge.router.start()
    edge.router.wait_for_sessions()
    await edge.until_seen(V4, V6)


async def test_killed_in_the_middle_of_many_it_is_unanswered_and_all_can_be_said_again() -> None:
    many = paths(
        *(Route(Prefix.parse(f"11.{i // 256}.{i % 256}.0/24"), ORIGIN) for i in range(20000))
    )
    async with running_edge() as edge:
        speaker, daemon = edge.speakers["one"], edge.daemons["one"]
        await edge.up()
        announcing = asyncio.create_task(speaker.announce(many))
        await edge.until_seen(many[0].prefix)
        daemon.kill()
        with pytest.raises(SpeakerUnanswered):
            await announcing
        daemon.start()
        await edge.until_it_answers("one")
        await speaker.announce(many)
        assert len(await speaker.held()) == len(many)
        await edge.up()
        await edge.until_seen(*(path.prefix for path in many))
