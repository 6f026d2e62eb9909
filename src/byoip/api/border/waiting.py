"""Reads that wait until there is something to read, or their time is over."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Annotated, TypeAlias, TypeVar
from uuid import UUID

from fastapi import Query
from starlette.requests import ClientDisconnect
from starlette.types import Receive

from byoip.domain.errors import Refusal
from byoip.store.claims.event_notifier import EventNotifier
from byoip.store.unavailable import StoreUnavailable

LONGEST_WAIT = 30
SIGN_OF_LIFE = 15.0  # seconds of silence that proxies bear

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
    read: Callable[[], Awaitable[Sequence[Item]]],
    notifier: EventNotifier,
    place: tuple[UUID, int],
    wait: int,
    turn: Callable[[], AbstractAsyncContextManager[None]],
) -> Sequence[Item]:
    """Read again at each notice, until there is something or the time is over.

    It listens before it reads, so nothing falls in between; and it reads once more at the end, so
    a notice that failed to come costs time only. Without a wait it has its turn already.

    Args:
        read: reads what is after the place.
        notifier: says that there is more.
        place: in which feed the reader is, and after which number.
        wait: for so many seconds.
        turn: at the database.
    """
    if not wait:
        return await read()
    end = asyncio.get_running_loop().time() + wait
    with notifier.subscribe(*place) as notified:
        while True:
            async with turn():  # of all that the notice has woken
                found = await read()
            if found:
                break
            left = end - asyncio.get_running_loop().time()
            if left <= 0 or notifier.closed:
                break
            await _wait(notified, left)
        return found


async def read_until(
    read: Callable[[], Awaitable[Result]],
    done: Callable[[Result], bool],
    notifier: EventNotifier,
    about: UUID,
    wait: int,
    turn: Callable[[], AbstractAsyncContextManager[None]],
) -> Result:
    """Read again at each notice, until it is done or the time is over; see `read_or_wait`.

    Args:
        read: reads one thing.
        done: whether there is nothing more to wait for.
        notifier: says that something has happened.
        about: to which account or claim.
        wait: for so many seconds.
        turn: at the database.
    """
    if not wait:
        return await read()
    end = asyncio.get_running_loop().time() + wait
    with notifier.subscribe(about) as notified:
        while True:
            async with turn():
                found = await read()
            left = end - asyncio.get_running_loop().time()
            if done(found) or left <= 0 or notifier.closed:
                return found
            await _wait(notified, left)


async def follow(
    read: Callable[[Item | None], Awaitable[Sequence[Item]]],
    notifier: EventNotifier,
    place: tuple[UUID, int],
    seconds: float,
    allowed: Callable[[], Awaitable[bool]],
) -> AsyncIterator[Sequence[Item]]:
    """All there is after the last item, again and again; nothing where nothing is new.

    Ends when the time is over, when the notifier has stopped, when the client may no longer read
    (asked before each read), or when nothing can be read or that is refused: the client then asks
    again after the last item, and misses nothing. The place is where it begins: the feed, and after
    which number.
    """
    end, last = asyncio.get_running_loop().time() + seconds, None
    with notifier.subscribe(*place) as notified:
        while True:
            try:
                if not await allowed():
                    return
                found = await read(last)
            except (StoreUnavailable, Refusal):
                return
            yield found
            if found:
                last = found[-1]
                continue
            left = end - asyncio.get_running_loop().time()
            if left <= 0 or notifier.closed:
                return
            await _wait(notified, min(left, SIGN_OF_LIFE))


async def _wait(notified: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await notified.wait()
    except TimeoutError:
        return
    notified.clear()  # before the next read, which sees all that was notified until now


async def unless_gone(receive: Receive, work: Awaitable[Result]) -> Result:
    """Do the work while the client is there.

    Raises:
        ClientDisconnect: the client has gone; the work was cancelled.
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
