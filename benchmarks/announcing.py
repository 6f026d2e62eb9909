"""From a PATCH to what a router sees, and back after a restart: the API, a worker, GoBGP, BIRD.

Two speakers, each a stage of its own, feed one router. An announcement is visible with the first;
a withdrawal only when both have withdrawn.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import httpx
import psycopg
from benchmarks import vrps
from benchmarks.databases import Server, database
from benchmarks.edge import Record, paths, require_edge, tables
from benchmarks.figures import Figure, Tell
from benchmarks.processes import api, byoip
from tests.many_routes import ORIGIN, OwnedRoute, add_routes, ipv4
from tests.real.edge import ROUTER, Edge, running_edge

from byoip.adapters.speakers.gobgp_speaker import GobgpSpeaker
from byoip.domain.speakers.reconciliation import EVERY_ROUTE
from byoip.store.routes.notices import ROUTES_CHANNEL

_ACCOUNTS = 20
_VISIBLE_GOAL, _RELOADED_GOAL, _LOADED_GOAL = 0.05, 2.0, 5.0
_PATIENCE_SECONDS = 60.0
_SETTLED = "SELECT count(*) FROM bgp_prefixes WHERE settled < change AND change > 1"
_HELD = "SELECT count(*) FROM applied_routes WHERE advertised"
_KNOWN = "INSERT INTO speaker_records (speaker) SELECT unnest(%s::text[])"
_LOADED = "SELECT extract(epoch FROM loaded_at)::float8 FROM speakers WHERE name = 'two'"
_NOT_LOADED = "SELECT count(*) FROM speakers WHERE name = 'two' AND loaded_at IS NULL"
_RECONCILING = "SELECT 0 - count(*) FROM pg_stat_activity WHERE application_name = 'byoip routes'"


@dataclass(frozen=True, slots=True)
class _Sizes:
    """Routes one by one, and all at once; how long a speaker that was killed stays away."""

    times: int = 200  # ten withdrawals of an account: no ceiling is reached
    many: int = 10_000
    away_seconds: float = 4.0


_QUICK = _Sizes(times=3, many=100, away_seconds=1.0)


def measure(on: Server, tell: Tell, *, quick: bool) -> None:
    """One route after the other; then very many at once."""
    require_edge()
    with database(on, "production") as url:
        asyncio.run(_measure(on, url, _QUICK if quick else _Sizes(), tell))


@dataclass(frozen=True, slots=True)
class _Running:
    url: str
    port: int
    edge: Edge

    async def until(self, query: str, wanted: int, every: float = 0.01) -> None:
        """Ask the database until it says so; so many seconds lie between two questions."""
        give_up = time.monotonic() + _PATIENCE_SECONDS
        with psycopg.connect(self.url, autocommit=True) as connection:
            while connection.execute(query.encode()).fetchall() != [(wanted,)]:
                if time.monotonic() > give_up:
                    raise TimeoutError(query)
                await asyncio.sleep(every)

    async def patch(self, http: httpx.AsyncClient, route: OwnedRoute, *, advertised: bool) -> float:
        """Ask as the owner; when that was (epoch)."""
        asked = time.time()
        answer = await http.patch(
            f"http://127.0.0.1:{self.port}{route.path}",
            json={"on_demand": {"advertised": advertised}},
            headers={"authorization": f"Bearer {route.owner.token}"},
        )
        answer.raise_for_status()
        return asked


async def _measure(on: Server, url: str, sizes: _Sizes, tell: Tell) -> None:
    async with running_edge("one") as edge:
        bare = await _bare(edge, sizes)
    async with running_edge("one", "two") as edge:
        cidrs = ipv4(sizes.times + 1 + sizes.many)
        routes = add_routes(url, cidrs[: sizes.times + 1], accounts=_ACCOUNTS)
        await vrps.load(url, _roas(on))
        async with _service(on, url, _configured(on, edge), edge) as running:
            came, went = await _one_by_one(running, routes)
            tell(_single("PATCH to the route visible at a router", came, bare.announced))
            tell(
                _single("PATCH to the route gone from it, through two stages", went, bare.withdrawn)
            )
            more = cidrs[sizes.times + 1 :]
            first = await _first_load(running, more)
            loaded, again = await _restart(running, more, sizes.away_seconds)
    tell(
        Figure(
            f"{sizes.many:,} routes loaded for the first time, through two stages",
            f"{first:.1f} s until seen at both",
            f"bare announce(), then enable(): {bare.reloaded:.1f} s",
            f"{bare.reloaded / first:.0%}",
            f"{_LOADED_GOAL:.0f} s",
            first <= _LOADED_GOAL,
        )
    )
    tell(
        Figure(
            f"{sizes.many:,} routes visible again after a speaker's restart",
            f"{again:.1f} s, the sessions up after {loaded:.1f} s",
            f"bare announce(), then enable(): {bare.reloaded:.1f} s",
            f"{bare.reloaded / again:.0%}",
            f"{_RELOADED_GOAL:.0f} s",
            again <= _RELOADED_GOAL,
        )
    )


def _single(what: str, seconds: Sequence[float], bare: Sequence[float]) -> Figure:
    p50, ceiling = median(seconds), median(bare)
    slowest = sorted(seconds)[int(len(seconds) * 0.99)]
    return Figure(
        what,
        f"p50 {p50 * 1000:.0f} ms, p99 {slowest * 1000:.0f} ms",
        f"bare adapter, one speaker: p50 {ceiling * 1000:.1f} ms",
        f"{ceiling / p50:.0%}",
        f"p50 below {_VISIBLE_GOAL * 1000:.0f} ms",
        p50 < _VISIBLE_GOAL,
    )


@dataclass(frozen=True, slots=True)
class _Bare:
    """The same by the adapter alone: no owner wants a route, nothing is stored."""

    announced: list[float]
    withdrawn: list[float]
    reloaded: float


async def _bare(edge: Edge, sizes: _Sizes) -> _Bare:
    speaker, daemon = edge.speakers["one"], edge.daemons["one"]
    await edge.up("one")
    announced, withdrawn = [], []
    for path in paths(ipv4(sizes.times)):
        record, asked = Record(edge.router), time.time()
        await speaker.announce([path])
        seen = await record.all_of([str(path.prefix)], "added", ["one"])
        announced.append(seen[str(path.prefix)] - asked)
        record, asked = Record(edge.router), time.time()
        await speaker.withdraw([path])
        gone = await record.all_of([str(path.prefix)], "removed", ["one"])
        withdrawn.append(gone[str(path.prefix)] - asked)
    daemon.kill()
    await asyncio.sleep(sizes.away_seconds)
    daemon.start()
    return _Bare(announced, withdrawn, await _reloaded(edge, speaker, ipv4(sizes.many)))


async def _reloaded(edge: Edge, speaker: GobgpSpeaker, many: Sequence[str]) -> float:
    record, started = Record(edge.router), time.time()
    await edge.until_it_answers(speaker.name)
    await speaker.announce(paths(many))
    await speaker.enable(ROUTER)
    return max((await record.all_of(many, "added", [speaker.name])).values()) - started


def _configured(on: Server, edge: Edge) -> Path:
    config = on.directory / "announcing.toml"
    config.write_text(f"origin_asns = [{ORIGIN}]\n{tables(edge)}")
    return config


def _roas(on: Server) -> Path:
    file = on.directory / "announced.json"
    built = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    roa = {"prefix": "20.0.0.0/8", "asn": ORIGIN, "maxLength": 24}
    roas = [{**roa, "ta": anchor} for anchor in vrps.ANCHORS]
    file.write_text(json.dumps({"metadata": {"buildtime": built}, "roas": roas}))
    return file


@asynccontextmanager
async def _service(on: Server, url: str, config: Path, edge: Edge) -> AsyncIterator[_Running]:
    async with AsyncExitStack() as stack:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(_KNOWN, [list(edge.daemons)])
        listening = stack.enter_context(api(url, on.directory))
        environment = {"DATABASE_URL": url, "BYOIP_CONFIG": str(config)}
        stack.enter_context(byoip(["worker"], on.directory, environment))
        running = _Running(url, listening.port, edge)
        await running.until(_RECONCILING, -1)
        yield running


async def _one_by_one(
    running: _Running, routes: Sequence[OwnedRoute]
) -> tuple[list[float], list[float]]:
    came, went = [], []
    async with httpx.AsyncClient() as http:
        await running.patch(http, routes[0], advertised=True)  # lets the sessions up
        running.edge.router.wait_for_sessions()
        for route in routes[1:]:
            record = Record(running.edge.router)
            asked = await running.patch(http, route, advertised=True)
            came.append((await record.all_of([route.cidr], "added", ["one"]))[route.cidr] - asked)
            await running.until(_SETTLED, 0)
        for route in routes[1:]:
            record = Record(running.edge.router)
            asked = await running.patch(http, route, advertised=False)
            gone = await record.all_of([route.cidr], "removed", ["one", "two"])
            went.append(gone[route.cidr] - asked)
            await running.until(_SETTLED, 0)
    return came, went


async def _first_load(running: _Running, cidrs: Sequence[str]) -> float:
    """Seconds from the notice of these rows until both stages were seen to announce them."""
    add_routes(running.url, cidrs, accounts=_ACCOUNTS, advertised=True)
    began = time.time()
    with psycopg.connect(running.url, autocommit=True) as connection:
        connection.execute("SELECT pg_notify(%s, %s)", [ROUTES_CHANNEL, EVERY_ROUTE.hex])
    # To count thousands of rows a hundred times a second would take Postgres a fifth of a core.
    await running.until(_HELD, 2 * (len(cidrs) + 1), every=0.1)
    await running.until(_SETTLED, 0, every=0.1)
    return time.time() - began


async def _restart(
    running: _Running, cidrs: Sequence[str], away_seconds: float
) -> tuple[float, float]:
    """Kill a speaker that announces all of them, and start it again.

    Seconds from then until its sessions may come up, and until all of them are visible.
    """
    daemon = running.edge.daemons["two"]
    daemon.kill()
    await asyncio.sleep(away_seconds)
    record = Record(running.edge.router)
    daemon.start()
    started = time.time()
    visible = max((await record.all_of(cidrs, "added", ["two"])).values()) - started
    await running.until(_NOT_LOADED, 0)  # noted after the sessions came up
    with psycopg.connect(running.url) as connection:
        ((loaded,),) = connection.execute(_LOADED).fetchall()
    return loaded - started, visible
