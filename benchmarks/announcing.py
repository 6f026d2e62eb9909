"""From a PATCH to what a router sees, and back after a restart, while very many routes are up.

Two speakers, each a stage of its own, feed one router. An announcement is visible with the first;
a withdrawal only when both have withdrawn.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import httpx
from benchmarks import burden
from benchmarks.bare_speaker import Bare, bare
from benchmarks.databases import Server, database
from benchmarks.edge import require_edge
from benchmarks.figures import Figure, Tell
from benchmarks.routed import ACCOUNTS, Running, first_load, one_by_one, restart, running
from tests.many_routes import OwnedRoute, add_routes, ipv4
from tests.real.edge import running_edge

_P99 = 0.99


@dataclass(frozen=True, slots=True)
class _Goals:
    """Seconds, p50 and p99 of one change; a share of one core. None: there is no goal."""

    visible: tuple[float, float] | None = None
    gone: tuple[float, float] | None = None
    loaded: float | None = None
    back: float | None = None
    idle: float | None = None


@dataclass(frozen=True, slots=True)
class _Sizes:
    """Routes all at once, and then one by one; how long a speaker that was killed stays away."""

    many: int
    goals: _Goals
    times: int = 200  # ten withdrawals of an account: no ceiling is reached
    restarts: int = 5
    away_seconds: float = 4.0
    calm_seconds: float = 15.0  # a leader that begins compares all a second time
    rest_seconds: float = 60.0  # after very many changes, until nothing is compared again for them
    idle_seconds: float = 60.0


_SIZES = (
    _Sizes(10_000, _Goals((0.02, 0.1), (0.06, 0.25), loaded=5.0, back=2.0, idle=0.05)),
    _Sizes(100_000, _Goals(idle=0.15), times=40, restarts=2),
)
_QUICK = (
    _Sizes(
        many=100,
        goals=_Goals(),
        times=3,
        restarts=1,
        away_seconds=1.0,
        calm_seconds=0.5,
        rest_seconds=0.5,
        idle_seconds=0.5,
    ),
)


def measure(on: Server, tell: Tell, *, quick: bool) -> None:
    """For each number of routes: all of them, nothing, one after the other, a restart."""
    require_edge()
    for sizes in _QUICK if quick else _SIZES:
        with database(on, "production") as url:
            asyncio.run(_measure(on, url, sizes, tell))


async def _measure(on: Server, url: str, sizes: _Sizes, tell: Tell) -> None:
    async with running_edge("one") as edge:
        alone = await bare(edge, min(sizes.times, 50), sizes.many, sizes.away_seconds)
    cidrs = ipv4(1 + sizes.times + sizes.many)
    many = cidrs[1 + sizes.times :]
    async with running_edge("one", "two") as edge:
        first, *routes = add_routes(url, cidrs[: 1 + sizes.times], accounts=ACCOUNTS)
        async with running(on, url, edge) as now:
            await _open(now, first)
            await asyncio.sleep(sizes.calm_seconds)
            tell(_loaded(sizes, alone, await first_load(now, many)))
            await asyncio.sleep(sizes.rest_seconds)
            tell(_idle(sizes, await burden.shares(now.parties(), sizes.idle_seconds)))
            came, went = await one_by_one(now, routes)
            with_many = f"while {sizes.many:,} are up"
            tell(
                _single(
                    f"PATCH to the route visible at a router, {with_many}",
                    *(came, alone.announced, sizes.goals.visible),
                )
            )
            tell(
                _single(
                    f"PATCH to the route gone from it, through two stages, {with_many}",
                    *(went, alone.withdrawn, sizes.goals.gone),
                )
            )
            back = [await restart(now, many, sizes.away_seconds) for _ in range(sizes.restarts)]
            tell(_back(sizes, alone, back))


async def _open(now: Running, route: OwnedRoute) -> None:
    async with httpx.AsyncClient() as http:
        await now.patch(http, route, advertised=True)  # lets the sessions up
    now.edge.router.wait_for_sessions()
    await now.settled(route)


def _loaded(sizes: _Sizes, alone: Bare, first: float) -> Figure:
    goal = sizes.goals.loaded
    return Figure(
        f"{sizes.many:,} routes loaded for the first time, through two stages",
        f"{first:.1f} s until seen at both",
        _alone(alone),
        f"{alone.visible / first:.0%}",
        f"{goal:.0f} s" if goal else "",
        first <= goal if goal else None,
    )


def _idle(sizes: _Sizes, shares: Mapping[str, float]) -> Figure:
    goal = sizes.goals.idle
    workers = sum(share for name, share in shares.items() if "worker" in name)
    each = ", ".join(f"{name} {share:.1%}" for name, share in shares.items())
    return Figure(
        f"two workers while {sizes.many:,} routes are up and nothing changes, share of one core",
        f"{workers:.1%} over {sizes.idle_seconds:.0f} s ({each})",
        goal=f"{goal:.0%}" if goal else "",
        met=workers <= goal if goal else None,
    )


def _single(
    what: str, seconds: Sequence[float], alone: Sequence[float], goals: tuple[float, float] | None
) -> Figure:
    p50, ceiling = median(seconds), median(alone)
    p99 = sorted(seconds)[int(len(seconds) * _P99)]
    return Figure(
        what,
        f"p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms of {len(seconds)}",
        f"bare adapter, one speaker, none up: p50 {ceiling * 1000:.1f} ms",
        f"{ceiling / p50:.0%}",
        f"p50 {goals[0] * 1000:.0f}, p99 {goals[1] * 1000:.0f} ms" if goals else "",
        p50 <= goals[0] and p99 <= goals[1] if goals else None,
    )


def _alone(one: Bare) -> str:
    return f"a bare client, one speaker: {one.taken:.2f} s to take, {one.visible:.1f} s to be seen"


def _back(sizes: _Sizes, alone: Bare, back: Sequence[tuple[float, float]]) -> Figure:
    goal = sizes.goals.back
    opened, visible = median(one for one, _ in back), [one for _, one in back]
    return Figure(
        f"{sizes.many:,} routes visible again after a speaker's restart",
        f"p50 {median(visible):.1f} s, slowest {max(visible):.1f} s of {len(back)}; "
        f"the sessions may come up after {opened:.1f} s",
        _alone(alone),
        f"{alone.visible / median(visible):.0%}",
        f"{goal:.0f} s" if goal else "",
        median(visible) <= goal if goal else None,
    )
