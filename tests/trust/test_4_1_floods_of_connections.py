"""Trust, 4.1: where there are too many connections, a new one costs as much as any other."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import pytest
import uvloop
from starlette.applications import Starlette

from byoip.cli.connection_limits import Crowd, LimitedProtocol
from byoip.cli.serving import bind, port_of, serving

NEW = 50


@pytest.fixture
def held() -> Iterator[ExitStack]:
    with ExitStack() as held:
        yield held


async def _connect(held: ExitStack, port: int, address: str = "127.0.0.1") -> socket.socket:
    client = held.enter_context(closing(socket.socket()))
    client.setblocking(False)  # noqa: FBT003 - the socket module's signature
    client.bind((address, 0))
    await asyncio.get_running_loop().sock_connect(client, ("127.0.0.1", port))
    return client


@dataclass
class Accepted:
    """How many connections the server has begun with; `all_of_them` when there are enough."""

    wanted: int = 0
    made: int = 0
    all_of_them: asyncio.Event = field(default_factory=asyncio.Event)

    def count(self) -> None:
        self.made += 1
        if self.made == self.wanted:
            self.all_of_them.set()

    @asynccontextmanager
    async def more(self, many: int) -> AsyncIterator[None]:
        """The block connects so many; wait until the server has them."""
        self.wanted = self.made + many
        self.all_of_them.clear()
        yield
        await self.all_of_them.wait()
        for _ in range(20):  # those that make room for them go meanwhile
            await asyncio.sleep(0)


@pytest.fixture
def accepted(monkeypatch: pytest.MonkeyPatch) -> Accepted:
    counted, made = Accepted(), LimitedProtocol.connection_made

    def noted(protocol: LimitedProtocol, transport: Any) -> None:
        made(protocol, transport)
        counted.count()

    monkeypatch.setattr(LimitedProtocol, "connection_made", noted)
    return counted


async def _calls(held: ExitStack, port: int, address: str, accepted: Accepted) -> int:
    """How many functions are called while so many more connect."""
    called = 0

    def count(_frame: FrameType, event: str, _what: object) -> None:
        nonlocal called
        called += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        async with accepted.more(NEW):
            for number in range(NEW):
                await _connect(held, port, address.format(number + 1))
    finally:
        sys.setprofile(None)
    return called


@pytest.mark.parametrize("address", ["127.0.0.2", "127.0.1.{}"])
async def test_a_new_connection_does_not_look_at_all_others(
    held: ExitStack, monkeypatch: pytest.MonkeyPatch, accepted: Accepted, address: str
) -> None:
    async with serving(Starlette(), listening := bind("127.0.0.1", 0)):
        calls = []
        for most in (20, 400):
            monkeypatch.setattr(LimitedProtocol, "most_connections", most)
            async with accepted.more(most):
                for number in range(most):
                    await _connect(held, port_of(listening), address.format(number % 200 + 1))
            calls.append(await _calls(held, port_of(listening), address, accepted))
        assert calls[1] < 2 * calls[0]


async def test_no_connection_is_remembered_after_its_end(
    held: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd = Crowd()
    monkeypatch.setattr(LimitedProtocol, "crowd", crowd)
    monkeypatch.setattr(LimitedProtocol, "most_connections", 20)
    async with serving(Starlette(), listening := bind("127.0.0.1", 0)):
        for number in range(30):
            client = await _connect(held, port_of(listening), f"127.0.0.{1 + number % 7}")
            await asyncio.get_running_loop().sock_sendall(client, b"GET / HTTP/1.1\r\n\r\n" * 3)
            await asyncio.get_running_loop().sock_recv(client, 1)
        assert crowd.count == 20
        held.close()
        async with asyncio.timeout(60):
            while crowd.count:  # noqa: ASYNC110 - it has no event for it
                await asyncio.sleep(0.05)
    assert not crowd.of
    assert not crowd.by_count


def test_4_1_many_are_accepted_in_a_turn_of_the_loop(held: ExitStack) -> None:
    """However many wait: else who comes last waits for as many turns, in each of which we work."""

    async def turns_for(new: int) -> int:
        listening, crowd = bind("127.0.0.1", 0), LimitedProtocol.crowd
        address, before, turns = listening.getsockname(), crowd.count, 0
        async with serving(Starlette(), listening):
            for _ in range(new):  # in the kernel's queue
                held.enter_context(closing(socket.create_connection(address)))
            while crowd.count - before < new and turns < new:
                await asyncio.sleep(0)
                turns += 1
        return turns

    assert uvloop.run(turns_for(320)) < 40  # as in production: asyncio's own loop takes all
