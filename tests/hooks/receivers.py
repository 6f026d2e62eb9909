"""A receiver of webhooks on loopback: it keeps what it gets, and answers as a test tells it."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

OK = b"HTTP/1.1 204 No Content\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Got:
    """One request."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def shown(self) -> dict[str, Any]:
        made: dict[str, Any] = json.loads(self.body)
        return made

    @property
    def number(self) -> int:
        """Of the event; 0 of a test."""
        number: int = self.shown["data"].get("number", 0)
        return number


Answer = Callable[["Got", asyncio.StreamWriter], Awaitable[None]]


def answering(status: int, *headers: str, body: bytes = b"") -> Answer:
    """Answer each request so."""
    lines = [f"HTTP/1.1 {status} Whatever", *headers, f"Content-Length: {len(body)}"]
    return sending("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


def sending(wire: bytes) -> Answer:
    """Answer each request with these bytes."""

    async def answer(_: Got, writer: asyncio.StreamWriter) -> None:
        writer.write(wire)
        await writer.drain()

    return answer


async def never(_: Got, __: asyncio.StreamWriter) -> None:
    """Take the request, and say nothing."""
    await asyncio.Event().wait()


@dataclass
class Receiver:
    """One receiver.

    Attributes:
        got: all requests, in the order in which they came.
        connections: how many were made to it.
        answer: what it does with a request.
        most: how many requests it has had open at once.
    """

    port: int = 0
    scheme: str = "http"
    got: list[Got] = field(default_factory=list)
    connections: int = 0
    answer: Answer = field(default_factory=lambda: sending(OK))
    open: int = 0
    most: int = 0

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/hook"

    @property
    def numbers(self) -> list[int]:
        """Of the events that it got."""
        return [one.number for one in self.got if one.number]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        self.most = max(self.most, self.open)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            pairs = (line.split(":", 1) for line in head[1:] if line)
            headers = {name.strip().lower(): value.strip() for name, value in pairs}
            body = await reader.readexactly(int(headers["content-length"]))
            got = Got(head[0].split()[1], headers, body)
            self.got.append(got)
            tasks = [
                asyncio.ensure_future(one) for one in (self.answer(got, writer), reader.read(1))
            ]
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # whoever sent it has gone, or the test is over
        finally:
            self.open -= 1
            writer.close()


@asynccontextmanager
async def receiver(
    tls: ssl.SSLContext | None = None, *, host: str = "127.0.0.1"
) -> AsyncIterator[Receiver]:
    """One that listens while the block runs."""
    made = Receiver(scheme="https" if tls else "http")
    server = await asyncio.start_server(made.serve, host, 0, ssl=tls)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
