"""From what an owner wants to what a router sees: GoBGP and BIRD on loopback."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from statistics import median

from benchmarks.databases import Server, database
from benchmarks.figures import Figure
from tests.announcing import Fleet, reconciling
from tests.real.edge import Edge, running_edge

from byoip.domain.prefix import Prefix
from byoip.ports.speaker import SpeakerUnanswered
from byoip.store.engine import make_engine
from byoip.worker.reconciling import Pace

_TIMES = 40
_MANY = 10_000
_VISIBLE_GOAL = 0.05
_RELOADED_GOAL = 2.0
_LONG = 60.0


def measure(on: Server) -> list[Figure]:
    """Two speakers, each a stage, and a router that hears both."""
    with database(on, "production") as url:
        return asyncio.run(_measure(url))


async def _measure(url: str) -> list[Figure]:
    engine = make_engine(url)
    fleet = Fleet(engine)
    try:
        async with (
            running_edge("one", "two", graceful=True) as edge,
            reconciling(fleet, *edge.speakers.values(), listeners=[edge.listener], pace=Pace()),
        ):
            return [*await _single(fleet, edge), await _restart(fleet, edge)]
    finally:
        await engine.dispose()


async def _single(fleet: Fleet, edge: Edge) -> list[Figure]:
    first, *others = await fleet.add(*(f"31.0.{n}.0/24" for n in range(_TIMES + 1)))
    await fleet.announce(first)  # lets the sessions up
    await _until(lambda: _sees(edge, first))
    came, went = [], []
    for one in others:
        came.append(await _timed(fleet.announce, edge, one, there=True))
        await _until(fleet.settled)
    for one in others:
        went.append(await _timed(fleet.withdraw, edge, one, there=False))
        await _until(fleet.settled)
    return [
        _figure("announced: from before its transaction to visible at the router", came),
        _figure("withdrawn: the same, through both stages", went),
    ]


def _figure(what: str, seconds: Sequence[float]) -> Figure:
    p50, slowest = median(seconds), sorted(seconds)[int(len(seconds) * 0.95)]
    told = f"p50 {p50 * 1000:.0f} ms, p95 {slowest * 1000:.0f} ms"
    return Figure(what, told, goal="p50 under 50 ms", met=p50 < _VISIBLE_GOAL)


async def _timed(
    act: Callable[[Prefix], Awaitable[None]], edge: Edge, prefix: Prefix, *, there: bool
) -> float:
    async def so() -> bool:
        return await _sees(edge, prefix) is there

    started = time.perf_counter()
    await act(prefix)
    await _until(so)
    return time.perf_counter() - started


async def _restart(fleet: Fleet, edge: Edge) -> Figure:
    networks = [f"100.{64 + (n >> 8)}.{n & 255}.0/24" for n in range(_MANY)]
    prefixes = await fleet.add(*networks, advertised=True)
    await _until(fleet.settled, every=0.2)
    speaker, daemon = edge.speakers["two"], edge.daemons["two"]
    await _until(lambda: _holds(edge, len(prefixes)), every=0.5)
    daemon.kill()
    await asyncio.sleep(3)
    daemon.start()
    started = time.perf_counter()

    async def back() -> bool:
        try:
            sessions = await speaker.neighbours()
        except SpeakerUnanswered:
            return False
        return all(one.enabled for one in sessions)

    await _until(back, every=0.02)
    seconds = time.perf_counter() - started
    return Figure(
        f"{_MANY:,} routes after a speaker's restart, until its sessions may come up",
        f"{seconds:.1f} s",
        goal="2 s",
        met=seconds <= _RELOADED_GOAL,
    )


async def _holds(edge: Edge, many: int) -> bool:
    return len(await edge.speakers["two"].held()) >= many


async def _sees(edge: Edge, prefix: Prefix) -> bool:
    return bool(await edge.listener.sees([prefix]))


async def _until(true: Callable[[], Awaitable[bool]], *, every: float = 0.001) -> None:
    async with asyncio.timeout(_LONG):
        while not await true():  # noqa: ASYNC110 - what others hold rings no bell
            await asyncio.sleep(every)
