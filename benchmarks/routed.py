"""byoip around an edge of the Internet: API, two workers, GoBGP, BIRD, and what they are asked.

One worker leads, the other one watches from outside and compares what speakers hold.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
from benchmarks import vrps
from benchmarks.burden import Used, postgres, process
from benchmarks.databases import Server
from benchmarks.edge import Record, tables
from benchmarks.processes import api, byoip
from tests.many_routes import ORIGIN, OwnedRoute, add_routes
from tests.real.edge import Edge

from byoip.domain.speakers.reconciliation import EVERY_ROUTE
from byoip.store.routes.notices import ROUTES_CHANNEL

ACCOUNTS = 20

_PATIENCE_SECONDS = 180.0
_SETTLED = "SELECT count(*) FROM bgp_prefixes WHERE settled < change AND change > 1"
_SETTLED_ONE = "SELECT count(*) FROM bgp_prefixes WHERE id = '{}' AND settled < change"
_HELD = "SELECT count(*) FROM applied_routes WHERE advertised"
_KNOWN = "INSERT INTO speaker_records (speaker) SELECT unnest(%s::text[])"
_LOADED = "SELECT extract(epoch FROM loaded_at)::float8 FROM speakers WHERE name = 'two'"
_NOT_LOADED = "SELECT count(*) FROM speakers WHERE name = 'two' AND loaded_at IS NULL"
_RECONCILING = "SELECT 0 - count(*) FROM pg_stat_activity WHERE application_name = 'byoip routes'"


@dataclass(frozen=True, slots=True)
class Running:
    """All of it while it runs; speakers `one` and `two` are a stage each."""

    url: str
    port: int
    edge: Edge
    pids: dict[str, int]

    async def until(self, query: str, wanted: int, every: float = 0.01) -> None:
        """Ask the database until it says so; so many seconds lie between two questions."""
        give_up = time.monotonic() + _PATIENCE_SECONDS
        with psycopg.connect(self.url, autocommit=True) as connection:
            while connection.execute(query.encode()).fetchall() != [(wanted,)]:
                if time.monotonic() > give_up:
                    raise TimeoutError(query)
                await asyncio.sleep(every)

    def parties(self) -> dict[str, Used]:
        """Those that use processors."""
        daemons = {f"gobgpd {name}": one.pid for name, one in self.edge.daemons.items()}
        pids = {**self.pids, **daemons, "BIRD": self.edge.router.pid}
        return {name: process(pid) for name, pid in pids.items()} | {"Postgres": postgres(self.url)}

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

    async def settled(self, route: OwnedRoute) -> None:
        """Return once the route's last change was seen at both stages."""
        await self.until(_SETTLED_ONE.format(route.bgp_prefix_id), 0)


@asynccontextmanager
async def running(on: Server, url: str, edge: Edge) -> AsyncIterator[Running]:
    """Run API and worker around an edge, until the block ends."""
    await vrps.load(url, _roas(on))
    async with AsyncExitStack() as stack:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(_KNOWN, [list(edge.daemons)])
        listening = stack.enter_context(api(url, on.directory))
        environment = {"DATABASE_URL": url, "BYOIP_CONFIG": str(_configured(on, edge))}
        made = Running(url, listening.port, edge, {"API": listening.pid})
        for name in ("worker that leads", "other worker"):
            worker = stack.enter_context(byoip(["worker"], on.directory, environment))
            made.pids[name] = worker.pid
            await made.until(_RECONCILING, -1)
        yield made


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


async def first_load(on: Running, cidrs: Sequence[str]) -> float:
    """Seconds from the notice of these rows until both stages were seen to announce them."""
    add_routes(on.url, cidrs, accounts=ACCOUNTS, advertised=True)
    began = time.time()
    with psycopg.connect(on.url, autocommit=True) as connection:
        connection.execute("SELECT pg_notify(%s, %s)", [ROUTES_CHANNEL, EVERY_ROUTE.hex])
    # To count thousands of rows a hundred times a second would take Postgres a fifth of a core.
    every = max(0.1, len(cidrs) / 100_000)
    await on.until(_HELD, 2 * (len(cidrs) + 1), every)
    await on.until(_SETTLED, 0, every)
    return time.time() - began


async def restart(on: Running, cidrs: Sequence[str], away_seconds: float) -> tuple[float, float]:
    """Kill the last stage's speaker, which announces all of them, and start it again.

    Seconds from then until its sessions may come up, and until all of them are visible.
    """
    daemon = on.edge.daemons["two"]
    daemon.kill()
    await asyncio.sleep(away_seconds)
    record = Record(on.edge.router)
    daemon.start()
    started = time.time()
    visible = max((await record.all_of(cidrs, "added", ["two"])).values()) - started
    await on.until(_NOT_LOADED, 0)  # noted after the sessions came up
    with psycopg.connect(on.url) as connection:
        ((loaded,),) = connection.execute(_LOADED).fetchall()
    return loaded - started, visible


async def one_by_one(
    on: Running, routes: Sequence[OwnedRoute]
) -> tuple[Sequence[float], Sequence[float]]:
    """Announce each, then withdraw each: seconds until seen, and until gone at both stages."""
    came, went = [], []
    async with httpx.AsyncClient() as http:
        for route in routes:
            record = Record(on.edge.router)
            asked = await on.patch(http, route, advertised=True)
            came.append((await record.all_of([route.cidr], "added", ["one"]))[route.cidr] - asked)
            await on.settled(route)
        for route in routes:
            record = Record(on.edge.router)
            asked = await on.patch(http, route, advertised=False)
            gone = await record.all_of([route.cidr], "removed", ["one", "two"])
            went.append(gone[route.cidr] - asked)
            await on.settled(route)
    return came, went
