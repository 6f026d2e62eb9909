"""The head of an answer and what follows it are one write; nothing waits for what does not come."""

import asyncio
from typing import Any

from byoip.api.joined_writes import Joined

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"


class Written:
    """What a transport was given."""

    def __init__(self) -> None:
        self.calls: list[bytes | str] = []

    def write(self, data: bytes) -> None:
        self.calls.append(data)

    def close(self) -> None:
        self.calls.append("closed")

    def is_closing(self) -> bool:
        return "closed" in self.calls


def joined() -> tuple[Any, list[bytes | str]]:
    written = Written()
    transport: Any = written
    return Joined(transport, asyncio.get_running_loop()), written.calls


async def test_head_and_body_are_one_write() -> None:
    transport, calls = joined()
    for _ in range(2):
        transport.write(HEAD)
        transport.write(b"ok")
        transport.write(b"more")
    await asyncio.sleep(0)
    assert calls == [HEAD + b"ok", b"more"] * 2


async def test_a_head_alone_goes_at_the_end_of_the_turn() -> None:
    transport, calls = joined()
    transport.write(HEAD)
    assert calls == []
    await asyncio.sleep(0)
    assert calls == [HEAD]
    transport.write(b"later")
    assert calls == [HEAD, b"later"]


async def test_a_client_that_waits_before_its_body_is_told_at_once() -> None:
    transport, calls = joined()
    transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert calls == [b"HTTP/1.1 100 Continue\r\n\r\n"]


async def test_closing_sends_the_head_first() -> None:
    transport, calls = joined()
    transport.write(HEAD)
    transport.close()
    assert calls == [HEAD, "closed"]
    assert transport.is_closing()
