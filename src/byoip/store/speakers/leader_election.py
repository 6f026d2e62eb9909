"""Which process may tell speakers anything: it holds a session lock, on a connection of its own.

On the driver: the lock and LISTEN belong to that one connection, which no pool may hand on.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from byoip.store.connecting import Connection
from byoip.store.database_url import plain
from byoip.store.routes.bgp_prefixes import ROUTES_CHANNEL


class LeadershipLost(Exception):  # noqa: N818 - a state of affairs: another process may act now
    """This process is not the leader, or cannot tell whether it still is."""


_LOG = logging.getLogger(__name__)

_KEY: Final = (0x62797, 0x726F7574)  # "byoip", "rout"
_RETRY_SECONDS: Final = 1.0
_CHECK_SECONDS: Final = 3.0
_ANSWER_SECONDS: Final = 2.0
# The server notices within ten seconds that this process has gone without a word, so that another
# gets the lock; this process notices it of the server (`store/connecting.py`), and stops.
_SERVER_NOTICES: Final = (
    "-c tcp_keepalives_idle=4 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3 "
    "-c tcp_user_timeout=8000"
)

_Connection = psycopg.AsyncConnection[Any]


class Leadership:
    """The lock, and what changes while it is held."""

    def __init__(self, holding: _Connection, listening: _Connection) -> None:
        self._holding = holding
        self._listening = listening

    async def require(self) -> None:
        """Make sure that this process still leads, just before a speaker is told anything.

        Raises:
            LeadershipLost: it does not, or cannot tell.
        """
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                await self._holding.execute("SELECT 1")
        except (psycopg.OperationalError, psycopg.InterfaceError, TimeoutError) as fault:
            raise LeadershipLost(str(fault)) from fault

    async def changes(self) -> AsyncIterator[UUID]:
        """The BGP prefixes that change, as they do.

        Raises:
            LeadershipLost: this process does not lead any more, or cannot tell.
        """
        try:
            while True:
                async for notice in self._listening.notifies(timeout=_CHECK_SECONDS):
                    yield UUID(notice.payload)
                # A connection that died without a word looks like one without news: ask.
                async with asyncio.timeout(_ANSWER_SECONDS):
                    await self._listening.execute("SELECT 1")
                await self.require()
        except (psycopg.OperationalError, psycopg.InterfaceError, TimeoutError) as fault:
            raise LeadershipLost(str(fault)) from fault


class LeaderElection:
    """One process leads at a time; the others wait, and try again every second."""

    def __init__(self, database_url: str) -> None:
        self._conninfo = plain(database_url)

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[Leadership]:
        """Wait for the leadership, and hold it while the block runs.

        Raises:
            LeadershipLost: the database is away.
        """
        async with self._connected("byoip reconciler") as holding:
            await _locked(holding)
            async with self._connected("byoip routes") as listening:
                await _listening(listening)
                yield Leadership(holding, listening)

    @asynccontextmanager
    async def _connected(self, name: str) -> AsyncIterator[_Connection]:
        try:
            connection = await Connection.connect(
                make_conninfo(self._conninfo, application_name=name),
                autocommit=True,
                options=_SERVER_NOTICES,
            )
        except (psycopg.OperationalError, TimeoutError) as fault:
            raise LeadershipLost(str(fault)) from fault
        try:
            yield connection
        finally:
            await connection.close()


async def _locked(connection: _Connection) -> None:
    try:
        while True:
            async with asyncio.timeout(_ANSWER_SECONDS):
                asked = await connection.execute("SELECT pg_try_advisory_lock(%s, %s)", _KEY)
                row = await asked.fetchone()
            if row and row[0]:
                return
            await asyncio.sleep(_RETRY_SECONDS)
    except (psycopg.OperationalError, psycopg.InterfaceError, TimeoutError) as fault:
        raise LeadershipLost(str(fault)) from fault


async def _listening(connection: _Connection) -> None:
    try:
        await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(ROUTES_CHANNEL)))
    except (psycopg.OperationalError, psycopg.InterfaceError) as fault:
        raise LeadershipLost(str(fault)) from fault
