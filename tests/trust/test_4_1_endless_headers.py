"""Trust, 4.1: a connection that nobody vouches for costs little, and costs others nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from starlette.types import Receive, Scope, Send

from byoip.cli.connection_limits import HEAD_BYTES, HEADERS, LimitedProtocol
from byoip.cli.serving import bind, port_of, serving
from tests.leaping import leap

GRACE = 30.0  # seconds: a machine that is busy has more time than the test lets go by
HEAD = b"GET / HTTP/1.1\r\nHost: byoip.test\r\n"
POST = b"POST / HTTP/1.1\r\nHost: byoip.test\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


class Echo:
    """Says how many bytes of body it read, and keeps what headers it saw."""

    def __init__(self) -> None:
        self.headers: list[tuple[bytes, bytes]] = []
        self.bodies: list[int] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            while (await receive())["type"] != "lifespan.shutdown":
                await send({"type": "lifespan.startup.complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        size, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            size, more = size + len(message["body"]), message["more_body"]
        self.headers, self.bodies = scope["headers"], [*self.bodies, size]
        body = str(size).encode()
        length = (b"content-length", str(len(body)).encode())
        await send({"type": "http.response.start", "status": 200, "headers": [length]})
        await send({"type": "http.response.body", "body": body})


class Client:
    """A socket that says exactly what it is told."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def say(self, *parts: bytes, pause: float = 0.0) -> None:
        with suppress(ConnectionError):  # the server may have heard enough
            for part in parts:
                self._writer.write(part)
                await self._writer.drain()
                await asyncio.sleep(pause)

    async def flood(self, part: bytes, most: int) -> int:
        """Send it until the server closes; how many bytes went."""
        sent = 0
        try:
            while sent < most:
                self._writer.write(part)
                await self._writer.drain()
                sent += len(part)
        except ConnectionError:
            pass
        return sent

    async def status(self) -> int:
        """Of the next answer; 0: the server closed without one."""
        try:
            line = await asyncio.wait_for(self._reader.readline(), 60)
        except ConnectionError:
            return 0
        return int(line.split()[1]) if line else 0

    async def rest(self) -> bytes:
        try:
            return await asyncio.wait_for(self._reader.read(), 60)
        except ConnectionError:
            return b""


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
async def port(echo: Echo, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    monkeypatch.setattr(LimitedProtocol, "head_seconds", GRACE)
    monkeypatch.setattr(LimitedProtocol, "body_grace_seconds", GRACE)
    listening = bind("127.0.0.1", 0)
    async with serving(echo, listening):
        yield port_of(listening)


@pytest.fixture
def hurried(port: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """The same, where a client is waited for for a second only."""
    monkeypatch.setattr(LimitedProtocol, "head_seconds", 1.0)
    monkeypatch.setattr(LimitedProtocol, "body_grace_seconds", 1.0)
    return port


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Client(reader, writer)
    finally:
        writer.close()


async def test_a_usual_request_and_the_next_on_its_connection_are_answered(port: int) -> None:
    async with connected(port) as client:
        for _ in range(3):
            await client.say(POST + b"Content-Length: 5\r\n\r\nhello")
            assert await client.status() == 200
            await client.say()
            assert (await client._reader.readuntil(b"\r\n\r\n")).lower().startswith(b"date")
            assert await client._reader.readexactly(1) == b"5"


@pytest.mark.parametrize(
    "begun",
    [HEAD + b"X-Long: ", b"GET /", HEAD + b"X-Name-Of-", POST],
    ids=["one endless value", "an endless request line", "an endless name", "no end of headers"],
)
async def test_endless_headers_are_refused_at_64_kb(port: int, echo: Echo, begun: bytes) -> None:
    part = b"a: b\r\n" * 1000 if begun == POST else b"a" * 6000
    async with connected(port) as client:
        await client.say(begun)
        sent = await client.flood(part, most=20_000_000)
        assert sent < 8_000_000  # what the kernel's buffers take; the server read 64 kB of it
    assert echo.bodies == []


async def test_long_headers_get_an_answer_that_says_why(port: int) -> None:
    async with connected(port) as client:
        await client.say(HEAD + b"X-Long: " + b"a" * HEAD_BYTES)
        assert await client.status() == 431
        assert b"limited to 65536 bytes" in await client.rest()


async def test_a_head_has_65536_bytes_and_none_more(port: int) -> None:
    begun, end = HEAD + b"X-Long: ", b"\r\n\r\n"
    for size, status in ((65_536, 200), (65_537, 431)):
        async with connected(port) as client:
            await client.say(begun + b"a" * (size - len(begun) - len(end)) + end)
            assert await client.status() == status


async def test_a_head_is_counted_in_whatever_pieces_it_comes(port: int) -> None:
    begun, end = HEAD + b"X-Long: ", b"\r\n\r\n"
    for size, status in ((65_536, 200), (65_537, 431)):
        head = begun + b"a" * (size - len(begun) - len(end)) + end
        async with connected(port) as client:
            await client.say(head[:60_000], head[60_000:], pause=0.1)
            assert await client.status() == status


async def test_headers_are_counted(port: int) -> None:
    few = b"".join(b"X-%d: 1\r\n" % number for number in range(HEADERS - 1))
    async with connected(port) as client:
        await client.say(HEAD + few + b"\r\n")
        assert await client.status() == 200
    async with connected(port) as client:
        await client.say(HEAD + few + b"X-More: 1\r\n\r\n")
        assert await client.status() == 431


async def test_a_head_that_does_not_end_in_time_is_refused(hurried: int) -> None:
    async with connected(hurried) as client:
        await client.say(*(HEAD[at : at + 1] for at in range(6)), pause=0.15)
        assert await client.status() == 408


async def test_a_connection_that_says_nothing_ends(hurried: int) -> None:
    async with connected(hurried) as client:
        assert await client.rest() == b""


async def test_a_connection_that_was_answered_and_says_no_more_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("byoip.cli.serving._IDLE_SECONDS", 1)
    listening = bind("127.0.0.1", 0)
    async with serving(Echo(), listening), connected(port_of(listening)) as client:
        await client.say(POST + b"Content-Length: 5\r\n\r\nhello")
        assert await client.status() == 200
        assert (await client.rest()).endswith(b"5")  # and then the end, which is ours


async def test_a_body_below_the_least_rate_is_refused(hurried: int, echo: Echo) -> None:
    async with connected(hurried) as client:
        await client.say(POST + b"Content-Length: 1000\r\n\r\n")
        await client.say(*([b"a"] * 10), pause=0.1)
        assert await client.status() == 408
    assert echo.bodies == []


async def test_a_slow_body_above_the_least_rate_is_read(port: int) -> None:
    async with connected(port) as client:
        await client.say(POST + b"Content-Length: 800000\r\n\r\n")
        for _ in range(100):
            await client.say(b"a" * 8000, pause=0.01)
            leap(GRACE / 60)
        assert await client.status() == 200


@pytest.mark.parametrize(
    "parts",
    [b"1;" + b"x" * 70_000 + b"\r\na\r\n", b"1\r\na\r\n0\r\nX-Trailer: " + b"x" * 70_000],
    ids=["an extension", "a trailer"],
)
async def test_framing_of_chunks_is_limited(port: int, echo: Echo, parts: bytes) -> None:
    async with connected(port) as client:
        await client.say(CHUNKED + parts)
        assert await client.status() in {400, 431}
    assert echo.bodies == []


async def test_trailers_are_counted_and_are_no_headers(port: int, echo: Echo) -> None:
    async with connected(port) as client:
        await client.say(CHUNKED + b"1\r\na\r\n0\r\nAuthorization: Bearer stolen\r\n\r\n")
        assert await client.status() == 200
    assert b"authorization" not in dict(echo.headers)
    many = b"".join(b"X-%d: 1\r\n" % number for number in range(HEADERS))
    async with connected(port) as client:
        await client.say(CHUNKED + b"1\r\na\r\n0\r\n" + many + b"\r\n")
        assert await client.status() in {0, 400, 431}


async def test_chunks_of_one_byte_are_read(port: int) -> None:
    async with connected(port) as client:
        await client.say(CHUNKED + b"1\r\na\r\n" * 20_000 + b"0\r\n\r\n")
        assert await client.status() == 200


async def test_others_are_answered_while_one_floods(port: int) -> None:
    async def flood() -> None:
        async with connected(port) as client:
            await client.say(HEAD + b"X-Long: ")
            await client.flood(b"a" * 60_000, most=100_000_000)

    floods = [asyncio.create_task(flood()) for _ in range(8)]
    for _ in range(20):
        async with asyncio.timeout(30), connected(port) as client:
            await client.say(HEAD + b"\r\n")
            assert await client.status() == 200
    await asyncio.gather(*floods)
