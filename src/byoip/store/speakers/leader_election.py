"""Which process may tell speakers anything: it holds a lease, and the lock of older versions.

On the driver: the lease, the lock and LISTEN belong to connections that no pool may hand on.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg import sql

from byoip.ports.steady_clock import boottime
from byoip.store.autocommit import AutocommitPool
from byoip.store.connecting import noticed
from byoip.store.database_url import plain
from byoip.store.routes.notices import ROUTES_CHANNEL
from byoip.store.speakers.leased import LeasedStore, connected, leased_pool
from byoip.store.speakers.leases import (
    ANSWER_SECONDS,
    FAULTS,
    HOLDING,
    Candidate,
    Lease,
    LeaseLost,
)
from byoip.store.transaction import Store

_LOG = logging.getLogger(__name__)

LEASE_SECONDS: Final = 5.0

_KEY: Final = (0x62797, 0x726F7574)  # "byoip", "rout"
_LOCK_RETRY_SECONDS: Final = 0.2
_CHECK_SECONDS: Final = 3.0
_POOL: Final = 4
CONNECTIONS: Final = _POOL + 2  # the pool writes for the lease, one holds it, one listens
_Connection = psycopg.AsyncConnection[Any]


class Leadership:
    """The lease while it is held, and what changes meanwhile."""

    def __init__(self, lease: Lease, listening: _Connection, pool: AutocommitPool) -> None:
        """Take the lease, a connection that listens, and one whose statements carry the lease."""
        self.lease = lease
        self.pool = pool
        self._listening = listening
        self._renewing = asyncio.Lock()

    async def require(self) -> float:
        """Make sure that this process still leads, just before a speaker is told anything.

        A renewal that begins after this was called does, whoever waits for it with us.

        Returns:
            When the call must have ended, by `boottime`.

        Raises:
            LeaseLost: it does not lead, or cannot tell.
        """
        return await self._renewed_since(boottime())

    async def standing(self) -> float:
        """The same, just before a speaker is told once more what it was told already.

        The last renewal does, while no other is due.
        """
        return await self._renewed_since(boottime() - self.lease.pause)

    async def _renewed_since(self, moment: float) -> float:
        async with self._renewing:
            if self.lease.renewed_at < moment:
                await self.lease.renew()
            return self.lease.calls_until

    def store(self, store: Store) -> Store:
        """The same store; every transaction is part of the lease."""
        return LeasedStore(store, self.lease)

    async def changes(self) -> AsyncIterator[UUID]:
        """The BGP prefixes that change, as they do; `EVERY_ROUTE` stands for all of them.

        Raises:
            LeaseLost: this process cannot tell any more.
        """
        try:
            while True:
                async for notice in self._listening.notifies(timeout=_CHECK_SECONDS):
                    for one in noticed(notice.payload):
                        yield one
                # A connection that died without a word looks like one without news: ask.
                async with asyncio.timeout(ANSWER_SECONDS):
                    await self._listening.execute("SELECT 1")
        except FAULTS as fault:
            raise LeaseLost(str(fault)) from fault


class LeaderElection:
    """One process leads at a time; the others wait."""

    def __init__(self, database_url: str, seconds: float = LEASE_SECONDS) -> None:
        """Take where the database is, and how long a lease lasts."""
        self._conninfo = plain(database_url)
        self._candidate = Candidate("reconciler", seconds)

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[Leadership]:
        """Wait for the leadership, and hold it while the block runs.

        The lease must be renewed meanwhile (`Leadership.require`).

        Raises:
            LeaseLost: the database is away, or another process has taken over.
        """
        async with connected(self._conninfo, HOLDING) as holding:
            lease, calls_end = await self._candidate.wait(holding)
            try:
                if calls_end:
                    _LOG.warning("Lease %d: the leader before it hangs or died", lease.number)
                await _ready(holding, lease, calls_end)
                async with connected(self._conninfo, "byoip routes") as listening:
                    await _listening(listening)
                    pool = leased_pool(self._conninfo, lease, _POOL)
                    try:
                        yield Leadership(lease, listening, pool)
                    finally:
                        await pool.end()
            finally:
                await lease.release()


async def _ready(connection: _Connection, lease: Lease, calls_end: float) -> None:
    """Return once the last leader's calls are over, and no older version leads."""
    until = boottime() + calls_end
    locked = False
    try:
        while not locked or boottime() < until:
            await lease.renew()
            if not locked:
                async with asyncio.timeout(ANSWER_SECONDS):
                    asked = await connection.execute("SELECT pg_try_advisory_lock(%s, %s)", _KEY)
                    locked = bool((await asked.fetchone() or (False,))[0])
            if not locked or boottime() < until:
                await asyncio.sleep(_LOCK_RETRY_SECONDS)
    except FAULTS as fault:
        raise LeaseLost(str(fault)) from fault


async def _listening(connection: _Connection) -> None:
    try:
        await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(ROUTES_CHANNEL)))
    except (psycopg.OperationalError, psycopg.InterfaceError) as fault:
        raise LeaseLost(str(fault)) from fault
