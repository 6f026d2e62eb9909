"""Routes 4.3: BIRD 3 as a listener; its answers as it words them, version 3.1."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from byoip.adapters.speakers.bird_answers import EveryRoute
from byoip.adapters.speakers.bird_listener import BirdListener
from byoip.domain.asn import Asn
from byoip.domain.prefix import Prefix
from byoip.domain.speakers.sightings import was_gone
from byoip.ports.speakers.speaker import Feed, SpeakerUnanswered
from tests.adapters.bird_script import STATUS, V4, Bird
from tests.many_routes import ipv4

V6 = Prefix.parse("2001:db8:1::/48")
STATIC = (
    "1007-Table master4:\n"
    " 198.51.100.0/24      blackhole [own4 07:31:28.285] * (110)\n"
    "1012-\tpreference: 110\n"
    " \tsource: static\n"
    "1008-\tInternal route handling values: 0L 4G 0S id 1\n"
    "0000 \n"
)
# Two routes: one of a neighbour, with its next hop resolved, and one whose path was set together.
TWO_ROUTES = (
    "1007-Table master4:\n"
    " 198.51.100.0/24      unicast [one 07:31:58.426 from 127.0.0.71] * (100) [AS4200000001i]\n"
    " \tvia 192.0.2.1 on eth0\n"
    "1012-\tpreference: 100\n"
    " \tigp_metric: 0\n"
    " \tfrom: 127.0.0.71\n"
    " \tsource: BGP\n"
    " \tbgp_origin: IGP\n"
    " \tbgp_path: 64500 4200000001\n"
    " \tbgp_next_hop: 192.0.2.1\n"
    " \tbgp_local_pref: 100\n"
    " \tbgp_community: (64500,100)\n"
    "1008-\tInternal route handling values: 0L 8G 0S id 2\n"
    "1007-                     unreachable [two 07:31:58.427 from 127.0.0.73] (100) [i]\n"
    "1012-\tpreference: 100\n"
    " \tsource: BGP\n"
    " \tbgp_path: 64500 {64510 64511}\n"
    "1008-\tInternal route handling values: 0L 9G 0S id 3\n"
    "0000 \n"
)
# Within one AS the path is empty, and the next hop may be looked up in another table.
INTERNAL = (
    "1007-Table master6:\n"
    " 2001:db8:1::/48      recursive [rr 2026-11-25 from 2001:db8::2] * (100) [i]\n"
    " \tvia 2001:db8::1 table master6\n"
    "1012-\tpreference: 100\n"
    " \tfrom: 2001:db8::2\n"
    " \tsource: BGP\n"
    " \tbgp_origin: IGP\n"
    " \tbgp_path: \n"
    " \tbgp_local_pref: 100\n"
    "1008-\tInternal route handling values: 0L 7G 1S id 1\n"
    "0000 \n"
)
PROTOCOLS = (
    "2002-Name       Proto      Table      State  Since         Info\n"
    "1002-device1    Device     ---        up     07:31:28.285\n"
    " one        BGP        ---        up     07:31:58.252  Established   \n"
    "0000 \n"
)
FEEDS = (
    "2002-Name       Proto      Table      State  Since         Info\n"
    "1002-one        BGP        ---        up     2026-11-25    Established   \n"
    "1006-  Created by:  /etc/bird/bird.conf:9:1\n"
    "   BGP state:          Established\n"
    "     Neighbor AS:      64500\n     Local AS:         64501\n"
    "   Channel ipv4\n"
    "     Import state:   UP\n"
    "     Routes:         299 imported, 2 exported, 299 preferred\n"
    "     Route change stats:     received   rejected   filtered    ignored   RX limit\n"
    "   Channel ipv6\n"
    "     Routes:         1 imported, 0 exported, 1 preferred\n"
    " \n0000 \n"
)
THEN, LATER = "2026-11-25 07:31:58.426", "2026-11-26 09:02:11.052"


@pytest.fixture
async def bird(tmp_path: Path) -> AsyncIterator[Bird]:
    bird = Bird(greeting="0001 BIRD 3.1.2 ready.\n")
    bird.answers["show protocols"] = PROTOCOLS
    bird.answers["show status"] = STATUS.format("2026-11-25 14:26:14.440").replace(
        "2.0.12", "3.1.2"
    )
    server = await asyncio.start_unix_server(bird.serve, tmp_path / "bird.ctl")
    yield bird
    server.close()


@pytest.fixture
def listener(bird: Bird, tmp_path: Path) -> BirdListener:
    del bird
    return BirdListener("bird", tmp_path / "bird.ctl", deadline=30)


async def test_routes_of_bird_3_are_seen(bird: Bird, listener: BirdListener) -> None:
    bird.shows(TWO_ROUTES)
    bird.shows(INTERNAL, V6)
    bird.answers['show protocols all "rr"'] = (
        "1002-rr         BGP        ---        up     2026-11-25    Established   \n"
        "1006-  BGP state:          Established\n"
        "     Neighbor AS:      64500\n     Local AS:         64500\n \n0000 \n"
    )
    assert await listener.sees([V4, V6]) == {
        V4: {Asn(4200000001), Asn(64510), Asn(64511)},
        V6: {Asn(64500)},
    }


async def test_what_bird_3_did_not_learn_over_bgp_is_not_seen(
    bird: Bird, listener: BirdListener
) -> None:
    bird.shows(STATIC)
    assert await listener.sees([V4, V6]) == {}


async def test_a_bgp_route_without_a_path_is_no_answer(bird: Bird, listener: BirdListener) -> None:
    bird.shows(TWO_ROUTES.replace("bgp_path: 64500 {", "bgp_road: 64500 {"))
    with pytest.raises(SpeakerUnanswered, match="without an AS path"):
        await listener.sees([V4])


async def test_sessions_of_bird_3_are_counted(bird: Bird, listener: BirdListener) -> None:
    bird.answers["show protocols all"] = FEEDS
    assert await listener.feeds() == {"one": Feed("2026-11-25", 300)}


async def test_very_many_routes_of_bird_3_are_read_at_once(
    bird: Bird, listener: BirdListener
) -> None:
    many = [Prefix.parse(one) for one in ipv4(300)]
    table, *routes, end = TWO_ROUTES.splitlines(keepends=True)
    shown = "".join(routes)
    bird.answers["show protocols all"] = FEEDS
    bird.answers[EveryRoute.COMMAND] = "".join(
        [table, *(shown.replace(" 198.51.100.0/24", f"1007-{one}") for one in many[:-1]), end]
    )
    expected = {Asn(4200000001), Asn(64510), Asn(64511)}
    assert await listener.sees(many) == dict.fromkeys(many[:-1], expected)


async def test_a_route_that_bird_3_lost_and_has_again_was_gone(
    bird: Bird, listener: BirdListener
) -> None:
    """With the numbers by which it counts what it has, which are others then."""
    exact = TWO_ROUTES.replace("one 07:31:58.426", f"one {THEN}")
    exact = exact[: exact.index("1007-   ")] + "0000 \n"
    looks = []
    for shown in (
        exact,
        exact.replace(" 0S id 2", " 1S id 2"),
        exact.replace(THEN, LATER).replace(" id 2", " id 5"),
    ):
        bird.shows(shown)
        looks.append((await listener.sees([V4]))[V4])
    first, refreshed, back = looks
    assert not was_gone(first, refreshed)
    assert was_gone(refreshed, back)
