"""Trust, 4.1: what a client sends at once is not parsed at once; others are read in between.

Of chunks of one byte a megabyte takes the parser 30 ms, and a client has hundreds of connections.
"""

import asyncio
import socket
import time
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest
import uvloop

from byoip.cli.connection_limits import LimitedProtocol
from byoip.cli.serving import bind, port_of, serving
from tests.announcing import until
from tests.trust.test_4_1_endless_headers import CHUNKED, Echo

ONE_BYTE = b"1\r\na\r\n"
CONNECTIONS = 20
EACH = 30_000  # chunks: 180 kB, which the kernel takes
OF_A_TURN = 16 * 16 * 1024


class Turns:
    """How many bytes of an address were parsed in which turn of the loop."""

    def __init__(self) -> None:
        self.turn = 0
        self.parsed = Counter[tuple[str, int]]()

    def watch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        parse = LimitedProtocol.data_received

        def counted(protocol: LimitedProtocol, data: bytes) -> None:
            self.parsed[protocol.whose, self.turn] += len(data)
            parse(protocol, data)

        monkeypatch.setattr(LimitedProtocol, "data_received", counted)
        self._next()

    def _next(self) -> None:
        self.turn += 1
        asyncio.get_running_loop().call_soon(self._next)

    def of(self, address: str) -> list[int]:
        return [turn for whose, turn in self.parsed if whose == address]


def run(work: Callable[[int], Awaitable[None]], loop: str) -> None:
    """Do it with the port of a running server; production has uvloop."""

    async def main() -> None:
        listening = bind("127.0.0.1", 0)
        async with serving(Echo(), listening):
            await work(port_of(listening))

    {"uvloop": uvloop.run, "asyncio": asyncio.run}[loop](main())


async def _connected(port: int, address: str) -> socket.socket:
    one = socket.socket()
    one.setblocking(False)  # noqa: FBT003 - the socket module's signature
    one.bind((address, 0))
    await asyncio.get_running_loop().sock_connect(one, ("127.0.0.1", port))
    return one


async def _answer(one: socket.socket) -> bytes:
    return await asyncio.wait_for(asyncio.get_running_loop().sock_recv(one, 4096), 30)


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_4_1_of_what_is_there_at_once_a_part_is_parsed_in_a_turn(
    loop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(lambda port: _flood(port, monkeypatch), loop)


async def _flood(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    flood = [await _connected(port, "127.0.0.2") for _ in range(CONNECTIONS)]
    other = await _connected(port, "127.0.0.3")
    turns = Turns()
    turns.watch(monkeypatch)
    for one in flood:
        await loop.sock_sendall(one, CHUNKED)
    await until(lambda: turns.parsed.total() == CONNECTIONS * len(CHUNKED))
    turns.parsed.clear()
    # The loop has no turn until all of it is there.
    sent = [one.send(ONE_BYTE * EACH) for one in flood]
    other.send(b"GET / HTTP/1.1\r\nHost: byoip.test\r\n\r\n")
    time.sleep(0.2)  # noqa: ASYNC251 - as a loop that has other work
    assert sum(sent) > 4 * OF_A_TURN
    assert (await _answer(other)).startswith(b"HTTP/1.1 200 ")
    before = min(turns.of("127.0.0.2"))
    assert turns.of("127.0.0.3")[0] - before <= 2
    for one, size in zip(flood, sent, strict=True):
        await loop.sock_sendall(one, (ONE_BYTE * EACH)[size:] + b"0\r\n\r\n")
        assert (await _answer(one)).endswith(str(EACH).encode())
    assert max(turns.parsed.values()) <= OF_A_TURN
    assert turns.parsed.total() > CONNECTIONS * EACH * len(ONE_BYTE)
    for one in (*flood, other):
        one.close()


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_4_1_who_has_its_turn_later_is_read_whole_and_in_order(loop: str) -> None:
    run(_uploads, loop)


async def _uploads(port: int) -> None:
    loop = asyncio.get_running_loop()
    many = [await _connected(port, "127.0.0.2") for _ in range(CONNECTIONS)]

    async def upload(one: socket.socket, size: int) -> bytes:
        head = b"POST / HTTP/1.1\r\nHost: byoip.test\r\nContent-Length: %d\r\n\r\n" % size
        await loop.sock_sendall(one, head + b"a" * size)
        return await _answer(one)

    for _ in range(2):  # on the same connections
        answers = await asyncio.gather(*(upload(one, 500_000 + n) for n, one in enumerate(many)))
        for n, answer in enumerate(answers):
            assert answer.endswith(str(500_000 + n).encode())
    for one in many:
        one.close()
