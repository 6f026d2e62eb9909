"""What the scenarios of Routes 6 share: a whole service with its owners, and the three lists."""

import os
import subprocess
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from byoip.domain.prefix import Prefix
from byoip.ports.speakers.speaker import SpeakerUnanswered
from byoip.store.engine import make_engine
from byoip.store.speakers.routes import Routes
from tests.announcing import until
from tests.databases import directory_open_to_all
from tests.failover.estate import operator_of
from tests.failover.owners import Owners
from tests.many_routes import OwnedRoute, add_routes, ipv4
from tests.real.announcing import Announcing, announcing_on
from tests.real.edge import Edge

STOPPED = "Not reconciling, routes stay as they are"


@dataclass
class Scene:
    """A service, the owners of its routes, and what a router saw.

    Attributes:
        snapshot: of the applied state before anything happened: all of `up`.
        standing: kinds of alarms that may stay.
    """

    service: Announcing
    owners: Owners
    up: list[OwnedRoute]
    down: list[OwnedRoute]
    operator: str
    snapshot: int
    standing: frozenset[str] = frozenset()

    async def ask(self, token: str, method: str, path: str, body: Any = None) -> httpx.Response:
        """Below the API's root."""
        async with httpx.AsyncClient(timeout=40) as http:
            url, headers = f"{self.service.url}{path}", {"authorization": f"Bearer {token}"}
            return await http.request(method, url, json=body, headers=headers)

    async def order(self, method: str, path: str, **body: Any) -> tuple[int, Any]:
        """As an operator: the status, and the result or the name of what refused it."""
        body = {"reason": "case 4711"} | body if method != "GET" else {}
        return said(
            await self.ask(self.operator, method, f"/client/v4/operator{path}", body or None)
        )

    async def want(
        self, route: OwnedRoute, method: str, below: str = "", body: Any = None
    ) -> tuple[int, Any]:
        """As the owner of a route, below its prefix."""
        path = f"{route.path.partition('/bgp/')[0]}{below}"
        return said(await self.ask(route.owner.token, method, path, body))

    def history(self) -> set[str]:
        """The kinds of what operators did."""
        with psycopg.connect(self.service.database_url) as connection:
            found = connection.execute("SELECT kind FROM operator_events").fetchall()
        return {kind for (kind,) in found}

    async def lists(self) -> dict[str, list[str]]:
        """Lost unasked at any speaker, announced unasked, and not as its owner wants it by now."""
        unasked = self.owners.wishes.unasked(self.service.edge.router.changes())
        lost = [one for one in unasked if " removed " in one]
        routes = [one.cidr for one in (*self.up, *self.down)]
        await until_it_answers(self.service.edge, [Prefix.parse(one) for one in routes])
        seen = await self.service.seen(routes)
        return {
            "lost": lost,
            "announced": [one for one in unasked if one not in lost],
            "not carried out": sorted(seen ^ self.service.wanted.keys()),
        }

    def log(self) -> str:
        """What all processes wrote."""
        return (self.service.fleet.directory / "log").read_text()

    def alarms(self) -> set[tuple[str, str]]:
        """Their kinds and subjects."""
        with psycopg.connect(self.service.database_url) as connection:
            return set(connection.execute("SELECT kind, subject FROM route_alarms").fetchall())

    async def gauge(self, named: str) -> float:
        """What `/metrics` says, by name and labels as they stand there."""
        answer = await self.service.fleet.http.get(f"{self.service.url}/metrics", timeout=60)
        values = dict(line.rsplit(" ", 1) for line in answer.text.splitlines() if line[:1] != "#")
        return float(values[named])

    async def until_quiet(self) -> None:
        """Return once all is as owners want it, and no alarm is left but those that may stay."""
        await self.service.until_everything_is_as_wanted()
        await until(lambda: {kind for kind, _ in self.alarms()} <= self.standing)

    async def readiness(self) -> int:
        """The status of `/readyz`."""
        return (await self._ready()).status_code

    async def trouble(self) -> str:
        """What `/readyz` says of the database; `ok`: none."""
        return str((await self._ready()).json()["checks"]["database"])

    async def _ready(self) -> httpx.Response:
        return await self.service.fleet.http.get(f"{self.service.url}/readyz", timeout=60)


@asynccontextmanager
async def scene(
    database_url: str,
    directory: Path,
    *,
    up: int = 12,
    down: int = 4,
    workers_url: str = "",
    **settings: Any,
) -> AsyncIterator[Scene]:
    """Routes that are up, and some that are not; all is settled.

    Workers may have a way of their own to the database.
    """
    async with announcing_on(
        database_url, directory, graceful=False, known=True, **settings
    ) as service:
        announced = add_routes(database_url, ipv4(up), accounts=4, advertised=True)
        withdrawn = add_routes(database_url, ipv4(up + down)[up:])
        owners = Owners(service)
        owners.have_announced(announced)
        await start(service, workers_url)
        await service.until_everything_is_as_wanted()
        operator, number = await operator_of(database_url), await keep_snapshot(service)
        yield Scene(service, owners, announced, withdrawn, operator, number)


async def keep_snapshot(service: Announcing) -> int:
    """Of the applied state as of now, as a worker takes one each minute; its number."""
    engine = make_engine(service.database_url)
    await Routes(engine).take_snapshot()
    await engine.dispose()
    return int(service.one("SELECT max(number) FROM route_snapshots"))


async def until_it_answers(edge: Edge, prefixes: Collection[Prefix]) -> None:
    """Return once the router says of all of these whether it sees them.

    While its sessions have only just come up it does not say so of what it does not see.
    """

    async def answers() -> bool:
        try:
            await edge.listener.sees(prefixes)
        except SpeakerUnanswered:
            return False
        return True

    await until(answers)


def said(answer: httpx.Response) -> tuple[int, Any]:
    """The status, and the result or the name of the first refusal."""
    told = answer.json()
    return answer.status_code, told["result"] if answer.is_success else told["errors"][0]["name"]


async def start(service: Announcing, workers_url: str = "") -> None:
    """Two workers and an API."""
    known = service.fleet.environment
    here = known["DATABASE_URL"]
    known["DATABASE_URL"] = workers_url or here
    for _ in range(2):
        service.fleet.start("worker")
    known["DATABASE_URL"] = here
    service.url = await service.fleet.start_api()


@contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    """A file system of its own in memory, of this size; skips where this is not root."""
    with directory_open_to_all() as directory:
        size = f"size={megabytes}m,mode=755"
        argv = ["mount", "-t", "tmpfs", "-o", size, "byoip", str(directory)]
        if os.geteuid() or subprocess.run(argv, check=False, capture_output=True).returncode:
            pytest.skip("only root can make a file system")
        inside = directory / "disk"
        inside.mkdir()
        try:
            yield inside
        finally:
            subprocess.run(["umount", "--lazy", str(directory)], check=True)


def fill(disk: Path) -> Path:
    """Leave no room on it; the file that takes it."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return filler
