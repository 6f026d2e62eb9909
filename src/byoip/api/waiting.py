"""Reads that may wait until there is something to read."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, TypeAlias, TypeVar
from uuid import UUID

from fastapi import Query
from starlette.requests import ClientDisconnect
from starlette.types import Receive

from byoip.ports.event_bell import EventBell

LONGEST_WAIT = 30

Wait: TypeAlias = Annotated[
    int,
    Query(
        ge=0,
        le=LONGEST_WAIT,
        description="Seconds to wait where there is nothing yet. The answer may come empty.",
    ),
]

Item = TypeVar("Item")
Result = TypeVar("Result")


async def read_or_wait(
    read: Callable[[], Awaitable[Sequence[Item]]], bell: EventBell, about: UUID, wait: int
) -> Sequence[Item]:
    """Read again at each ring, until there is something or the time is over.

    It is listened before it is read, so nothing falls in between; and it is read once more at
    the end, so a ring that failed to come costs time only.
    """
    if not wait:
        return await read()
    end = asyncio.get_running_loop().time() + wait
    with bell.hearing(about) as rung:
        while not (found := await read()):
            left = end - asyncio.get_running_loop().time()
            if left <= 0 or bell.closed:
                break
            await _ring(rung, left)
        return found


async def _ring(rung: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await rung.wait()
    except TimeoutError:
        return
    rung.clear()  # before the next read, which sees all that rang until now


async def unless_gone(receive: Receive, work: Awaitable[Result]) -> Result:
    """Do the work, but not for a client that has gone.

    Raises:
        ClientDisconnect: it has; the work was cancelled.
    """
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_gone(receive))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return await working
    finally:
        for task in (working, leaving):
            task.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
