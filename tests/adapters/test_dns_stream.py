"""How a conversation over TCP with a DNS server ends, whatever that server does."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from byoip.adapters.checks.dns_exchange import (
    Answered,
    NotAnswered,
    Reply,
    Server,
    ask_for,
    name_from,
    over_tcp,
)
from byoip.adapters.checks.dns_message import Kind
from byoip.domain.checks.evidence import Fault

ASKED = ask_for(name_from("one.example."), Kind.TXT, flags=0)
OTHER = ask_for(name_from("other.example."), Kind.TXT, flags=0)
_Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def answer(wire: bytes) -> bytes:
    """To this question: that there is none; behind its length."""
    told = wire[:2] + b"\x84\x00" + wire[4:]
    return struct.pack("!H", len(told)) + told


@asynccontextmanager
async def serving(serve: _Serve) -> AsyncIterator[Server]:
    async def to_the_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    server = await asyncio.start_server(to_the_end, "127.0.0.1", 0)
    async with server:
        yield Server("127.0.0.1", server.sockets[0].getsockname()[1])


async def asked_of(serve: _Serve, *, both: bool = False) -> list[Reply]:
    async with serving(serve) as at:
        return await over_tcp([ASKED, OTHER] if both else [ASKED], at, seconds=3)


async def test_answers_that_come_byte_by_byte_and_in_another_order_are_heard() -> None:
    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for byte in answer(OTHER.wire) + answer(ASKED.wire):
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0)

    first, second = await asked_of(serve, both=True)
    assert isinstance(first, Answered)
    assert isinstance(second, Answered)
    assert (first.wire, second.wire) == (answer(ASKED.wire)[2:], answer(OTHER.wire)[2:])


async def test_answers_that_come_at_once_are_told_apart() -> None:
    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(ASKED.wire) + answer(OTHER.wire) + b"\0more")

    assert all(isinstance(one, Answered) for one in await asked_of(serve, both=True))


@pytest.mark.parametrize("came", [0, 1, 2, 9])
async def test_what_came_of_an_answer_that_is_cut_is_kept(came: int) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(4096)  # with a question that was not read, it would end by a reset
        writer.write(answer(ASKED.wire)[:came])

    (reply,) = await asked_of(serve)
    assert isinstance(reply, NotAnswered)
    assert reply.fault is Fault.TRUNCATED
    assert reply.wire == (answer(ASKED.wire)[:1] if came == 1 else answer(ASKED.wire)[2:came])


async def test_a_reset_is_no_answer_that_was_cut() -> None:
    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raw: socket.socket = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    (reply,) = await asked_of(serve)
    assert isinstance(reply, NotAnswered)
    assert reply.fault is Fault.UNREACHABLE


@pytest.mark.parametrize("silent", [False, True])
async def test_the_connection_ends_with_the_question_not_with_the_servers_will(
    *, silent: bool
) -> None:
    ended = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not silent:
            writer.write(answer(ASKED.wire))
        with suppress(ConnectionError):
            while await reader.read(4096):
                pass
        ended.set()

    async with serving(serve) as at:
        (reply,) = await over_tcp([ASKED], at, seconds=0.3)
        assert isinstance(reply, Answered) is not silent
        async with asyncio.timeout(3):
            await ended.wait()
