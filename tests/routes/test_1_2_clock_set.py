"""Routes 1.2: a router whose clock is set moves the times of all its routes, and has lost none."""

import asyncio
import re
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from byoip.adapters.speakers.bird_listener import BirdListener
from byoip.domain.asn import Asn
from byoip.domain.prefix import Prefix
from byoip.domain.speakers.sightings import Reading, Seen, SeenPath, Sightings, was_gone
from byoip.domain.speakers.travel import marks
from byoip.ports.speakers.speaker import SpeakerUnanswered
from byoip.worker.pace import Pace
from tests.announcing import Fleet, reconciling, until
from tests.real.edge import ROUTER, running_edge
from tests.routes.judging import FLAWLESS, Judge, named
from tests.routes.test_1_2_watcher import told

CAME = datetime.fromisoformat("2026-11-29 03:25:26.196")
LOOKED = datetime.fromisoformat("2026-11-29 04:00:00.000")
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("clock_set", "moved", "gone"),
    [
        (HOUR, HOUR, False),
        (-HOUR, -HOUR, False),
        (timedelta(seconds=0.5), timedelta(seconds=0.5), False),  # NTP, bit by bit
        (timedelta(0), timedelta(seconds=0.3), True),
        (HOUR, HOUR + timedelta(seconds=5), True),
    ],
)
def test_a_time_that_moves_with_the_clock_is_no_loss(
    clock_set: timedelta, moved: timedelta, *, gone: bool
) -> None:
    looks = 600.0  # seconds apart
    before = seen(CAME, Reading(LOOKED, 1000.0, 1000.01))
    then = LOOKED + timedelta(seconds=looks) + clock_set
    now = seen(CAME + moved, Reading(then, 1000.0 + looks, 1000.01 + looks))
    assert was_gone(before, now) is gone


def test_what_is_told_by_new_settings_is_not_seen_by_a_clock_that_is_set() -> None:
    prefix = Prefix.parse("31.0.0.0/24")
    before, now = (
        marks(Sightings({"router": {prefix: seen(at, None)}})) for at in (CAME, CAME + HOUR)
    )
    assert before == now


def seen(since: datetime, clock: Reading | None) -> Seen:
    path = SeenPath("one\tBGP.as_path: 64500", since.isoformat(" ", "milliseconds"))
    return Seen.by([Asn(64500)], [path], clock)


@dataclass
class OtherClock:
    """Before a BIRD's control socket: every time that it shows is later by so much.

    BIRD reckons each from its age and its clock as of now [tried, with a clock that was set].
    """

    control: Path
    later: timedelta = timedelta(0)
    meanwhile: timedelta = timedelta(0)  # and by so much more after each look at the clock itself
    asked: int = 0
    _times: re.Pattern[str] = field(
        default=re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}"), init=False
    )

    async def serve(self, near: StreamReader, to_near: StreamWriter) -> None:
        self.asked += 1
        far, to_far = await asyncio.open_unix_connection(self.control)
        asking = asyncio.ensure_future(self._pass_on(near, to_far))
        with suppress(OSError):
            while line := await far.readline():
                to_near.write(self._times.sub(self._moved, line.decode()).encode())
                self.later += self.meanwhile if b"server time" in line else timedelta(0)
        asking.cancel()
        to_near.close()

    def _moved(self, found: re.Match[str]) -> str:
        return (datetime.fromisoformat(found[0]) + self.later).isoformat(" ", "milliseconds")

    async def _pass_on(self, near: StreamReader, to_far: StreamWriter) -> None:
        try:
            with suppress(OSError):
                while read := await near.read(1024):
                    to_far.write(read)
        finally:
            to_far.close()


@asynccontextmanager
async def other_clock(control: Path, directory: Path) -> AsyncIterator[tuple[OtherClock, Path]]:
    """And where it listens."""
    made, path = OtherClock(control), directory / "bird.ctl"
    server = await asyncio.start_unix_server(made.serve, path)
    try:
        yield made, path
    finally:
        server.close()


@pytest.mark.real
async def test_a_clock_that_is_set_is_no_event_and_a_loss_meanwhile_is(
    fleet: Fleet, tmp_path: Path
) -> None:
    kept, gone = await fleet.add("31.0.0.0/24", "31.0.1.0/24")
    async with running_edge("one") as edge, other_clock(edge.router.control, tmp_path) as other:
        clock, control = other
        one, ear = edge.speakers["one"], BirdListener("router", control)
        judge = Judge(fleet, edge)
        pace = Pace(every=timedelta(seconds=1), probe=0.25, rest=0)
        async with reconciling(fleet, one, listeners=[ear], pace=pace):
            await judge.announce(kept, gone)
            await edge.until_seen(kept, gone)
            await until(fleet.settled)
            await looks(clock)
            for later in (HOUR, -HOUR):
                clock.later = later
                await looks(clock)
                assert not await told(fleet)
            clock.later = timedelta(0)
            (lost,) = [path for path in await one.held() if path.prefix == gone]
            await one.withdraw([lost])
            await edge.until_gone(gone)
            await one.announce([lost])
            await until(lambda: told(fleet))
        await edge.until_seen(kept, gone)
        assert named(await judge.lists()) == FLAWLESS | {"lost": [str(gone)]}
    rows = await fleet.ask("SELECT prefix_id FROM events WHERE kind = 'bgp_prefix.lost_and_back'")
    assert rows == [(fleet.ids[gone][0],)]


@pytest.mark.real
async def test_a_clock_that_is_set_during_a_look_is_no_answer(tmp_path: Path) -> None:
    """Some times are by the clock before, others by the one after."""
    async with running_edge("one") as edge, other_clock(edge.router.control, tmp_path) as other:
        clock, control = other
        await edge.speakers["one"].enable(ROUTER)
        edge.router.wait_for_sessions()
        ear = BirdListener("router", control)
        assert await ear.sees([]) == {}
        for clock.meanwhile in (HOUR, -HOUR):
            with pytest.raises(SpeakerUnanswered, match="set meanwhile"):
                await ear.sees([])
        clock.meanwhile = timedelta(0)
        assert await ear.sees([]) == {}


async def looks(clock: OtherClock) -> None:
    """Some more, by whichever process."""
    wanted = clock.asked + 40
    await until(lambda: clock.asked >= wanted)
