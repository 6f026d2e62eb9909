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
from contextlib import asynccontextmanager
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


class working_for:  # noqa: N801 - reads as what is done
    """While the block runs, what this task asks of the database is asked for an account."""

    __slots__ = ("_before", "_whose")

    def __init__(self, whose: UUID | Party) -> None:
        self._whose = whose

    def __enter__(self) -> None:
        self._before = _WHOSE.set(self._whose)

    def __exit__(self, *_: object) -> None:
        _WHOSE.reset(self._before)


def work_for(whose: UUID | Party) -> None:
    """The same from here on, within a block that began for another party."""
    _WHOSE.set(whose)


class DatabasePlaces(Places):
    """Connections of a pool, by the account that they are used for."""

    def __init__(self, most: int, wait_seconds: float) -> None:
        super().__init__(most)
        self._wait_seconds = wait_seconds

    def place(self) -> "_Place":
        """Have one while a block runs.

        Raises:
            StoreUnavailable: none came in time.
        """
        return _Place(self, _WHOSE.get(), self._wait_seconds)


class _Place:
    __slots__ = ("_of", "_seconds", "_whose")

    def __init__(self, of: DatabasePlaces, whose: UUID | Party, seconds: float) -> None:
        self._of, self._whose, self._seconds = of, whose, seconds

    async def __aenter__(self) -> None:
        if self._of.take_free(self._whose):
            return
        try:
            await self._of.take(self._whose, seconds=self._seconds)
        except TimeoutError as fault:
            raise StoreUnavailable from fault

    async def __aexit__(self, *_: object) -> None:
        self._of.give_back(self._whose)


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
