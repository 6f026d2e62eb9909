"""Routes 1.1: a worker that hangs in the middle of a send loses its lease, and sends nothing."""

import asyncio
import json
import logging
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from byoip.domain.prefix import Prefix
from byoip.ports.speakers.speaker import SpeakerUnanswered
from byoip.worker.pace import Pace
from tests.announcing import Fleet, know, reconciling, until
from tests.real.edge import Edge, running_edge
from tests.routes.judging import FLAWLESS, Judge

_LOG = logging.getLogger(__name__)

pytestmark = pytest.mark.real

LEASE = "5"  # seconds, as in production
BUSY = 2  # times the goals, 10 and 15 s: other work may have the machine
PACE = Pace(every=timedelta(seconds=2), rest=0)


class Worker:
    """A process of `hanging_worker`."""

    def __init__(self, fleet: Fleet, edge: Edge, directory: Path) -> None:
        self.flag, self.log = directory / "stop", directory / "worker.log"
        url = fleet.engine.url.set(drivername="postgresql")
        targets = {name: daemon.target for name, daemon in edge.daemons.items()}
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "tests.routes.hanging_worker"),
                    url.render_as_string(hide_password=False),
                    *(json.dumps(targets), str(edge.router.control), str(self.flag), LEASE),
                ],
                stdout=log,
                stderr=log,
            )

    def stopped(self) -> bool:
        """Whether the kernel has stopped it (proc(5))."""
        stat = Path(f"/proc/{self._process.pid}/stat").read_text()
        return stat.rpartition(")")[2].split()[0] == "T"

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def gave_up(self) -> bool:
        return "Not reconciling" in self.log.read_text()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


@contextmanager
def worker(fleet: Fleet, edge: Edge, directory: Path) -> Iterator[Worker]:
    made = Worker(fleet, edge, directory)
    try:
        yield made
    finally:
        made.kill()


async def lease(fleet: Fleet) -> int:
    ((number,),) = await fleet.ask("SELECT number FROM leases WHERE name = 'reconciler'")
    return int(number)


@pytest.mark.parametrize("restarted", [["one", "two"], ["two"]])
async def test_what_a_hung_worker_had_to_do_is_done_and_it_does_nothing_any_more(
    fleet: Fleet,
    tmp_path: Path,
    restarted: list[str],
) -> None:
    """A speaker that is not restarted keeps the connection on which the worker hangs."""
    prefixes = await fleet.add(*(f"31.0.{n}.0/24" for n in range(20)))
    gone, kept = prefixes[0], prefixes[1:]
    async with running_edge("one", "two") as edge:
        await know(fleet, *edge.speakers)
        judge = Judge(fleet, edge)
        with worker(fleet, edge, tmp_path) as hung:
            await judge.announce(*prefixes)
            await edge.until_seen(*prefixes)
            await until(fleet.settled)
            before = await lease(fleet)
            async with reconciling(
                fleet, *edge.speakers.values(), listeners=[edge.listener], pace=PACE, lease=5
            ):
                await hang(judge, hung, gone)
                began = time.monotonic()
                for name in restarted:
                    edge.daemons[name].kill()
                    edge.daemons[name].start()

                async def taken_over() -> bool:
                    return await lease(fleet) > before

                await until(taken_over)
                _LOG.info("taken over after %.1f s", time.monotonic() - began)
                assert time.monotonic() - began < BUSY * 10
                await edge.until_seen(*kept)
                _LOG.info("routes are back after %.1f s", time.monotonic() - began)
                assert time.monotonic() - began < BUSY * 15
                await edge.until_gone(gone)
                await until(fleet.settled)
                await thaw(judge, hung, gone)
                lists = await judge.lists()
                if len(restarted) > 1:  # without graceful restart both took theirs with them
                    lists["lost"] = []
                assert lists == FLAWLESS


async def hang(judge: Judge, hung: Worker, gone: Prefix) -> None:
    hung.flag.touch()
    await judge.withdraw(gone)
    await until(hung.stopped)


async def thaw(judge: Judge, hung: Worker, wanted: Prefix) -> None:
    """Its owner wants the route again, before the worker goes on with the withdrawal."""
    fleet, edge = judge.fleet, judge.edge
    await judge.announce(wanted)
    await edge.until_seen(wanted)
    await until(fleet.settled)
    noted, number = edge.router.noted(), await lease(fleet)
    written = await fleet.ask("SELECT * FROM applied_routes ORDER BY speaker, bgp_prefix_id")
    hung.thaw()
    await until(hung.gave_up)
    await asyncio.sleep(1)  # for what may be on its way
    assert [one.what for one in edge.router.changes(after=noted)] == []
    assert await lease(fleet) == number
    assert written == await fleet.ask(
        "SELECT * FROM applied_routes ORDER BY speaker, bgp_prefix_id"
    )


HASTY = Pace(every=timedelta(seconds=1), rest=0, stalled_after=1.5)


@pytest.mark.parametrize(
    ("pace", "seconds", "frozen_for"),
    [(HASTY, 1, 8), pytest.param(Pace(), float(LEASE), 75, marks=pytest.mark.long)],
    ids=["in short", "as in production"],
)
async def test_a_frozen_speaker_neither_costs_the_lease_nor_delays_another(
    fleet: Fleet, pace: Pace, seconds: float, frozen_for: float
) -> None:
    """Frozen for many times as long as a lease lasts, and longer than a task may stand still."""
    prefixes = await fleet.add("31.0.0.0/24", "31.0.1.0/24")
    async with (
        running_edge("one", "two") as edge,
        reconciling(
            fleet,
            *edge.speakers.values(),
            listeners=[edge.listener],
            pace=pace,
            stages=[1, 1],
            lease=seconds,
        ),
    ):
        await fleet.announce(prefixes[0])
        await edge.until_seen(prefixes[0])
        await until(fleet.settled)
        before = await lease(fleet)
        edge.daemons["two"].suspend()
        await asyncio.sleep(frozen_for)
        await fleet.announce(prefixes[1])
        await edge.until_seen(prefixes[1])
        assert await lease(fleet) == before
        edge.daemons["two"].resume()
        await until(lambda: holds(edge, "two", prefixes))
        await until(fleet.settled)
        assert await lease(fleet) == before


async def holds(edge: Edge, name: str, prefixes: list[Prefix]) -> bool:
    try:
        held = await edge.speakers[name].held()
    except SpeakerUnanswered:
        return False
    return {one.prefix for one in held} == set(prefixes)
