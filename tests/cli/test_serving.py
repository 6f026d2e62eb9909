"""What keeps a process at work, and what it takes from a client."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import httpx
from procrastinate import App
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from byoip.cli.serving import bind, port_of, serving, working


class Queue:
    """Ends by itself the first time, as procrastinate does when its listener has failed."""

    def __init__(self) -> None:
        self.begun = 0
        self.again = asyncio.Event()

    @asynccontextmanager
    async def open_async(self) -> AsyncIterator[None]:
        yield

    async def run_worker_async(self, **_: Any) -> None:
        self.begun += 1
        if self.begun > 1:
            self.again.set()
            await asyncio.Event().wait()


async def test_a_worker_whose_queue_ended_by_itself_begins_anew() -> None:
    queue, stop = Queue(), asyncio.Event()
    async with working(cast("App", queue), [], 1, stop=stop):
        await asyncio.wait_for(queue.again.wait(), 60)
        assert not stop.is_set()


async def says_who_asks(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        request = Request(scope)
        text = f"{request.url.scheme} {request.client and request.client.host}"
        await PlainTextResponse(text)(scope, receive, send)


async def test_what_a_header_says_of_the_client_counts_for_nothing() -> None:
    listening = bind("127.0.0.1", 0)
    forged = {"x-forwarded-for": "192.0.2.1", "x-forwarded-proto": "https"}
    async with serving(says_who_asks, listening), httpx.AsyncClient(timeout=60) as client:
        answer = await client.get(f"http://127.0.0.1:{port_of(listening)}/", headers=forged)
    assert answer.text == "http 127.0.0.1"
