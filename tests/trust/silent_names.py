"""A process that asks parties of two names: of one no name server answers, the other is known."""

import asyncio
import time
from contextlib import suppress
from typing import Any
from uuid import UUID

import httpx
from starlette.requests import Request

from byoip.adapters.bounded_get import bounded_get
from byoip.adapters.checks.whois_registry import WhoisRegistry
from byoip.adapters.http_pieces import trusted
from byoip.adapters.system_clock import SystemClock
from byoip.api.border.uploads import reading_upload
from byoip.domain.checks.evidence import Fault
from byoip.domain.checks.registry import Dialect, Registry
from byoip.domain.prefix import Prefix
from byoip.ports.checks.registry import (
    Lookup,
    NoAnswer,
    NoEntries,
    RegistryAnswer,
    RegistryQuestion,
)
from byoip.sandbox.whois_server import WhoisServer

SILENT, KNOWN = "whois.silent.example", "whois.known.example"
AT_ONCE = 12  # more than any loop has threads for names
PATIENCE = 2.0  # of a question; a resolver has more
SOON = 1.0
PREFIX = Prefix.parse("192.0.2.0/24")
LARGE = b"%PDF-1.7\n" + b"x" * 200_000


async def scenario() -> int:
    """While a dozen questions wait for the silent name, the other one is asked, and a file comes.

    Raises:
        AssertionError: something of that had to wait.
    """
    server = WhoisServer()
    port = await server.start()
    web = await asyncio.start_server(_web, "127.0.0.1", 0)
    try:
        await _scenario(port, web.sockets[0].getsockname()[1])
    finally:  # a loop with one that is open does not close where a warning is an error
        web.close()
        await server.stop()
    return 0


async def _scenario(port: int, web_port: int) -> None:
    asking = [*(_whois(SILENT, port) for _ in range(AT_ONCE)), *(_silent_web() for _ in range(2))]
    waiting: list[asyncio.Task[Any]] = [asyncio.create_task(one) for one in asking]
    await asyncio.sleep(0.3)
    begun = time.monotonic()
    assert isinstance(await _whois(KNOWN, port), NoEntries)
    url = httpx.URL(f"http://{KNOWN}:{web_port}/")
    body = bytearray()
    await bounded_get(url, body, accept="*/*", tls=trusted(), max_bytes=100)
    assert body == b"here"
    async with reading_upload(_form(), "document", asyncio.Semaphore(1)) as upload:
        assert upload.size == len(LARGE)
    took = time.monotonic() - begun
    assert took < SOON, f"{took:.1f} s"
    assert not any(one.done() for one in waiting), "the name is to be silent"
    for answer in await asyncio.gather(*waiting):
        assert answer is None or (isinstance(answer, NoAnswer) and answer.fault is Fault.TIMEOUT)


async def _whois(host: str, port: int) -> RegistryAnswer:
    registry = Registry("ripencc", "RIPE", host, Dialect.RIPE, port=port)
    question = RegistryQuestion(registry, Lookup.EXACT_ROUTES, PREFIX, UUID(int=1))
    return await WhoisRegistry(SystemClock(), deadline=PATIENCE).look_up(question)


async def _silent_web() -> None:
    url = httpx.URL(f"http://{SILENT}/")
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            await bounded_get(url, bytearray(), accept="*/*", tls=trusted(), max_bytes=100)


async def _web(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\n\r\nhere")
    writer.close()


def _form() -> Request:
    head = 'Content-Disposition: form-data; name="document"; filename="letter.pdf"'
    body = f"--b\r\n{head}\r\n\r\n".encode() + LARGE + b"\r\n--b--\r\n"
    parts = [body[at : at + 65536] for at in range(0, len(body), 65536)]

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

    headers = [(b"content-type", b"multipart/form-data; boundary=b")]
    scope = {"type": "http", "method": "POST", "path": "/", "headers": headers}
    return Request(scope, receive)
