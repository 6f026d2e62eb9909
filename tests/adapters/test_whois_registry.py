import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID

import pytest

from byoip.adapters.checks.whois_registry import WhoisRegistry
from byoip.domain.checks.evidence import Fault
from byoip.domain.checks.registry import Dialect, Registry
from byoip.domain.prefix import Prefix
from byoip.ports.checks import registry as registries
from byoip.sandbox.whois_server import IrrFault, WhoisServer

ROUTE = b"route: 192.0.2.0/24\norigin: AS64500\nmnt-by: M\nsource: RIPE\n"
SERVED = b"% This query was served by the RIPE Database Query Service version 1.1 (A)\n\n\n"
BANNER = b"% This is the RIPE Database query service.\n\n"
NOTHING = b"%ERROR:101: no entries found\n%\n% No entries found in source RIPE.\n\n"


class Clock:
    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)


class ScriptedServer:
    """Sends given bytes to every client, then closes; keeps what it was sent."""

    def __init__(self) -> None:
        self.says = b""
        self.closes = True
        self.resets = False
        self.heard = b""
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heard = await reader.read(4096)
        writer.write(self.says)
        if self.closes:
            if self.resets:
                await writer.drain()
                await asyncio.sleep(0.05)
                linger = struct.pack("ii", 1, 0)
                connection = writer.get_extra_info("socket")
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.close()
        else:
            await reader.read()  # until the other side gives up
            writer.close()


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    scripted = ScriptedServer()
    listening = await asyncio.start_server(scripted.serve, "127.0.0.1", 0)
    scripted.port = listening.sockets[0].getsockname()[1]
    yield scripted
    listening.close()


async def look_up(
    port: int,
    dialect: Dialect = Dialect.RIPE,
    *,
    lookup: registries.Lookup = registries.Lookup.EXACT_ROUTES,
    prefix: str = "192.0.2.0/24",
    deadline: float = 30,
    max_bytes: int = 100_000,
) -> registries.RegistryAnswer:
    asks = WhoisRegistry(Clock(), deadline=deadline, max_bytes=max_bytes)
    registry = Registry("ripencc", "RIPE", "127.0.0.1", dialect, port=port)
    question = registries.RegistryQuestion(registry, lookup, Prefix.parse(prefix), UUID(int=1))
    return await asks.look_up(question)


async def test_a_whole_answer_counts_even_if_the_connection_ends_badly(
    server: ScriptedServer,
) -> None:
    server.says = BANNER + NOTHING + SERVED
    server.resets = True
    assert isinstance(await look_up(server.port), registries.NoEntries)
    assert server.heard == b"-r -B -G -x -s RIPE -T route 192.0.2.0/24\r\n"


async def test_the_words_before_a_reset_are_read(server: ScriptedServer) -> None:
    server.says = b"%ERROR:201: access denied for 192.0.2.1\n"
    server.resets = True
    answer = await look_up(server.port)
    assert isinstance(answer, registries.NoAnswer)
    assert answer.fault is Fault.REFUSED


async def test_a_server_that_never_ends_its_answer_meets_the_deadline(
    server: ScriptedServer,
) -> None:
    server.says = BANNER
    server.closes = False
    answer = await look_up(server.port, deadline=0.2)
    assert isinstance(answer, registries.NoAnswer)
    assert answer.fault is Fault.TIMEOUT
    assert answer.exhibit.answer == BANNER


async def test_an_answer_beyond_the_limit_is_cut_off(server: ScriptedServer) -> None:
    server.says = BANNER + (ROUTE + b"\n") * 10_000
    answer = await look_up(server.port, max_bytes=50_000)
    assert isinstance(answer, registries.NoAnswer)
    assert answer.fault is Fault.TOO_LARGE
    assert len(answer.exhibit.answer) == 50_000


async def test_a_closed_port_is_unreachable() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    answer = await look_up(port)
    assert isinstance(answer, registries.NoAnswer)
    assert answer.fault is Fault.UNREACHABLE


@pytest.mark.parametrize("dialect", list(Dialect))
@pytest.mark.parametrize(
    ("misbehaviour", "fault"),
    [
        (IrrFault.TIMEOUT, Fault.TIMEOUT),
        (IrrFault.RESET, Fault.UNREACHABLE),
        (IrrFault.GARBAGE, Fault.GARBAGE),
        (IrrFault.TRUNCATED, Fault.TRUNCATED),
        (IrrFault.REFUSED, Fault.REFUSED),
        (IrrFault.EMPTY, Fault.TRUNCATED),
    ],
)
@pytest.mark.parametrize("there", [True, False])
async def test_every_fault_of_the_sandbox_leaves_the_question_unanswered(
    dialect: Dialect, misbehaviour: IrrFault, fault: Fault, there: bool
) -> None:
    sandbox = WhoisServer()
    port = await sandbox.start()
    if there:
        sandbox.put("RIPE", ROUTE)
    sandbox.fault = misbehaviour
    answer = await look_up(port, dialect, deadline=0.3 if fault is Fault.TIMEOUT else 30)
    assert isinstance(answer, registries.NoAnswer)
    assert answer.fault is fault
    sandbox.fault = None
    recovered = await look_up(port, dialect)
    assert isinstance(recovered, registries.Found if there else registries.NoEntries)
    await sandbox.stop()


async def test_an_answer_that_is_cut_where_it_might_have_ended_is_too_large(
    server: ScriptedServer,
) -> None:
    start = BANNER + ROUTE + b"\n" + SERVED
    server.says = start + ROUTE + b"\n" + SERVED
    answer = await look_up(server.port, max_bytes=len(start))
    assert isinstance(answer, registries.NoAnswer)
    assert answer.fault is Fault.TOO_LARGE
