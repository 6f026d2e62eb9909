"""Trust 4.1, the whole kind: a listener that shows thousands of paths of a route stops no loop.

Each path of a look was compared with each of the look before: seven thousand held the event loop of
a worker, or of an API process that watches, for most of the minute after which a process is ended.
"""

import asyncio
import random
import time
from collections.abc import Coroutine, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from byoip.adapters.speakers.bird_listener import BirdListener
from byoip.domain.prefix import Prefix
from byoip.domain.speakers.sightings import Reading, Seen, SeenPath, was_gone
from byoip.ports.speakers.speaker import Feed, Feeds
from byoip.store.speakers.routes import Routes
from byoip.usecases.speakers.monitor import MonitorRoutes
from byoip.usecases.speakers.observe import ObserveRoutes
from tests.adapters.bird_script import STATUS, V4, Bird
from tests.announcing import OURS, Fleet

PATHS = 7000  # in an answer of less than a megabyte
CLOCK = datetime.fromisoformat("2026-11-29 03:00:00.000")
LAST = datetime.fromisoformat("9999-12-31 23:59:59.999")
HELD = 0.15  # seconds of the processor; some 0.3 for all routes at once
SECONDS = 2.0  # of the processor; some 40 where each is compared with each


def shown(began: datetime) -> str:
    """One route by very many paths, all of one kind, each with a time of its own."""
    paths = []
    for number in range(PATHS):
        at = (began + timedelta(seconds=number)).isoformat(" ", "milliseconds")
        head = f"1007-{V4}" if not number else "1007- "
        paths.append(f"{head} unicast [a {at}] (1) [AS65000i]\n")
        paths.append("1008-\tType: BGP\n1012-\tBGP.as_path: 65000\n")
    return f"1007-Table master4:\n{''.join(paths)}0000 \n"


async def test_paths_that_all_came_anew_are_compared_in_time(tmp_path: Path) -> None:
    bird = Bird()
    bird.answers["show status"] = STATUS.format(CLOCK.isoformat(" ", "milliseconds"))
    server = await asyncio.start_unix_server(bird.serve, tmp_path / "bird.ctl")
    async with server:
        listener = BirdListener("hostile", tmp_path / "bird.ctl")
        bird.shows(shown(CLOCK - timedelta(days=1)))
        before = (await listener.sees([V4]))[V4]
        bird.shows(shown(CLOCK - timedelta(hours=1, seconds=0.5)))
        now = (await listener.sees([V4]))[V4]
    assert isinstance(before, Seen)
    assert isinstance(now, Seen)
    assert len(before.paths) == len(now.paths) == PATHS
    began = time.process_time()
    assert was_gone(before, now)
    assert time.process_time() - began < SECONDS


@pytest.mark.parametrize("moved", [timedelta(0), timedelta(seconds=0.3)])
def test_a_route_as_of_the_end_of_time_is_compared(moved: timedelta) -> None:
    before, now = seen([LAST]), seen([LAST - moved])
    assert was_gone(before, now) is bool(moved)


def test_they_are_compared_as_each_with_each() -> None:
    chance = random.Random(1)  # noqa: S311 - not for secrets
    ends = set[bool]()
    for _ in range(3000):
        step = chance.choice([0.05, 0.4, 3.0])
        before, now = (
            [CLOCK + timedelta(seconds=step * chance.randrange(50)) for _ in range(many)]
            for many in (chance.randrange(1, 5), chance.randrange(1, 5))
        )
        moved = timedelta(seconds=chance.choice([0.0, 0.02, 0.5, -7.0]))
        length = chance.choice([0.001, 0.2])
        then = seen(before, Reading(CLOCK, 100.0, 100.0 + length))
        again = seen(now, Reading(CLOCK + moved + timedelta(seconds=5), 105.0, 105.0 + length))
        spared = timedelta(seconds=length) + timedelta(milliseconds=100)
        stayed = set(before) & set(now) or any(
            moved - spared <= late - early <= moved + spared for early in before for late in now
        )
        assert was_gone(then, again) is not bool(stayed)
        ends.add(bool(stayed))
    assert ends == {True, False}


class Ear:
    """Hears routes by many paths each, all of which come anew between two looks."""

    name = "hostile"
    looks = 0
    ROUTES = tuple(f"31.0.{number}.0/24" for number in range(60))

    def __init__(self) -> None:
        self._at = [
            seen([CLOCK + timedelta(days=look, seconds=3 * number) for number in range(2000)])
            for look in range(2)
        ]

    async def sees(self, prefixes: object) -> dict[Prefix, Seen]:
        del prefixes
        self.looks += 1
        return {Prefix.parse(one): self._at[self.looks % 2] for one in self.ROUTES}

    async def feeds(self) -> Feeds:
        return {"one": Feed("2026-11-29 00:00:00", 1)}


async def test_others_have_their_turn_between_two_routes(fleet: Fleet) -> None:
    for one in Ear.ROUTES:
        await fleet.add(one, advertised=True)
    await fleet.do("UPDATE bgp_prefixes SET settled = change")
    observe = ObserveRoutes([Ear()])
    monitor = MonitorRoutes(Routes(fleet.engine), fleet.store, fleet.clock, observe)
    await monitor([])
    turns = await _turns_during(monitor([]))
    told = await fleet.ask("SELECT FROM events WHERE kind = 'bgp_prefix.lost_and_back'")
    assert len(told) == len(Ear.ROUTES)
    assert max(turns) < HELD


async def _turns_during(work: Coroutine[Any, Any, None]) -> Sequence[float]:
    """Seconds of the processor between two turns of the event loop, while the work is done."""
    working, turns = asyncio.create_task(work), [0.0]
    while not working.done():
        began = time.thread_time()
        await asyncio.sleep(0)
        turns.append(time.thread_time() - began)
    await working
    return turns


def seen(times: Sequence[datetime], clock: Reading | None = None) -> Seen:
    paths = [SeenPath("a", one.isoformat(" ", "milliseconds")) for one in times]
    return Seen.by([OURS], paths, clock)
