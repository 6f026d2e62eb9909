"""What clients send is parsed a part at a time, in turns of the event loop that go round them.

One read takes up to eight megabytes, and in chunks of one byte these keep a parser busy for a
quarter of a second; a client has hundreds of connections. So each brings 16 kB, few are parsed in
a turn of the loop, at most half of them of one client, and the rest stays in the kernel.
"""

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final
from weakref import WeakKeyDictionary

from byoip.api.border.account_turns import client_at
from byoip.ports.places import Places

_SIZE: Final = 16 * 1024
_AT_ONCE: Final = 16
_DROPPED: Final = 256 * 1024

_turns = WeakKeyDictionary[asyncio.AbstractEventLoop, Places]()
_arriving = bytearray(_SIZE)  # of all connections: what is in it is copied at once


class Held:
    """The transport of a connection, which reads while its server wants to and nothing waits.

    Attributes:
        held: what was read waits to be parsed.
    """

    def __init__(self, transport: Any) -> None:
        self.held = False
        self._paused = False
        self._transport = transport

    def pause_reading(self) -> None:
        """The server has enough."""
        self._paused = True
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """The server wants more."""
        self._paused = False
        self._go_on()

    def hold(self) -> None:
        """Something waits."""
        self.held = True
        self._transport.pause_reading()

    def let_go(self) -> None:
        """Nothing does."""
        self.held = False
        self._go_on()

    def close(self) -> None:
        """Drop what is there unread: else the kernel resets, and drops the answer as well."""
        with suppress(OSError):
            os.read(self._transport.get_extra_info("socket").fileno(), _DROPPED)
        self._transport.close()

    def _go_on(self) -> None:
        if not (self.held or self._paused or self._transport.is_closing()):
            self._transport.resume_reading()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class ReadsInTurns(asyncio.BufferedProtocol):
    """Around the protocol of one connection."""

    def __init__(self, protocol: Callable[..., Any], **known: Any) -> None:
        self._protocol = protocol(**known)
        self._waiting: asyncio.Task[None] | None = None

    def connection_made(self, transport: Any) -> None:
        """Pass it on."""
        self._loop = asyncio.get_running_loop()
        self._places = _turns.setdefault(self._loop, Places(_AT_ONCE))
        self._held = Held(transport)
        self._whose = client_at((transport.get_extra_info("peername") or ("",))[0])
        self._protocol.connection_made(self._held)

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass it on; what waits is not parsed."""
        if self._waiting is not None:
            self._waiting.cancel()
        self._protocol.connection_lost(exc)

    def pause_writing(self) -> None:
        """Pass it on."""
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        """Pass it on."""
        self._protocol.resume_writing()

    def eof_received(self) -> None:
        """Close, as uvicorn does."""

    def get_buffer(self, _hint: int) -> bytearray:
        """Where the next part goes."""
        return _arriving

    def buffer_updated(self, count: int) -> None:
        """Have it parsed, now or in a turn of its own."""
        part = bytes(_arriving[:count])
        if self._places.take_free(self._whose):
            self._parse(part)
        else:
            self._held.hold()
            self._waiting = self._loop.create_task(self._parse_later(part))

    async def _parse_later(self, part: bytes) -> None:
        await self._places.take(self._whose)
        self._waiting = None
        try:
            self._parse(part)
        finally:
            self._held.let_go()

    def _parse(self, part: bytes) -> None:
        self._loop.call_soon(self._places.give_back, self._whose)
        self._protocol.data_received(part)
