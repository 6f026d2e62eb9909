"""One connection of a process looks for news, for all its requests that wait for events.

A commit that notifies (NOTIFY) waits for all others that do, in the whole cluster; so those with
events do not. Each feed has a counter row that is written in the transaction of its events
(docs/decisions/event-numbers.md): a counter that has moved says that there are events to read, in
the order of commits, whichever process wrote them and however long this one was away.

On the driver: a connection of its own, so that it never waits for one of the pool.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import psycopg

from byoip.ports.supervising import supervised
from byoip.store.claims.feeds import MOMENT, NEWS
from byoip.store.connecting import Connection
from byoip.store.database_url import plain
from byoip.store.engine import session_options

_LOG = logging.getLogger(__name__)

LISTENING: Final = "byoip events"  # the name of its connection
LISTENING_CONNECTIONS: Final = 1

TICK_SECONDS: Final = 0.03  # between two looks: who waits hears within 0.05
_PAUSE_SECONDS: Final = 1.0
_CHECK_SECONDS: Final = 15.0
_ANSWER_SECONDS: Final = 5.0


@dataclass(eq=False, slots=True)
class _Waiting:
    """One that waits.

    Attributes:
        number: of the last line that it knows of; None: it knows of none, and looks once.
    """

    number: int | None
    notified: asyncio.Event = field(default_factory=asyncio.Event)


class EventNotifier:
    """Wakes waiting requests when a transaction with events has committed.

    It looks at the counters of what is waited for, and at nothing while nobody waits. While its
    connection is away it wakes none; when it is back, all whose counters have moved. So a look
    missed costs a waiting request some time, never an event: requests read those from the table.
    """

    def __init__(self, database_url: str) -> None:
        self._conninfo = plain(database_url)
        self._waiting: defaultdict[UUID, set[_Waiting]] = defaultdict(set)
        self._wanted = asyncio.Event()
        self._more = False
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether it has stopped for good: no request shall wait any longer."""
        return self._closed

    @contextmanager
    def subscribe(self, about: UUID, after: int | None = None) -> Iterator[asyncio.Event]:
        """An event that is set at each new line about an account or claim, while it is open.

        Args:
            about: an account, a claim, or `EDGE_CHANGES` of `feeds.py`.
            after: the number of the last line that the reader knows; None: it is told at once.
        """
        waiting = _Waiting(after)
        self._waiting[about].add(waiting)
        self._more = True
        self._wanted.set()
        try:
            yield waiting.notified
        finally:
            self._waiting[about].discard(waiting)
            if not self._waiting[about]:
                del self._waiting[about]

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Look while the block runs; at its end wake all that wait."""
        task = asyncio.create_task(supervised("Listening for events", self._keep_looking))
        try:
            yield
        finally:
            self._closed = True
            for waiting in self._waiting.values():
                for one in waiting:
                    one.notified.set()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _keep_looking(self) -> None:
        while True:
            try:
                await self._look_again_and_again()
            except (psycopg.Error, TimeoutError) as fault:  # also while it is restored
                _LOG.warning("Not listening for events, trying again: %s", fault)
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _look_again_and_again(self) -> None:
        async with await Connection.connect(
            self._conninfo,
            autocommit=True,
            application_name=LISTENING,
            options=session_options(),
        ) as connection:
            moment = None
            while True:
                # A connection that died without a word must not look like one without news.
                async with asyncio.timeout(_ANSWER_SECONDS):
                    moment = await self._look(connection, moment)
                await asyncio.sleep(TICK_SECONDS)
                if not self._waiting:
                    await self._until_wanted()

    async def _until_wanted(self) -> None:
        self._wanted.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(_CHECK_SECONDS):
                await self._wanted.wait()

    async def _look(self, connection: Connection, moment: str | None) -> str:
        """Wake those whose counters have moved since the moment; gives the moment of this look."""
        if self._more:
            self._more, moment = False, None  # of what is new here, counters are not known yet
        if moment is not None:
            row = await (await connection.execute(MOMENT)).fetchone()
            if row is not None and row[0] == moment:
                return moment
        asked = list(self._waiting)
        rows = await (await connection.execute(NEWS, {"about": asked})).fetchall()
        newest = {about: last for _, about, last in rows if about is not None}
        for about in asked:
            self._tell(about, newest.get(about, 0))
        now: str = rows[0][0]
        return now

    def _tell(self, about: UUID, newest: int) -> None:
        for one in self._waiting.get(about, ()):
            if one.number != newest:
                one.number = newest
                one.notified.set()
