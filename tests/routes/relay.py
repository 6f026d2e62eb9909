"""A relay between byoip and another party: it passes bytes on, holds them, or loses connections."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

_CHUNK = 1024


@dataclass
class Relay:
    """Listens on loopback for one target.

    Attributes:
        moving: cleared while it stalls: connections stand, and no byte is passed on.
        loss: how likely a chunk of bytes is lost, and its connection with it.
        lost: how often that happened.
    """

    host: str
    port: int
    dice: random.Random = field(default_factory=lambda: random.Random(7))  # noqa: S311 - no secret
    moving: asyncio.Event = field(default_factory=asyncio.Event)
    loss: float = 0.0
    lost: int = 0
    target: str = ""

    async def serve(self, near: asyncio.StreamReader, to_near: asyncio.StreamWriter) -> None:
        """One connection, until either end or a loss ends it."""
        try:
            await self.moving.wait()
            far, to_far = await asyncio.open_connection(self.host, self.port)
            ways = [self._pass_on(near, to_far), self._pass_on(far, to_near)]
            tasks = [asyncio.ensure_future(one) for one in ways]
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in tasks:
                    task.cancel()
                to_far.transport.abort()
        except OSError:
            pass  # the target is away
        finally:
            to_near.transport.abort()

    async def _pass_on(self, source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while chunk := await source.read(_CHUNK):
                await self.moving.wait()
                if self.dice.random() < self.loss:
                    self.lost += 1
                    return
                to.write(chunk)
                await to.drain()


@asynccontextmanager
async def relay(target: str) -> AsyncIterator[Relay]:
    """Before a target, `host:port`; it passes on all at first."""
    host, _, port = target.rpartition(":")
    made = Relay(host, int(port))
    made.moving.set()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.target = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield made
    finally:
        server.close()
