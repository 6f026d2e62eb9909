"""What only the adapter for BIRD promises: its limits, and what it makes of odd answers."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from byoip.adapters.speakers.bird_listener import BirdListener
from byoip.domain.asn import Asn
from byoip.domain.prefix import Prefix
from byoip.ports.speakers.speaker import SpeakerUnanswered
from tests.adapters.bird_script import STATIC, STATUS, V4, Bird, protocols, route, table

V6 = Prefix.parse("2001:db8:1::/48")


@pytest.fixture
def bird() -> Bird:
    return Bird()


@pytest.fixture
async def listener(bird: Bird, tmp_path: Path) -> AsyncIterator[BirdListener]:
    control = tmp_path / "bird.ctl"
    server = await asyncio.start_unix_server(bird.serve, control)
    yield BirdListener("bird", control, deadline=30)
    server.close()


@pytest.mark.parametrize(
    ("as_path", "origins"),
    [
        (" 64500", {64500}),
        (" 64500 64510 4200000001", {4200000001}),
        (" 64500 4200000001 4200000001", {4200000001}),
        (" 64500 {64510 64511}", {64510, 64511}),
        (" {64510}", {64510}),
        (" (64512 64513) 64510", {64510}),
        (" 64500 (64512)", {64500}),
    ],
)
async def test_the_origin_is_what_ends_the_path(
    bird: Bird, listener: BirdListener, as_path: str, origins: set[int]
) -> None:
    bird.shows(table(route(as_path)))
    assert await listener.sees([V4]) == {V4: set(map(Asn, origins))}


async def test_an_empty_path_comes_from_birds_own_as(bird: Bird, listener: BirdListener) -> None:
    bird.shows(table(route("")))
    bird.shows(table(route("", prefix=str(V6))), V6)
    bird.answers['show protocols all "one"'] = (
        "1002-one        BGP        ---        up     13:34:13.139  Established   \n"
        "1006-  BGP state:          Established\n"
        "     Neighbor AS:      64501\n     Local AS:         64501\n \n0000 \n"
    )
    assert await listener.sees([V4, V6]) == {V4: {Asn(64501)}, V6: {Asn(64501)}}
    assert bird.asked.count('show protocols all "one"') == 1


async def test_a_path_that_is_cut_off_has_its_origin_in_the_head(
    bird: Bird, listener: BirdListener
) -> None:
    cut = route(" 64500 64510 4200000...")
    bird.shows(table(cut))
    assert await listener.sees([V4]) == {V4: {Asn(1)}}
    bird.shows(table(cut.replace("[AS1i]", "[i]")))
    with pytest.raises(SpeakerUnanswered):
        await listener.sees([V4])


async def test_only_what_came_over_bgp_counts(bird: Bird, listener: BirdListener) -> None:
    bird.shows(table(STATIC))
    assert await listener.sees([V4]) == {}
    bird.shows(table(STATIC, route(" 64500", prefix="")))
    assert await listener.sees([V4]) == {V4: {Asn(64500)}}


async def test_it_gives_up_its_rights_before_it_asks(bird: Bird, listener: BirdListener) -> None:
    assert await listener.sees([V4, V6]) == {}
    routes = [f"show route {V4} all", f"show route {V6} all"]
    assert bird.asked == ["restrict", "show status", *routes, "show protocols", "show status"]


@pytest.mark.parametrize(
    "sessions",
    [
        pytest.param([], id="none"),
        ["start  13:26:14.252  Active        Socket: Connection refused"],
        ["down   13:26:14.252  Idle          "],
        ["start  13:26:14.252  OpenConfirm   "],
    ],
)
async def test_without_an_established_session_there_is_no_answer(
    bird: Bird, listener: BirdListener, sessions: list[str]
) -> None:
    bird.answers["show protocols"] = protocols(*sessions)
    for asked in ([V4], []):
        with pytest.raises(SpeakerUnanswered, match="established"):
            await listener.sees(asked)
    bird.shows(table(route(" 64500")))  # kept through a graceful restart, perhaps
    with pytest.raises(SpeakerUnanswered, match="established"):
        await listener.sees([V4])


@pytest.mark.parametrize(
    ("since", "now"),
    [
        ("13:26:14.252", "2026-11-25 13:26:16.440"),
        ("13:26:14", "2026-11-25 13:26:18"),
        ("2026-11-25 13:26:14.252018", "2026-11-25 13:26:16.440132"),
        ("2026-11-25 23:59:59.252018", "2026-11-26 00:00:02.440132"),
        ("23:59:59.252", "2026-11-26 00:00:02.440"),
        ("23:59:59.252", "00:00:02.440"),
    ],
)
async def test_what_a_session_that_just_came_up_does_not_show_is_not_absent(
    bird: Bird, listener: BirdListener, since: str, now: str
) -> None:
    bird.answers["show protocols"] = protocols(f"up     {since}  Established   ")
    bird.answers["show status"] = STATUS.format(now)
    with pytest.raises(SpeakerUnanswered, match="just come up"):
        await listener.sees([V4])
    bird.shows(table(route(" 64500")))
    assert await listener.sees([V4]) == {V4: {Asn(64500)}}  # what is there is there
    with pytest.raises(SpeakerUnanswered, match="just come up"):
        await listener.sees([V4, V6])


@pytest.mark.parametrize(
    ("since", "now"),
    [
        ("13:26:14.252", "2026-11-25 13:26:20.440"),
        ("2026-11-24", "2026-11-25 13:26:20.440"),
        ("2026-11-24 13:26:14.252", "2026-11-25 13:26:15.440"),
        ("noonish", "2026-11-25 13:26:20.440"),
        ("13:26:14.252", "noonish"),
    ],
    ids=["six seconds", "a date", "a day", "a format of their own", "another one"],
)
async def test_a_session_that_has_been_up_for_a_while_shows_all(
    bird: Bird, listener: BirdListener, since: str, now: str
) -> None:
    young = "up     13:26:20.000  Established   "
    bird.answers["show protocols"] = protocols(young, f"up     {since}  Established   ")
    bird.answers["show status"] = STATUS.format(now)
    assert await listener.sees([V4]) == {}


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("show protocols", "9001 syntax error\n"),
        ("show status", "9001 syntax error\n"),
        ("show status", "1000-BIRD 2.0.12\n0013 Daemon is up and running\n"),
        ("show status", STATUS.format("2026-11-25").replace("0013", "0014")),
        ("show status", STATUS.format("2026-13-25 29:00:00")),
    ],
)
async def test_sessions_that_cannot_be_read_are_no_answer(
    bird: Bird, listener: BirdListener, question: str, answer: str
) -> None:
    bird.answers["show protocols"] = protocols("up     2026-11-25 13:26:14.252  Established   ")
    bird.answers[question] = answer
    with pytest.raises(SpeakerUnanswered):
        await listener.sees([V4])


@pytest.mark.parametrize(
    "greeting",
    ["0001 BIRD 1.6.8 ready.\n", "220 mail.example ESMTP\n", "\n", "x" * 100_000],
    ids=["BIRD 1", "mail", "empty", "no line"],
)
async def test_a_stranger_is_no_answer(bird: Bird, listener: BirdListener, greeting: str) -> None:
    bird.greeting = greeting
    with pytest.raises(SpeakerUnanswered):
        await listener.sees([V4])


ODD = {
    "an error": "9001 syntax error\n",
    "another error": "8003 No protocols match\n",
    "no end": "1007-Table master4:\n",
    "no code": "nonsense\n",
    "another prefix": table(route(" 64500", prefix="198.51.0.0/16")),
    "no prefix": table(route(" 64500", prefix="")),
    "a word in the path": table(route(" sixty")),
    "beyond 32 bits": table(route(" 4294967296")),
    "no path": table(route(" 64500").replace("BGP.as_path", "BGP.path")),
    "attributes of nothing": "1008-\tType: BGP univ\n0000 \n",
    "no route": "1007-something else\n0000 \n",
    "too large": table(*[route(" 64500")] * 5000),
}


@pytest.mark.parametrize("answer", ODD.values(), ids=ODD)
async def test_what_cannot_be_read_is_no_answer(
    bird: Bird, listener: BirdListener, answer: str
) -> None:
    bird.shows(answer)
    listener._deadline = 0.5  # some have no end
    with pytest.raises(SpeakerUnanswered):
        await listener.sees([V4])


async def test_hanging_up_half_way_is_no_answer(bird: Bird, listener: BirdListener) -> None:
    bird.hangs_up = True
    bird.shows(table(route(" 64500"))[:-5])
    with pytest.raises(SpeakerUnanswered, match="hung up"):
        await listener.sees([V4])


async def test_not_being_restricted_is_no_answer(bird: Bird, listener: BirdListener) -> None:
    bird.answers["restrict"] = "9001 syntax error\n"
    with pytest.raises(SpeakerUnanswered, match="restrict"):
        await listener.sees([V4])
    assert bird.asked == ["restrict"]


async def test_no_socket_is_no_answer(tmp_path: Path) -> None:
    with pytest.raises(SpeakerUnanswered):
        await BirdListener("bird", tmp_path / "none", deadline=1).sees([V4])
