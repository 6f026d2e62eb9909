"""Trust, 4.1: a client that sends thousands of requests before it reads an answer delays nobody."""

import asyncio
import logging
import socket
import struct
from collections import Counter
from collections.abc import AsyncIterator

import pytest
import uvloop
from starlette.types import Receive, Scope, Send

from byoip.cli.connection_limits import PIPELINED
from byoip.cli.serving import bind, port_of, serving

SHORTEST = b"GET / HTTP/1.1\r\n\r\n"
MANY = 14_000  # what a quarter of a megabyte holds


class Counting:
    """Answers when it is told to; knows how many requests are there."""

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()
        self.begun = asyncio.Event()
        self.may_answer = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            while (await receive())["type"] != "lifespan.shutdown":
                await send({"type": "lifespan.startup.complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        self.requests[scope["path"]] += 1
        self.begun.set()
        await self.may_answer.wait()
        length = (b"content-length", b"2")
        await send({"type": "http.response.start", "status": 200, "headers": [length]})
        await asyncio.sleep(0.01)
        await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture
def counting() -> Counting:
    return Counting()


@pytest.fixture
async def port(counting: Counting) -> AsyncIterator[int]:
    listening = bind("127.0.0.1", 0)
    async with serving(counting, listening):
        yield port_of(listening)
        counting.may_answer.set()


async def _all(reader: asyncio.StreamReader) -> bytes:
    """What comes before the end; a reset is one."""
    said = b""
    try:
        while part := await asyncio.wait_for(reader.read(1 << 16), 60):
            said += part
    except ConnectionError:
        pass
    return said


async def test_thousands_of_requests_at_a_time_end_the_connection(
    port: int, counting: Counting
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(SHORTEST * MANY)
    assert await _all(reader) == b""  # while no request is answered
    writer.close()
    assert counting.requests["/"] == 1  # the others were never begun


async def test_a_client_may_send_some_requests_ahead(port: int, counting: Counting) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(SHORTEST * (PIPELINED + 1))
    await asyncio.wait_for(counting.begun.wait(), 60)
    counting.may_answer.set()
    for _ in range(PIPELINED + 1):
        assert (await asyncio.wait_for(reader.readuntil(b"ok"), 60)).startswith(b"HTTP/1.1 200")
    writer.close()


async def test_requests_behind_a_body_count_as_well(port: int, counting: Counting) -> None:
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.setblocking(False)  # noqa: FBT003 - the socket module's signature
        body = b"POST /with HTTP/1.1\r\nContent-Length: 70000\r\n\r\n" + b"a" * 70_000
        reader, writer = await asyncio.open_connection(sock=client)
        writer.write(body + SHORTEST * MANY)
        assert await _all(reader) == b""
        writer.close()
    assert counting.requests == {"/with": 1}


RESET = struct.pack("ii", 1, 0)  # SO_LINGER: what was not sent is dropped


async def _answer_one_that_is_gone() -> Counting:
    counting = Counting()
    listening = bind("127.0.0.1", 0)
    async with serving(counting, listening):
        client = socket.create_connection(("127.0.0.1", port_of(listening)))
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        client.sendall(SHORTEST * 3)
        await asyncio.wait_for(counting.begun.wait(), 60)
        client.close()
        counting.may_answer.set()
        await asyncio.sleep(0.2)
    return counting


def test_a_client_that_left_before_its_answers_is_no_fault(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.ERROR)
    uvloop.run(_answer_one_that_is_gone())  # as in production: it refuses to write
    assert caplog.text == ""
