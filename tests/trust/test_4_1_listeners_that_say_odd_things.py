"""Trust 4.1, the whole kind: a listener that says odd things, or too much, counts as silent."""

import asyncio
import re
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from byoip.adapters.speakers import bird_answers
from byoip.adapters.speakers.bird_answers import EveryRoute
from byoip.adapters.speakers.bird_listener import BirdListener
from byoip.domain.prefix import Prefix
from byoip.domain.speakers.sightings import Seen
from byoip.ports.speakers.speaker import SpeakerUnanswered
from tests.adapters.bird_script import GREETING, RESTRICTED, UP, V4, Bird, protocols, route, table

MANY = [Prefix.parse(f"20.0.{number}.0/24") for number in range(250)]
LONG = "".join(f" \tBGP.{number}: {'x' * 60_000}\n" for number in range(12))


@asynccontextmanager
async def served(bird: Bird, tmp_path: Path) -> AsyncIterator[BirdListener]:
    server = await asyncio.start_unix_server(bird.serve, tmp_path / "bird.ctl")
    try:
        yield BirdListener("hostile", tmp_path / "bird.ctl")
    finally:
        server.close()


@pytest.mark.parametrize("since", ["2026-13-29 01:00:00.000", "2026-02-30 25:00:00.000"])
async def test_a_time_that_is_none_is_no_answer(tmp_path: Path, since: str) -> None:
    bird = Bird()
    shown = table(route("64500").replace("13:26:14.440", since))
    bird.shows(shown)
    bird.answers["show protocols all"] = protocols(UP)
    bird.answers[EveryRoute.COMMAND] = shown
    async with served(bird, tmp_path) as listener:
        for asked in ([V4], [V4, *MANY]):
            with pytest.raises(SpeakerUnanswered, match="not a time"):
                await listener.sees(asked)


async def test_a_clock_that_is_none_is_no_answer(tmp_path: Path) -> None:
    bird = Bird()
    bird.shows(table(route("64500")))
    status = bird.answers["show status"]
    (shown,) = re.findall("Current server time is (.*)", status)
    bird.answers["show status"] = status.replace(shown, "2026-13-29 01:00:00.000")
    async with served(bird, tmp_path) as listener:
        with pytest.raises(SpeakerUnanswered, match="not a time"):
            await listener.sees([V4])


async def test_an_as_of_thousands_of_digits_is_no_answer(tmp_path: Path) -> None:
    bird = Bird()
    bird.shows(table(route(f" {'9' * 5000} 64500")))
    async with served(bird, tmp_path) as listener:
        with pytest.raises(SpeakerUnanswered, match="not an AS number"):
            await listener.sees([V4])


async def test_an_answer_of_short_lines_has_an_end(tmp_path: Path) -> None:
    bird = Bird()
    bird.shows("1007-\n" + " \n" * 100_000 + "0000 \n")
    async with served(bird, tmp_path) as listener:
        with pytest.raises(SpeakerUnanswered, match="an answer larger than"):
            await listener.sees([V4])


async def test_all_that_it_shows_one_by_one_has_an_end(tmp_path: Path) -> None:
    async with served(_Talkative(), tmp_path) as listener:
        with pytest.raises(SpeakerUnanswered, match="more than the routes that it has"):
            await listener.sees(MANY[:100])


async def test_long_attributes_are_compared_and_not_kept(tmp_path: Path) -> None:
    """A megabyte of each of a thousand routes was kept until others took its place."""
    bird, seen = Bird(), []
    kept = bird_answers._kind.cache_info().misses
    async with served(bird, tmp_path) as listener:
        for number in (1, 1, 2):
            bird.shows(table(route("64500") + f" \tBGP.community: (65000,{number})\n" + LONG))
            found = (await listener.sees([V4]))[V4]
            assert isinstance(found, Seen)
            seen += [one.shown for one in found.paths]
    assert seen[0] == seen[1]
    assert seen[1] != seen[2]
    assert max(map(len, seen)) < 100
    assert bird_answers._kind.cache_info().misses == kept


async def test_all_that_it_shows_has_an_end(tmp_path: Path) -> None:
    async with served(_Endless(), tmp_path) as listener:
        with pytest.raises(SpeakerUnanswered, match="more than the routes that it has"):
            await listener.sees(MANY)


class _Endless(Bird):
    """Has few routes, it says, and never comes to the end of the first."""

    async def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        writer.write(GREETING.encode())
        said = {**Bird().answers, "show protocols all": protocols(UP)}
        with suppress(ConnectionError):
            while line := await reader.readline():
                writer.write(said.get(line.decode().strip(), "1007-\n").encode())
                while EveryRoute.COMMAND in line.decode():
                    writer.write(b" \tx\n" * 10_000)
                    await writer.drain()
        writer.close()


class _Talkative(Bird):
    """Shows a long route to whatever it is asked for."""

    async def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        writer.write(GREETING.encode())
        with suppress(ConnectionError):
            while line := (await reader.readline()).decode().strip():
                shown = re.fullmatch("show route (.*) all", line)
                other = self.answers.get(line, RESTRICTED)
                said = table(route("64500", prefix=shown[1]) + LONG) if shown else other
                writer.write(said.encode())
                await writer.drain()
        writer.close()
