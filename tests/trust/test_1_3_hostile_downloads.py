"""Trust, 1.3: what a web server sends is not unpacked; tiny chunks and endless heads end soon."""

import asyncio
import io
import zlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from byoip.adapters.checks.ripe_rest import RipeRest
from byoip.adapters.https_download import Downloaded, DownloadFailed, DownloadLimits, download
from byoip.domain.checks.evidence import Fault
from byoip.domain.checks.registry import Dialect, Registry
from byoip.domain.prefix import Prefix
from byoip.ports.checks.registry import Lookup, NoAnswer, RegistryQuestion

LIMITS = DownloadLimits(timedelta(seconds=60), largest=10**7, schemes=frozenset({"http"}))
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
TINY = b"1\r\na\r\n" * 1000
MOST_TAKEN = 10**7  # far less than a megabyte is read; the kernels' buffers take some


class Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class Server:
    """Sends a head, then the same bytes until the client goes, or so often."""

    def __init__(self, said: Sequence[bytes], times: int | None) -> None:
        self.head, self.body = said
        self.times = times
        self.sent = 0
        self.asked = b""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked = await reader.readuntil(b"\r\n\r\n")
        writer.write(self.head)
        try:
            while self.times is None or self.sent < self.times * len(self.body):
                writer.write(self.body)
                await writer.drain()
                self.sent += len(self.body)
        except ConnectionError:
            pass
        writer.close()


@asynccontextmanager
async def sending(
    head: bytes, body: bytes, times: int | None = None
) -> AsyncIterator[tuple[Server, str]]:
    server = Server((head, body), times)
    async with await asyncio.start_server(server.serve, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        yield server, f"http://127.0.0.1:{port}"


def _packed(content: bytes, times: int) -> bytes:
    for _ in range(times):
        packing = zlib.compressobj(9, wbits=31)
        content = packing.compress(content) + packing.flush()
    return content


@pytest.mark.parametrize("coding", ["gzip", "gzip, gzip", "deflate", "GZip"])
async def test_nothing_is_unpacked(coding: str) -> None:
    body = _packed(bytes(10**6), coding.lower().count("gzip"))
    head = HEAD + f"Content-Encoding: {coding}\r\n\r\n".encode()
    sink = io.BytesIO()
    async with sending(head, body, 1) as (server, url):
        answer = await download(f"{url}/file", sink, LIMITS)
    assert isinstance(answer, DownloadFailed)
    assert "is packed" in answer.why
    assert not sink.getvalue()
    assert b"accept-encoding: identity\r\n" in server.asked.lower()


async def test_a_download_in_chunks_of_one_byte_is_ended() -> None:
    async with sending(CHUNKED, TINY) as (server, url):
        answer = await download(f"{url}/file", io.BytesIO(), LIMITS)
    assert isinstance(answer, DownloadFailed)
    assert "chunks" in answer.why
    assert server.sent < MOST_TAKEN


def _question(url: str) -> RegistryQuestion:
    registry = Registry("ripencc", "RIPE", "whois.invalid", Dialect.RIPE, rest_url=url)
    return RegistryQuestion(
        registry, Lookup.EXACT_ROUTES, Prefix.parse("192.0.2.0/24"), UUID(int=1)
    )


async def test_a_registry_that_answers_in_chunks_of_one_byte_is_ended() -> None:
    async with sending(CHUNKED, TINY) as (server, url):
        answer = await RipeRest(Clock(), deadline=60).look_up(_question(url))
    assert isinstance(answer, NoAnswer)
    assert answer.fault is Fault.TRUNCATED
    assert "chunks" in answer.detail
    assert server.sent < MOST_TAKEN


WORKING = b"HTTP/1.1 103 \r\n\r\n"


async def test_a_server_that_says_without_end_that_it_is_working_is_ended() -> None:
    async with sending(b"", WORKING * 1000) as (server, url):
        ended = await download(url, io.BytesIO(), LIMITS)
        assert isinstance(ended, DownloadFailed)
        assert "no answer in the first 65536 bytes" in ended.why
        assert server.sent < MOST_TAKEN


async def test_a_registry_that_says_so_is_ended() -> None:
    async with sending(b"", WORKING * 1000) as (_, url):
        answer = await RipeRest(Clock(), deadline=60).look_up(_question(url))
    assert isinstance(answer, NoAnswer)
    assert answer.fault is Fault.GARBAGE
    assert "no answer in the first" in answer.detail


async def test_one_that_says_it_a_few_times_is_read() -> None:
    head = WORKING * 100 + HEAD + b"Content-Length: 70000\r\n\r\n"
    sink = io.BytesIO()
    async with sending(head, b"a" * 70_000, times=1) as (_, url):
        assert isinstance(await download(url, sink, LIMITS), Downloaded)
    assert sink.getvalue() == b"a" * 70_000


async def test_usual_chunks_are_read() -> None:
    chunk = b"400\r\n" + b"a" * 1024 + b"\r\n"
    sink = io.BytesIO()
    async with sending(CHUNKED, chunk * 5000 + b"0\r\n\r\n", 1) as (_, url):
        assert isinstance(await download(f"{url}/file", sink, LIMITS), Downloaded)
    assert len(sink.getvalue()) == 5000 * 1024
