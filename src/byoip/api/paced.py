"""What anyone may ask without a token, and costs us something: however many ask, it is done seldom.

All that wait get one answer, and it was looked for after the last of them had asked.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Result = TypeVar("Result")

_REST = 9  # of ten parts of the time
_LONGEST_REST = 0.5  # seconds


class Paced(Generic[Result]):
    """Does it at most a tenth of the time. Belongs to one event loop."""

    def __init__(self, work: Callable[[], Awaitable[Result]]) -> None:
        self._work = work
        self._one = asyncio.Lock()
        self._next: asyncio.Task[Result] | None = None
        self._under_way: asyncio.Task[Result] | None = None
        self._not_before = 0.0

    async def __call__(self) -> Result:
        """The next result."""
        if self._next is None:
            self._next = asyncio.create_task(self._in_time())
        return await asyncio.shield(self._next)  # of all, though one has gone

    async def _in_time(self) -> Result:
        loop = asyncio.get_running_loop()
        async with self._one:
            await asyncio.sleep(max(0.0, self._not_before - loop.time()))
            self._under_way, self._next = self._next, None
            began = loop.time()
            try:
                return await self._work()
            finally:
                rest = min(_LONGEST_REST, _REST * (loop.time() - began))
                self._not_before = loop.time() + rest
