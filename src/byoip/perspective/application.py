"""The one path of a perspective (ASGI): a bounded body in, a signed answer out."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.types import Receive, Scope, Send

from byoip.adapters.perspectives.wire import HEADER, MOST_ASKED, PATH

_NOT_FOUND: Final = 404
_TOO_LARGE: Final = 413

Answering = Callable[[bytes, str], Awaitable[tuple[int, bytes, str]]]


class PerspectiveApp:
    """Hands each POST to `answering`, which says whose it is."""

    def __init__(self, answering: Answering) -> None:
        self._answering = answering

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; the server's own limits hold for its head."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        if scope["method"] != "POST" or scope["path"] != PATH:
            await _tell(send, _NOT_FOUND)
            return
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > MOST_ASKED:
                await _tell(send, _TOO_LARGE)
                return
        given = dict(scope["headers"]).get(HEADER.encode(), b"")
        await self._answer(body, given.decode("latin-1"), receive, send)

    async def _answer(self, body: bytes, signature: str, receive: Receive, send: Send) -> None:
        """Answer while the core is there: a question that it has left takes no other's turn."""
        answering = asyncio.ensure_future(self._answering(body, signature))
        leaving = asyncio.ensure_future(_gone(receive))
        try:
            await asyncio.wait((answering, leaving), return_when=asyncio.FIRST_COMPLETED)
            if answering.done():
                await _tell(send, *answering.result())
        finally:
            for task in (answering, leaving):
                task.cancel()
            await asyncio.gather(answering, leaving, return_exceptions=True)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _live(receive: Receive, send: Send) -> None:
    while True:
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
        if kind.endswith("shutdown"):
            return


async def _tell(send: Send, status: int, body: bytes = b"", signature: str = "") -> None:
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (HEADER.encode(), signature.encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
