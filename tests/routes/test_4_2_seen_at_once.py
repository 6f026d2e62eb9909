"""Routes 4.2: a BIRD that has few routes besides ours is asked once for all of them."""

import asyncio
from collections.abc import AsyncIterator, Collection
from datetime import timedelta
from pathlib import Path

import pytest

from byoip.adapters.speakers import bird_listener
from byoip.adapters.speakers.bird_answers import EveryRoute
from byoip.adapters.speakers.bird_listener import BirdListener
from byoip.domain.asn import Asn
from byoip.domain.prefix import Prefix
from byoip.domain.speakers.sightings import Seen, was_gone
from byoip.ports.speakers.speaker import SpeakerUnanswered
from tests.adapters.bird_script import NOT_FOUND, UP, Bird, route, table
from tests.announcing import path
from tests.many_routes import ipv4, ipv6
from tests.real.edge import ROUTER, running_edge

MANY = [Prefix.parse(one) for one in ipv4(300)]
THERE, ABSENT = MANY[:-1], MANY[-1]
SECOND = "                     unreachable [two 13:26:15.001 from 127.0.0.73] (100) [AS7i]\n"


def feeds(imported: int) -> str:
    return (
        f"1002-one        BGP        ---        {UP}\n"
        "1006-  BGP state:          Established\n"
        f"     Routes:         {imported} imported, 0 exported, {imported} preferred\n"
        "0000 \n"
    )


@pytest.fixture
def bird() -> Bird:
    bird = Bird()
    bird.answers["show protocols all"] = feeds(len(THERE))
    bird.answers[EveryRoute.COMMAND] = table(
        *(route(" 64500", prefix=str(one)) for one in [*THERE, "20.99.0.0/16"])
    )
    for one in THERE:
        bird.shows(table(route(" 64500", prefix=str(one))), one)
    return bird


@pytest.fixture
async def listener(bird: Bird, tmp_path: Path) -> AsyncIterator[BirdListener]:
    server = await asyncio.start_unix_server(bird.serve, tmp_path / "bird.ctl")
    yield BirdListener("bird", tmp_path / "bird.ctl", deadline=30)
    server.close()


def questions(bird: Bird) -> int:
    return sum(one.startswith("show route") for one in bird.asked)


async def test_many_routes_are_asked_for_with_one_question(
    bird: Bird, listener: BirdListener
) -> None:
    assert await listener.sees(MANY) == {one: {Asn(64500)} for one in THERE}
    assert questions(bird) == 1


async def test_among_those_of_a_full_table_they_are_asked_for_one_by_one(
    bird: Bird, listener: BirdListener
) -> None:
    bird.answers["show protocols all"] = feeds(1_000_000)
    assert await listener.sees(MANY) == {one: {Asn(64500)} for one in THERE}
    assert questions(bird) == len(MANY)


async def test_where_it_cannot_show_all_they_are_asked_for_one_by_one(
    bird: Bird, listener: BirdListener
) -> None:
    bird.answers[EveryRoute.COMMAND] = "9001 syntax error, unexpected CF_SYM_UNDEFINED\n"
    assert await listener.sees(MANY) == {one: {Asn(64500)} for one in THERE}
    assert questions(bird) == 1 + len(MANY)


async def test_all_routes_to_a_prefix_count(bird: Bird, listener: BirdListener) -> None:
    first, second = route(" 64500", prefix=str(MANY[0])), SECOND + "1008-\tType: BGP univ\n"
    bird.answers[EveryRoute.COMMAND] = table(
        first, second + " \tBGP.as_path: 7\n", route(" 64500", prefix=str(MANY[1]))
    )
    assert await listener.sees(MANY) == {MANY[0]: {Asn(64500), Asn(7)}, MANY[1]: {Asn(64500)}}


@pytest.mark.parametrize("shown", [NOT_FOUND[:4], table("odd\n"), "0001-\n", ""])
async def test_what_cannot_be_read_is_no_answer(
    bird: Bird, listener: BirdListener, shown: str
) -> None:
    bird.answers[EveryRoute.COMMAND] = shown
    bird.hangs_up = True
    with pytest.raises(SpeakerUnanswered):
        await listener.sees(MANY)


@pytest.mark.real
async def test_a_real_bird_says_the_same_at_once_and_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = [*MANY, *(Prefix.parse(one) for one in ipv6(300))]
    async with running_edge("one", "two") as edge:
        for each in edge.speakers.values():
            await each.announce([path(one) for one in asked if one != ABSENT])
            await each.enable(ROUTER)
        edge.router.wait_for_sessions()
        await edge.until_seen(*asked[:-300:50], *asked[300:])
        listener = BirdListener("router", edge.router.control, settling=timedelta(0))
        at_once = await listener.sees(asked)
        monkeypatch.setattr(bird_listener, "_FEWEST_AT_ONCE", 1e9)
        one_by_one = await listener.sees(asked)
        assert len(at_once) == len(asked) - 1
        assert at_once == one_by_one
        for one, before in at_once.items():
            assert not was_gone(before, one_by_one[one])
            assert shown(before) == shown(one_by_one[one])


def shown(seen: Collection[Asn]) -> set[str]:
    assert isinstance(seen, Seen)
    return {each.shown for each in seen.paths}
