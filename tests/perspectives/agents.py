"""Real perspectives for tests: each a process, in a small Internet of its own."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from byoip.adapters.network_policy import NetworkPolicy
from byoip.adapters.perspectives.perspective_client import PerspectiveClient
from byoip.adapters.perspectives.wire import public_text
from byoip.domain.perspectives.place import Place
from byoip.ports.clock import Clock
from byoip.sandbox.name_server import NameServer
from byoip.sandbox.whois_server import WhoisServer

BYOIP = Path(sys.executable).with_name("byoip")
LABEL = "byoip-validation"
ACCOUNT = UUID(int=1)
LOOPBACK = NetworkPolicy(allowed=(ip_network("127.0.0.0/8"),))
ADDRESSES = ("127.0.0.1", "127.0.0.2")
AMSTERDAM = Place("ams", "ripencc", 52.37, 4.90, 64511)
NEW_YORK = Place("nyc", "arin", 40.71, -74.01, 64512)
TOKYO = Place("tyo", "apnic", 35.68, 139.69, 64513)
PLACES = (AMSTERDAM, NEW_YORK, TOKYO)


class SystemTime:
    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass
class Internet:
    """What one place sees."""

    names: NameServer = field(default_factory=NameServer)
    whois: WhoisServer = field(default_factory=WhoisServer)

    async def start(self) -> None:
        await self.names.start(ADDRESSES)
        await self.whois.start()

    async def stop(self) -> None:
        await self.names.stop()
        await self.whois.stop()


@dataclass
class Agent:
    """A process, what it sees, and what asks it."""

    place: Place
    internet: Internet
    key: Ed25519PrivateKey
    url: str
    process: subprocess.Popen[str]
    client: PerspectiveClient

    def stop(self, deadline: float = 2.0) -> None:
        """As when its machine hangs: connections are taken, and nothing is answered in time."""
        self.process.send_signal(signal.SIGSTOP)
        self.client._deadline = deadline


def write_key(file: Path, key: Ed25519PrivateKey) -> Path:
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return file


def client(
    place: Place,
    url: str,
    *,
    core: Ed25519PrivateKey,
    of_it: Ed25519PrivateKey,
    clock: Clock | None = None,
    deadline: float = 30.0,
) -> PerspectiveClient:
    return PerspectiveClient(
        place,
        url,
        key=core,
        of_it=of_it.public_key(),
        clock=clock or SystemTime(),
        policy=LOOPBACK,
        deadline=deadline,
    )


_REGISTRIES = (("arin", "ARIN", "irrd"), ("ripencc", "RIPE", "ripe"))


def settings_file(file: Path, internet: Internet, more: Mapping[str, str]) -> Path:
    """Settings of a process in this Internet; `more` are values as TOML has them."""
    port = internet.names.port
    lines = [
        f'resolvers = ["127.0.0.1:{port}"]',
        f"name_server_port = {port}",
        'contactable = ["127.0.0.0/8"]',
        *(f"{name} = {value}" for name, value in more.items()),
    ]
    for key, source, dialect in _REGISTRIES:
        lines += [
            "[[registries]]",
            f'key = "{key}"',
            f'source = "{source}"',
            f'host = "127.0.0.1"\nport = {internet.whois.port}',
            f'dialect = "{dialect}"',
        ]
    file.write_text("\n".join(lines))
    return file


@asynccontextmanager
async def agent(
    directory: Path,
    place: Place,
    core: Ed25519PrivateKey,
    *,
    deadline: float = 30.0,
    clock: Clock | None = None,
) -> AsyncIterator[Agent]:
    """Run one, for this core, until the block ends."""
    internet, key = Internet(), Ed25519PrivateKey.generate()
    await internet.start()
    pem = write_key(directory / f"{place.name}.pem", key)
    more = {
        "perspective_name": f'"{place.name}"',
        "perspective_region": f'"{place.region}"',
        "perspective_key": f'"{pem}"',
        "perspective_callers": f'["{public_text(core)}"]',
    }
    file = settings_file(directory / f"{place.name}.toml", internet, more)
    environment = {"PATH": os.environ["PATH"], "BYOIP_CONFIG": str(file)}
    environment["PYTHONPATH"] = os.environ.get("PYTHONPATH", "")
    with subprocess.Popen(  # noqa: ASYNC220 - a few milliseconds of a test
        [BYOIP, "perspective", "--port", "0"], env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            url = await asyncio.to_thread(_told_url, process)
            asks = client(place, url, core=core, of_it=key, clock=clock, deadline=deadline)
            yield Agent(place, internet, key, url, process, asks)
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await internet.stop()


def _told_url(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    said = ""
    for line in process.stderr:
        said += line
        if found := re.search(r"answers at (http://\S+:\d+), with the key \S+", line):
            return found[1]
    raise AssertionError(f"it ended: {said}")
