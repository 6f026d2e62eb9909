"""Trust, 4.1: clients that do not read, and clients that only connect, hold nothing for long."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, closing
from typing import TypeAlias

import pytest
from starlette.types import Receive, Scope, Send

from byoip.cli.connection_limits import LimitedProtocol
from byoip.cli.serving import bind, port_of, serving
from tests.announcing import until
from tests.leaping import leap

REQUEST = b"GET / HTTP/1.1\r\nHost: byoip.test\r\n\r\n"
SMALL = b"GET /small HTTP/1.1\r\nHost: byoip.test\r\n\r\n"
LARGE = 8_000_000  # more than the buffers of both kernels take
ROOM = 20
GRACE = 30.0

Connect: TypeAlias = Callable[..., Awaitable[socket.socket]]


class Answering:
    """Answers with many bytes, or few; knows how many clients it still answers."""

    def __init__(self) -> None:
        self.under_way = self.begun = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            while (await receive())["type"] != "lifespan.shutdown":
                await send({"type": "lifespan.startup.complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        size = 5 if scope["path"] == "/small" else LARGE
        self.under_way += 1
        self.begun += 1
        try:
            length = (b"content-length", str(size).encode())
            await send({"type": "http.response.start", "status": 200, "headers": [length]})
            while size:
                part = min(size, 1_000_000)
                size -= part
                await send(
                    {"type": "http.response.body", "body": b"a" * part, "more_body": size > 0}
                )
        finally:
            self.under_way -= 1


@pytest.fixture
def answering() -> Answering:
    return Answering()


@pytest.fixture
async def port(answering: Answering, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    monkeypatch.setattr(LimitedProtocol, "answer_grace_seconds", GRACE)
    monkeypatch.setattr(LimitedProtocol, "head_seconds", 300.0)
    monkeypatch.setattr(LimitedProtocol, "most_connections", ROOM)
    listening = bind("127.0.0.1", 0)
    async with serving(answering, listening):
        yield port_of(listening)


@pytest.fixture
def connect(port: int) -> Iterator[Connect]:
    """Connects a client that reads nothing that it is not told to."""
    with ExitStack() as made:

        async def connected(said: bytes = b"", address: str = "127.0.0.1") -> socket.socket:
            client, loop = made.enter_context(closing(socket.socket())), asyncio.get_running_loop()
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.setblocking(False)  # noqa: FBT003 - the socket module's signature
            client.bind((address, 0))
            await loop.sock_connect(client, ("127.0.0.1", port))
            await loop.sock_sendall(client, said)
            return client

        yield connected


async def _read(client: socket.socket, most: int) -> int:
    """How many bytes came before the end, or before so many."""
    size, loop = 0, asyncio.get_running_loop()
    try:
        while size < most and (part := await asyncio.wait_for(loop.sock_recv(client, 1 << 20), 60)):
            size += len(part)
    except ConnectionError:
        pass
    return size


async def test_a_client_that_reads_no_answer_is_cut_off(
    connect: Connect, answering: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LimitedProtocol, "answer_grace_seconds", 1.0)
    clients = [await connect(REQUEST * 3) for _ in range(5)]
    await until(lambda: answering.begun == 5)
    await until(lambda: answering.under_way == 0)
    assert all([await _read(one, 3 * LARGE) < 3 * LARGE for one in clients])


async def test_a_client_that_reads_slowly_gets_all(connect: Connect) -> None:
    client, size = await connect(REQUEST), 0
    for _ in range(12):  # longer than the grace, in parts
        size += await _read(client, 500_000)
        leap(GRACE / 6)
        await asyncio.sleep(0.02)
    assert size + await _read(client, LARGE - size) >= LARGE


async def test_a_new_client_takes_the_place_of_the_longest_idle_one(connect: Connect) -> None:
    idle = [await connect(b"GET /") for _ in range(3 * ROOM)]
    answers = [await _read(await connect(SMALL), 1) for _ in range(5)]
    assert all(answers)
    assert await _read(idle[0], 1) == 0  # well before its head is due


async def test_an_answer_under_way_is_kept_while_others_only_connect(
    connect: Connect, answering: Answering
) -> None:
    busy = await connect(REQUEST)
    await until(lambda: answering.under_way == 1)
    idle = [await connect() for _ in range(3 * ROOM)]
    assert await _read(busy, LARGE) >= LARGE
    assert len(idle) == 3 * ROOM


async def test_who_connects_often_loses_connections_of_his_own(connect: Connect) -> None:
    other = await connect()
    many = [await connect(b"GET /", "127.0.0.2") for _ in range(3 * ROOM)]
    assert await _read(many[0], 1) == 0
    await asyncio.get_running_loop().sock_sendall(other, SMALL)
    assert await _read(other, 1) > 0
