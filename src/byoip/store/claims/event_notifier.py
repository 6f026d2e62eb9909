"""One connection of a process listens for all its requests that wait for events.

On the driver: SQLAlchemy has no LISTEN.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final
from uuid import UUID

import psycopg
from psycopg import sql

from byoip.store.claims.events import CHANNEL
from byoip.store.connecting import Connection, noticed
from byoip.store.database_url import plain

_LOG = logging.getLogger(__name__)

LISTENING: Final = "byoip events"  # the name of its connection
LISTENING_CONNECTIONS: Final = 1

_PAUSE_SECONDS: Final = 1.0
_CHECK_SECONDS: Final = 15.0
_ANSWER_SECONDS: Final = 5.0


class EventNotifier:
    """Wakes waiting requests when a transaction with events has committed.

    While its connection is away it wakes none; when it is back it wakes all, once. So a notice
    missed costs a waiting request some time, never an event: requests read those from the table.
    """

    def __init__(self, database_url: str) -> None:
        self._conninfo = plain(database_url)
        self._waiting: defaultdict[UUID, set[asyncio.Event]] = defaultdict(set)
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether it has stopped for good: no request shall wait any longer."""
        return self._closed

    @contextmanager
    def subscribe(self, about: UUID) -> Iterator[asyncio.Event]:
        """An event that is set at each new line about an account or claim, while it is open."""
        notified = asyncio.Event()
        self._waiting[about].add(notified)
        try:
            yield notified
        finally:
            self._waiting[about].discard(notified)
            if not self._waiting[about]:
                del self._waiting[about]

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Listen while the block runs; at its end wake all that wait."""
        task = asyncio.create_task(self._keep_listening())
        try:
            yield
        finally:
            self._closed = True
            self._notify_all()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _keep_listening(self) -> None:
        while True:
            try:
                await self._listen()
            except (psycopg.Error, TimeoutError) as fault:
                _LOG.warning("Not listening for events, trying again: %s", fault)
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _listen(self) -> None:
        async with await Connection.connect(
            self._conninfo, autocommit=True, application_name=LISTENING
        ) as connection:
            await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(CHANNEL)))
            self._notify_all()
            while True:
                async for notice in connection.notifies(timeout=_CHECK_SECONDS):
                    self._notify(notice.payload)
                # A connection that died without a word looks like one without news: ask.
                async with asyncio.timeout(_ANSWER_SECONDS):
                    await connection.execute("SELECT 1")

    def _notify(self, payload: str) -> None:
        for about in noticed(payload):
            for notified in self._waiting.get(about, ()):
                notified.set()

    def _notify_all(self) -> None:
        for waiting in self._waiting.values():
            for notified in waiting:
                notified.set()
