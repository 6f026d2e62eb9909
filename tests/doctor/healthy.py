"""A service with nothing to mend: a database, a resolver, registries, locators, a letter key."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, cast

import dns.flags
import dns.message
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from byoip.adapters.checks.vrp_json import JsonVrps
from byoip.adapters.letters.pyhanko_signer import signer_of_our_own
from byoip.adapters.system_clock import SystemClock
from byoip.cli.doctor.command import examine
from byoip.cli.doctor.finding import Finding, State
from byoip.domain.checks.delegated_statistics import REGISTRIES
from byoip.ports.checks.registrations import StatisticsFile
from byoip.ports.clock import Clock
from byoip.settings.loader import read_settings
from byoip.settings.model import Settings
from byoip.store.checks.registration_snapshots import RegistrationSnapshots
from byoip.store.checks.vrp_snapshots import VrpSnapshots
from byoip.store.engine import make_engine
from byoip.usecases.checks.refresh_roas import RefreshRoas
from tests.fakes.rpki import FakeVrpSource, entry, export_text
from tests.usecases.world import GATES

ANCHORS: Final = ("afrinic", "apnic", "arin", "lacnic", "ripe")
_DIALECTS: Final = {"arin": "irrd", "lacnic": "irrd"}


class Resolver(asyncio.DatagramProtocol):
    """Answers every question with nothing; validated, if it does that."""

    def __init__(self, *, validates: bool) -> None:
        self._flags = dns.flags.QR | dns.flags.RA | (dns.flags.AD if validates else 0)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        reply = dns.message.make_response(dns.message.from_wire(data))
        reply.flags |= self._flags
        self._transport.sendto(reply.to_wire(), addr)


@asynccontextmanager
async def resolver(*, validates: bool = True) -> AsyncIterator[str]:
    """Its address, while the block runs."""
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Resolver(validates=validates), ("127.0.0.1", 0)
    )
    try:
        yield "{}:{}".format(*transport.get_extra_info("sockname"))
    finally:
        transport.close()


@asynccontextmanager
async def listening(said: bytes = b"") -> AsyncIterator[int]:
    """The port of a server that takes connections, says this, and hangs up."""

    async def brief(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        writer.close()

    async with await asyncio.start_server(brief, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def fill(database_url: str, directory: Path) -> None:
    """Put in use statistics of every registry, and ROA data of every anchor."""
    engine, clock = make_engine(database_url), SystemClock()
    async with RegistrationSnapshots(engine).exclusive() as tx:
        for key in sorted(REGISTRIES):
            await tx.replace(StatisticsFile(key, "1", "0" * 64, clock.now(), []))
    roas = [entry(f"198.51.100.{16 * n}/28", 64500, 28, ta) for n, ta in enumerate(ANCHORS)]
    offer = export_text(roas, clock.now() - timedelta(minutes=1))
    source = FakeVrpSource(directory, offer, frozenset(ANCHORS))
    await RefreshRoas(source, JsonVrps(), VrpSnapshots(engine), GATES, clock)()
    await engine.dispose()


@dataclass
class Service:
    """The settings of one; a test plants one fault in them, or in the database."""

    directory: Path
    database_url: str
    settings: dict[str, Any]

    async def findings(self, clock: Clock | None = None) -> list[Finding]:
        """What the doctor finds."""
        read: Settings = read_settings({}, database_url=self.database_url, **self.settings)
        return list(await examine(read, clock or SystemClock()))

    async def to_mend(self, clock: Clock | None = None) -> dict[str, Finding]:
        """The faults by check and subject; each has its fix."""
        found = [one for one in await self.findings(clock) if one.state is State.FAULT]
        assert all(one.fix for one in found)
        return {f"{one.check} {one.subject}".strip(): one for one in found}


@asynccontextmanager
async def service(database_url: str, directory: Path) -> AsyncIterator[Service]:
    """One with nothing to mend, and without speakers."""
    tals = directory / "tals"
    tals.mkdir()
    for anchor in ANCHORS:
        (tals / f"{anchor}.tal").write_text(locator_text())
    program = program_that_says(directory, "rpki-client-portable 9.7")
    signer_of_our_own(directory, operator="Example", now=datetime.now(UTC))
    async with resolver() as address, listening() as port:
        settings = {
            "origin_asns": "64500",
            "public_url": "https://byoip.example.net",
            "resolvers": address,
            "rpki_tals": tals,
            "rpki_program": str(program),
            "registries": [registry(key, port) for key in sorted(REGISTRIES)],
            "letter_key": directory / "letter-key.pem",
            "letter_certificate": directory / "letter-certificate.pem",
        }
        yield Service(directory, database_url, settings)


def registry(key: str, port: int) -> Mapping[str, Any]:
    dialect = _DIALECTS.get(key, "ripe")
    return {"key": key, "source": "X", "host": "127.0.0.1", "port": port, "dialect": dialect}


def locator_text() -> str:
    """As RFC 8630 has it."""
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    packed = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    key = base64.encodebytes(packed).decode()
    return f"# A comment\nhttps://rpki.example.net/ta.cer\nrsync://rpki.example.net/ta.cer\n\n{key}"


def program_that_says(directory: Path, version: str) -> Path:
    """A program that tells this version, as rpki-client does."""
    program = directory / "rpki-client"
    program.write_text(f"#!/bin/sh\necho {json.dumps(version)} >&2\n")
    program.chmod(0o755)
    return program
