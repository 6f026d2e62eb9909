"""Trust, 1.3: what a whois server sends holds the event loop no longer than its bytes deserve."""

import asyncio
import time
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from byoip.adapters.checks.whois_registry import MAX_BYTES, WhoisRegistry
from byoip.domain.checks.evidence import Fault
from byoip.domain.checks.registry import Dialect, Registry
from byoip.domain.prefix import Prefix
from byoip.ports.checks.registry import Lookup, NoAnswer, RegistryQuestion

LONGEST = 0.4  # seconds without a turn; one reading takes 1 s, and took 20 s for frames


class Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


@pytest.mark.parametrize(
    ("dialect", "said", "fault"),
    [(Dialect.IRRD, b"C\n", Fault.GARBAGE), (Dialect.RIPE, b"\n% ", Fault.TRUNCATED)],
)
async def test_a_megabyte_of_tiny_lines_delays_nobody(
    dialect: Dialect, said: bytes, fault: Fault
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(4096)
        writer.write(said * (MAX_BYTES // len(said)))
        writer.close()

    async def watch() -> float:
        longest = 0.0
        while not asked.done():
            before = time.monotonic()
            await asyncio.sleep(0.01)
            longest = max(longest, time.monotonic() - before)
        return longest

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        registry = Registry("arin", "ARIN", "127.0.0.1", dialect, port=port)
        question = RegistryQuestion(
            registry, Lookup.EXACT_ROUTES, Prefix.parse("192.0.2.0/24"), uuid4()
        )
        asked = asyncio.create_task(WhoisRegistry(Clock(), deadline=30).look_up(question))
        assert await watch() < LONGEST
        answer = await asked
    assert isinstance(answer, NoAnswer)
    assert answer.fault is fault
