"""What a process shares between those that it works for: connections to Postgres, and its time.

Connections are places (`ports/places.py`): they go round among accounts.
"""

import asyncio
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Sequence,
)
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import Any, Final, TypeVar
from uuid import UUID
from weakref import WeakKeyDictionary

import psycopg

from byoip.ports.places import Party, Places
from byoip.store.unavailable import StoreUnavailable

Item = TypeVar("Item")
Made = TypeVar("Made")


_WHOSE: Final[ContextVar[UUID | Party]] = ContextVar("whose", default=Party.SERVICE)


@contextmanager
def working_for(whose: UUID | Party) -> Iterator[None]:
    """While the block runs, what this task asks of the database is asked for an account."""
    before = _WHOSE.set(whose)
    try:
        yield
    finally:
        _WHOSE.reset(before)


class DatabasePlaces(Places):
    """Connections of a pool, by the account that they are used for."""

    def __init__(self, most: int, wait_seconds: float) -> None:
        super().__init__(most)
        self._wait_seconds = wait_seconds

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Have one while the block runs.

        Raises:
            StoreUnavailable: none came in time.
        """
        whose = _WHOSE.get()
        try:
            await self.take(whose, seconds=self._wait_seconds)
        except TimeoutError as fault:
            raise StoreUnavailable from fault
        try:
            yield
        finally:
            self.give_back(whose)


PART: Final = 200  # rows whose values are made in one slice
_SLICES: Final = WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock]()


@asynccontextmanager
async def one_slice() -> AsyncIterator[None]:
    """Do a slice of something long: in a turn of the event loop only one of them is done.

    However many want one, what is short waits for one at each of its steps.
    """
    async with _SLICES.setdefault(asyncio.get_running_loop(), asyncio.Lock()):
        yield
        await asyncio.sleep(0)


async def in_slices(
    items: Sequence[Item], make: Callable[[Item], Made], *, size: int
) -> list[Made]:
    """Make something of each item, in slices where there are more than `size`."""
    if len(items) <= size:
        return [make(item) for item in items]
    made: list[Made] = []
    for first in range(0, len(items), size):
        async with one_slice():
            made += [make(item) for item in items[first : first + size]]
    return made


async def rows_of(cursor: psycopg.AsyncCursor[Any]) -> list[Any]:
    """All rows of an answer that is there; the values of many are made in slices."""
    if cursor.rowcount <= PART:
        return await cursor.fetchall()
    rows: list[Any] = []
    while len(rows) < cursor.rowcount:
        async with one_slice():
            rows += await cursor.fetchmany(PART)
    return rows


async def one_ahead(
    items: Iterable[Item], make: Callable[[Item], Awaitable[Made]]
) -> AsyncGenerator[Made, None]:
    """What is made of each item, in order; the next is made while the caller works on one.

    To be closed (`aclosing`): what is under way ends with it.
    """
    rest = iter(items)
    making = _begun(rest, make)
    try:
        while making:
            made = await making
            making = _begun(rest, make)
            yield made
    finally:
        if making:
            making.cancel()
            await asyncio.wait([making])
            if not making.cancelled():
                making.exception()  # looked at: the caller has another, or none to tell it to


def _begun(
    rest: Iterator[Item], make: Callable[[Item], Awaitable[Made]]
) -> asyncio.Future[Made] | None:
    for item in rest:
        return asyncio.ensure_future(make(item))
    return None
