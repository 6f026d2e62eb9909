"""Leases: which process acts for all others, until when, and with which number.

The holder renews its lease by one more beat. A process that waits for the lease compares no times:
it takes the lease over once the beat has stood still for as long as the lease lasts, by a clock of
its own that cannot be set. Each take-over counts the number up and ends the connections of the
holder before; the database refuses what is written with an older number (migration 0014).

Text SQL, on the driver: a lease belongs to a connection of its own, which no pool may hand on.
"""

import asyncio
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import psycopg
from psycopg.rows import namedtuple_row

from byoip.ports.steady_clock import boottime
from byoip.store.statements import Session, Statement, from_text

HOLDING: Final = "byoip reconciler"  # the name of the connection that holds the reconciler's lease

FAULTS: Final = (psycopg.OperationalError, psycopg.InterfaceError, TimeoutError)
ANSWER_SECONDS: Final = 2.0
_CALLS: Final = 0.8  # the share of a lease that calls may take

_Connection = psycopg.AsyncConnection[Any]


class LeaseLost(Exception):  # noqa: N818 - a state of affairs: another process may act now
    """This process does not hold the lease, or cannot tell whether it still does."""


LOOK: Final = from_text(
    "SELECT number, beat, holder, rank, seconds, process FROM leases WHERE name = :name"
)
# Those of its holder that write; another process' may have the number of an old backend by now.
_END: Final = from_text("""
    SELECT pg_terminate_backend(a.pid, 1000) FROM leases l JOIN pg_stat_activity a
        ON a.datname = current_database() AND a.pid <> pg_backend_pid() AND (
            a.application_name = 'byoip lease ' || l.name || ' ' || l.number
            OR a.pid = l.backend AND a.application_name = 'byoip ' || l.name)
    WHERE l.name = :name AND l.number = :number AND l.beat = :beat
""")
_TAKE: Final = from_text("""
    UPDATE leases SET number = number + 1, holder = :holder, rank = :rank, beat = 0,
        seconds = :seconds, process = :process, backend = pg_backend_pid(),
        renewed_at = clock_timestamp()
    WHERE name = :name AND number = :number AND beat = :beat RETURNING number
""")
_MINE: Final = "name = :name AND number = :number AND holder = :holder"
_RENEW: Final = from_text(f"""
    UPDATE leases SET beat = beat + 1, rank = :rank, renewed_at = clock_timestamp()
    WHERE {_MINE} RETURNING beat
""")  # noqa: S608 - words from here
_RELEASE: Final = from_text(f"""
    UPDATE leases SET beat = beat + 1, holder = NULL WHERE {_MINE} RETURNING beat
""")  # noqa: S608
_IN_TRANSACTION: Final = from_text(f"""
    SELECT set_config('application_name', :writer, true) FROM leases WHERE {_MINE} FOR KEY SHARE
""")  # noqa: S608


class Lease:
    """A lease while this process holds it."""

    def __init__(
        self, connection: _Connection, asked: dict[str, Any], rank: Callable[[], int]
    ) -> None:
        """Take the connection that renews it, what was asked for and given, and the rank."""
        self._connection = connection
        self._rank = rank
        self._mine = {key: asked[key] for key in ("name", "number", "holder")}
        self.seconds: float = asked["seconds"]
        self.renewed_at = boottime()

    @property
    def number(self) -> int:
        """It grows with every holder."""
        number: int = self._mine["number"]
        return number

    @property
    def mark(self) -> str:
        """What a session's setting `byoip.lease` holds: each of its writes carries that."""
        return "{name}:{number}:{holder}".format(**self._mine)

    @property
    def writer(self) -> str:
        """The name of connections that write for it."""
        return "byoip lease {name} {number}".format(**self._mine)

    @property
    def calls_until(self) -> float:
        """When a call must have ended, by `boottime`: before the lease does."""
        return self.renewed_at + _CALLS * self.seconds

    @property
    def pause(self) -> float:
        """Seconds from one renewal to the next."""
        return self.seconds / 5

    @property
    def ended(self) -> bool:
        """Whether another process may hold it by now."""
        return boottime() >= self.renewed_at + self.seconds

    async def renew(self) -> None:
        """Commit one more beat.

        Raises:
            LeaseLost: another process has taken it over, or the database does not say.
        """
        began = boottime()
        try:
            async with asyncio.timeout(min(ANSWER_SECONDS, self.seconds / 2)):
                renewed = await run(self._connection, _RENEW, rank=self._rank(), **self._mine)
        except FAULTS as fault:
            raise LeaseLost(str(fault) or "the database does not answer") from fault
        if not renewed:
            raise LeaseLost("another process has taken the lease over")
        self.renewed_at = began

    async def require_in(self, session: Session) -> None:
        """Make a transaction part of the lease: a take-over waits for it, or ends it.

        Raises:
            LeaseLost: another process has taken it over.
        """
        if not await session.rows(_IN_TRANSACTION, writer=self.writer, **self._mine):
            raise LeaseLost("another process has taken the lease over")

    async def release(self) -> None:
        """Give it up, so that no process has to wait until it ends; nothing if that fails."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await run(self._connection, _RELEASE, **self._mine)
        except FAULTS:
            return


@dataclass(slots=True)
class Stillness:
    """For how long a lease was not renewed, as this process has seen."""

    _seen: tuple[int, int] | None = None
    _since: float = 0.0

    def seconds(self, number: int, beat: int) -> float:
        """Take what the row says now."""
        if self._seen != (number, beat):
            self._seen, self._since = (number, beat), boottime()
        return boottime() - self._since


@dataclass(slots=True)
class Candidate:
    """A process that waits for a lease.

    Attributes:
        seconds: how long the lease lasts after each renewal.
        rank: of this process just now; the lease of a holder of a higher rank may be taken over at
            any time.
        held: the number under which this process held it last: by now it does nothing with that.
    """

    name: str
    seconds: float
    rank: Callable[[], int] = lambda: 0
    held: int | None = None

    async def wait(self, connection: _Connection) -> tuple[Lease, float]:
        """The lease, and for how many seconds calls of its last holder may still arrive.

        Raises:
            LeaseLost: the database is away.
        """
        still = Stillness()
        try:
            while True:
                async with asyncio.timeout(2 * ANSWER_SECONDS):
                    if taken := await self._try(connection, still):
                        return taken
                await asyncio.sleep(min(1.0, self.seconds / 10))
        except (*FAULTS, psycopg.errors.InsufficientPrivilege) as fault:
            raise LeaseLost(str(fault) or "the database does not answer") from fault

    async def _try(self, connection: _Connection, still: Stillness) -> tuple[Lease, float] | None:
        (row,) = await run(connection, LOOK, name=self.name)
        lasts = max(row.seconds, self.seconds)
        stale = still.seconds(row.number, row.beat) >= lasts
        free = row.holder is None or row.number == self.held
        rank = self.rank()
        if not (free or stale or row.rank > rank):
            return None
        asked = {"name": self.name, "number": row.number, "beat": row.beat}
        if not free:
            await run(connection, _END, **asked)
        asked |= {"holder": uuid4(), "rank": rank, "seconds": self.seconds}
        taken = await run(connection, _TAKE, process=process_name(), **asked)
        if not taken:
            return None
        self.held = taken[0].number
        lease = Lease(connection, {**asked, "number": taken[0].number}, self.rank)
        return lease, 0.0 if free else _CALLS * lasts


async def run(connection: _Connection, statement: Statement, **asked: object) -> list[Any]:
    """Run one statement on a connection that commits each."""
    cursor = connection.cursor(row_factory=namedtuple_row)
    await cursor.execute(statement.text, {**statement.values, **asked})
    return await cursor.fetchall()


def process_name() -> str:
    """This process, for operators."""
    return f"{socket.gethostname()}:{os.getpid()}"
