"""Connections that carry a lease: what they write is refused once another process holds it.

On the driver, as the lease itself: these connections belong to one holder, and end with it.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import psycopg
from psycopg.conninfo import make_conninfo

from byoip.domain.history import Actor
from byoip.domain.idempotency import IdempotencyKey
from byoip.domain.precondition import ANY_VERSION, Precondition
from byoip.ports.steady_clock import boottime
from byoip.store.autocommit import AutocommitPool
from byoip.store.connecting import Connection
from byoip.store.engine import SESSION, session_options
from byoip.store.speakers.leases import Lease, LeaseLost
from byoip.store.statements import Statement, from_text
from byoip.store.transaction import Store, Transaction

_REFUSED: Final = "BY001"  # by the trigger of migration 0014
# The server notices within ten seconds that this process has gone without a word; this process
# notices it of the server (`store/connecting.py`).
_SERVER_NOTICES: Final = (
    "-c tcp_keepalives_idle=4 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3 "
    "-c tcp_user_timeout=8000 -c lock_timeout=2000"
)

_NOW: Final = from_text("SELECT clock_timestamp() AS now")


@asynccontextmanager
async def connected(conninfo: str, name: str) -> AsyncIterator[Connection]:
    """A connection of its own, as long as the block runs.

    Raises:
        LeaseLost: the database is away.
    """
    try:
        connection = await Connection.connect(
            make_conninfo(conninfo, application_name=name),
            autocommit=True,
            options=_SERVER_NOTICES,
        )
    except (psycopg.OperationalError, TimeoutError) as fault:
        raise LeaseLost(str(fault)) from fault
    try:
        yield connection
    finally:
        await connection.close()


def leased_pool(conninfo: str, lease: Lease, most: int) -> AutocommitPool:
    """Single statements that carry the lease."""
    return _LeasedPool(
        make_conninfo(conninfo, application_name=lease.writer),
        session_options({**SESSION, "byoip.lease": lease.mark}),
        most=most,
        wait_seconds=5.0,
    )


class _LeasedPool(AutocommitPool):
    """Statements that the database refuses once another process holds the lease."""

    async def ask(self, statement: Statement, **asked: object) -> list[Any]:
        try:
            return await super().ask(statement, **asked)
        except psycopg.DatabaseError as fault:
            if fault.sqlstate == _REFUSED:
                raise LeaseLost(str(fault)) from fault
            raise


class LeasedStore(Store):
    """Transactions that carry the lease."""

    def __init__(self, store: Store, lease: Lease) -> None:
        """Take the store that makes the transactions."""
        self._store = store
        self._lease = lease

    @asynccontextmanager
    async def transaction(
        self,
        key: IdempotencyKey | None = None,
        *,
        actor: Actor | None = None,
        precondition: Precondition = ANY_VERSION,
    ) -> AsyncIterator[Transaction]:
        """As the store's own."""
        made = self._store.transaction(key, actor=actor, precondition=precondition)
        async with made as tx:
            await self._lease.require_in(tx.session)
            yield tx


class DatabaseClock:
    """The database's time, carried on by a clock that cannot be set; all workers agree on it.

    It may be late by what an answer takes, and is never early: what it stamps has happened, and
    comes before what happens afterwards.
    """

    def __init__(self) -> None:
        """Say when `set`."""
        self._at, self._by = datetime.now(UTC), boottime()

    async def set(self, pool: AutocommitPool) -> None:
        """Ask the database."""
        (row,) = await pool.ask(_NOW)  # which may have waited for a place, or a connection
        self._at, self._by = row.now.astimezone(UTC), boottime()

    def now(self) -> datetime:
        """The time, in UTC."""
        return self._at + timedelta(seconds=boottime() - self._by)
