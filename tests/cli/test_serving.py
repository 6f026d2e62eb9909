"""What keeps a process at work."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

from procrastinate import App

from byoip.cli.serving import working


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
        await asyncio.wait_for(queue.again.wait(), 10)
        assert not stop.is_set()
