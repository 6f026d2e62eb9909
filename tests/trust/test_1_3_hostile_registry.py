"""Trust, 1.3: what a whois server sends holds the event loop no longer than its bytes deserve.

And what one customer has written into a registry stops no other's questions there.
"""

import asyncio
import time
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from byoip.adapters.checks.whois_registry import MAX_BYTES, WhoisRegistry
from byoip.domain.checks.evidence import Fault
from byoip.domain.checks.registry import Dialect, Registry
from byoip.domain.prefix import Prefix
from byoip.ports.checks.registry import Found, Lookup, NoAnswer, RegistryQuestion

# Seconds of this process without a turn; one reading takes 1 s, and took 20 s for frames.
LONGEST = 0.4


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
            before = time.process_time()
            await asyncio.sleep(0.01)
            longest = max(longest, time.process_time() - before)
        return longest

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        question = to(server, dialect, Lookup.EXACT_ROUTES)
        asked = asyncio.create_task(WhoisRegistry(Clock(), deadline=30).look_up(question))
        assert await watch() < LONGEST
        answer = await asked
    assert isinstance(answer, NoAnswer)
    assert answer.fault is fault


def to(server: asyncio.Server, dialect: Dialect, lookup: Lookup) -> RegistryQuestion:
    port = server.sockets[0].getsockname()[1]
    registry = Registry("arin", "ARIN", "127.0.0.1", dialect, port=port)
    return RegistryQuestion(registry, lookup, Prefix.parse("192.0.2.0/24"), uuid4())


@pytest.mark.parametrize("code", ["ERROR:201", "ERROR:306", "ERROR:100", "ERROR:101"])
async def test_an_abuse_mailbox_that_looks_like_a_refusal_refuses_nothing(code: str) -> None:
    """One that is taken for 201 would have the registry left alone for a day, for all accounts."""
    said = (
        "% Information related to '192.0.2.0 - 192.0.2.255'\n\n"
        f"% Abuse contact for '192.0.2.0 - 192.0.2.255' is '{code}: denied@evil.example'\n\n"
        "inetnum:        192.0.2.0 - 192.0.2.255\nsource:         ARIN\n\n\n"
    )

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(4096)
        writer.write(said.encode())
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        question = to(server, Dialect.RIPE, Lookup.SMALLEST_HOLDER)
        answer = await WhoisRegistry(Clock(), deadline=30).look_up(question)
    assert isinstance(answer, Found), answer
