"""Many `byoip api` and `byoip worker` processes around one database and a small Internet."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx

from byoip.sandbox.internet import SandboxInternet
from tests.accounts import customers
from tests.end_to_end.running import environment
from tests.processes import reserved_port
from tests.versions import command_of

CIDR, OWNER = "8.8.8.0/24", "byoip-validation.8.8.8.in-addr.arpa"
ROAS = ({"prefix": CIDR, "asn": 64500, "maxLength": 24, "ta": "ripe"},)
_PATIENCE_SECONDS = 60
_T = TypeVar("_T")

_CONFIG = """
origin_asns = [64500]
statistics_dir = "{directory}"
rpki_feed_file = "{directory}/roas.json"
rpki_anchors = ["ripe"]
rpki_floor = 0
resolvers = ["127.0.0.1:{names}"]
name_server_port = {names}
contactable = ["127.0.0.0/8"]
database_connections = 5

[[registries]]
key = "ripencc"
source = "RIPE"
host = "127.0.0.1"
port = {whois}
dialect = "ripe"
holder_rule = false
budget = {{ connections = 100, per_minute = 10000, per_day = 100000 }}

[[registry_overrides]]
prefix = "8.0.0.0/8"
registry = "ripencc"
"""


@dataclass
class Fleet:
    """Processes, and the parties that they ask."""

    internet: SandboxInternet
    environment: dict[str, str]
    directory: Path
    http: httpx.AsyncClient
    ports: ExitStack
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    async def byoip(self, *arguments: str) -> str:
        """Run a command to its end; what it printed."""
        process = await asyncio.create_subprocess_exec(
            *command_of(self.environment),
            *arguments,
            env=self.environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        printed, complaint = await process.communicate()
        assert process.returncode == 0, complaint.decode()
        return printed.decode().strip()

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        with (self.directory / "log").open("ab") as log:
            argv = [*command_of(self.environment), *arguments]
            process = subprocess.Popen(argv, env=self.environment, stdout=log, stderr=log)
        self.processes.append(process)
        return process

    async def start_api(self, port: int = 0) -> str:
        """Start one more, at a port (0: a free one); its URL, once it is ready."""
        port = port or self.ports.enter_context(reserved_port())
        process = self.start("api", "--port", str(port))
        url = f"http://127.0.0.1:{port}"

        async def ready() -> bool:
            assert process.poll() is None, (self.directory / "log").read_text()
            try:
                return (await self.http.get(f"{url}/readyz")).status_code == 200
            except httpx.TransportError:
                return False

        await self.eventually(ready)
        return url

    async def customers(self, count: int) -> list[tuple[str, str]]:
        """The ids of new accounts, with a token of each."""
        return await customers(self.environment["DATABASE_URL"], count)

    async def ask(
        self, url: str, customer: tuple[str, str], method: str, path: str, **more: Any
    ) -> Any:
        """The result of a call that must succeed."""
        account, token = customer
        answer = await self.http.request(
            method,
            f"{url}/client/v4/accounts/{account}/addressing{path}",
            headers={"authorization": f"Bearer {token}"},
            **more,
        )
        assert answer.is_success, answer.text
        return answer.json()["result"]

    async def eventually(self, look: Callable[[], Awaitable[_T | None]]) -> _T:
        """Look again until there is something to see."""
        for _ in range(_PATIENCE_SECONDS * 10):
            if found := await look():
                return found
            await asyncio.sleep(0.1)
        raise AssertionError((self.directory / "log").read_text())


@contextmanager
def _stopped_at_the_end(fleet: Fleet) -> Iterator[None]:
    try:
        yield
    finally:
        for process in fleet.processes:
            process.terminate()
        for process in fleet.processes:
            process.wait(timeout=40)


@asynccontextmanager
async def fleet_of(
    database_url: str,
    directory: Path,
    *,
    roas: Sequence[Mapping[str, object]] = ROAS,
    more: str = "",
    **settings: str,
) -> AsyncIterator[Fleet]:
    """A migrated production database, ROA data in it, and nothing started yet.

    Tables `more` are added to the file of settings, and `settings` to the environment.
    """
    async with AsyncExitStack() as stack:
        internet = SandboxInternet()
        await internet.start()
        stack.push_async_callback(internet.stop)
        _put(internet, directory, roas)
        config = directory / "byoip.toml"
        names, whois = internet.resolver[1], internet.whois_port
        config.write_text(_CONFIG.format(directory=directory, names=names, whois=whois) + more)
        known = environment(DATABASE_URL=database_url, BYOIP_CONFIG=str(config), **settings)
        ports = stack.enter_context(ExitStack())
        http = await stack.enter_async_context(httpx.AsyncClient(timeout=20))
        fleet = Fleet(internet, known, directory, http, ports)
        stack.enter_context(_stopped_at_the_end(fleet))
        await fleet.byoip("migrate")
        await fleet.byoip("rpki", "refresh")
        yield fleet


def _put(internet: SandboxInternet, directory: Path, roas: Sequence[Mapping[str, object]]) -> None:
    """What the parties know of the prefix: its route object and its ROAs."""
    route = f"route: {CIDR}\norigin: AS64500\nmnt-by: A-MNT\nsource: RIPE\n"
    internet.whois.put("RIPE", route.encode())
    built = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    export = {"metadata": {"buildtime": built}, "roas": list(roas)}
    (directory / "roas.json").write_text(json.dumps(export))
