"""Which process watches routes from outside: one at a time, if there is a choice not the leader.

On the driver: its lease belongs to a connection that no pool may hand on.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from byoip.store.autocommit import AutocommitPool
from byoip.store.database_url import plain
from byoip.store.speakers.leased import LeasedStore, connected, leased_pool
from byoip.store.speakers.leases import LOOK, Candidate, Lease, Stillness
from byoip.store.transaction import Store

# The rank of a candidate: a lower one may take over from a higher one at any time.
OF_WORKER: Final = 0
OF_API: Final = 1
OF_LEADER: Final = 2  # it would watch itself: better than that no process watches

_POOL: Final = 2
CONNECTIONS: Final = _POOL + 1  # the pool writes for the lease, one holds it


@dataclass(slots=True)
class Watch:
    """The lease of the watcher while it is held, and statements that carry it."""

    lease: Lease
    pool: AutocommitPool

    def store(self, store: Store) -> Store:
        """The same store; every transaction is part of the lease."""
        return LeasedStore(store, self.lease)


class WatchElection:
    """One process watches at a time; the others wait."""

    def __init__(self, database_url: str, seconds: float, rank: Callable[[], int]) -> None:
        """Take where the database is, how long a lease lasts, and this process' rank just now."""
        self._conninfo = plain(database_url)
        self._candidate = Candidate("watcher", seconds, rank)

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[Watch]:
        """Wait for the lease, and hold it while the block runs; it must be renewed meanwhile.

        Raises:
            LeaseLost: the database is away, or another process has taken over.
        """
        async with connected(self._conninfo, "byoip watcher") as holding:
            lease, _ = await self._candidate.wait(holding)
            pool = leased_pool(self._conninfo, lease, _POOL)
            try:
                yield Watch(lease, pool)
            finally:
                await pool.end()
                await lease.release()


@dataclass(slots=True)
class LeaseWatch:
    """Tells when the holder of a lease is silent: no process has renewed it for too long."""

    name: str
    patience: float
    _still: Stillness = field(default_factory=Stillness)

    async def silent(self, pool: AutocommitPool) -> str | None:
        """What operators are told of it; None while all is well."""
        (row,) = await pool.ask(LOOK, name=self.name)
        seconds = self._still.seconds(row.number, row.beat)
        if seconds < self.patience:
            return None
        held = f", last held by {row.process}" if row.process else ""
        return f"not renewed for {int(self.patience)} s or more{held}"
