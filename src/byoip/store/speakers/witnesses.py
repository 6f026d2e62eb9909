"""Each process remembers what it knows of the database, and testifies once it is another one.

On one connection, which listens: so all that it hears comes from one server. What it heard last,
and which writes this process acknowledged (`Store.acknowledged`), is what `succession.py` compares
with the database that it finds after that connection is lost. It learns nothing of a database that
is not judged yet (`usecases/speakers/forget_applied.py`).

Text SQL, on the driver: LISTEN needs a connection that no pool may hand on.
"""

import asyncio
import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import UUID, uuid4

import psycopg
from psycopg import sql

from byoip.domain.speakers.succession import Found, Remembered, Write, losses
from byoip.ports.steady_clock import boottime
from byoip.store.database_url import plain
from byoip.store.routes.bgp_prefixes import ROUTES_CHANNEL
from byoip.store.speakers.leased import connected
from byoip.store.speakers.leases import FAULTS, LeaseLost, process_name, run
from byoip.store.speakers.restores import IDENTITY, SEEN_SECONDS
from byoip.store.statements import from_text

_LOG = logging.getLogger(__name__)

_PAUSE_SECONDS: Final = 0.5
_LOOK_SECONDS: Final = 1.0
_BYTES: Final = "CAST(({}) - '0/0'::pg_lsn AS bigint)"

_ALL: Final = from_text("SELECT id, change FROM bgp_prefixes")
_THESE: Final = from_text(
    "SELECT id, change FROM bgp_prefixes WHERE id = ANY(CAST(:ids AS uuid[]))"
)
_FLUSHED: Final = from_text(
    f"SELECT {_BYTES.format('pg_current_wal_flush_lsn()')} AS flushed, clock_timestamp() AS at"
)
_STARTED: Final = from_text(
    f"SELECT {_BYTES.format('pg_last_wal_replay_lsn()')} AS replayed,"
    " pg_postmaster_start_time() AS started"
)
_WRITES: Final = from_text("""
    SELECT claim, request FROM unnest(CAST(:claims AS uuid[]), CAST(:requests AS text[]))
        AS known (claim, request)
    WHERE EXISTS (SELECT FROM events e WHERE e.prefix_id = claim AND e.request_id = request)
""")
_JUDGED: Final = from_text("""
    SELECT coalesce((SELECT identity FROM incarnation), :here) = :here
        AND NOT EXISTS (SELECT FROM witnesses WHERE process = :process AND NOT good) AS judged
""")
_ALIVE: Final = from_text("""
    WITH gone AS (DELETE FROM witnesses WHERE seen_at < clock_timestamp() - interval '1 day')
    INSERT INTO witnesses (process, name, seen_at) VALUES (:process, :name, clock_timestamp())
    ON CONFLICT (process) DO UPDATE SET seen_at = excluded.seen_at RETURNING process
""")
_TESTIFY: Final = from_text("""
    INSERT INTO witnesses AS kept
        (process, name, seen_at, identity, good, detail, routes, claims, bounded)
    VALUES (:process, :name, '-infinity', :here, :good, :detail,
        CAST(:routes AS uuid[]), CAST(:claims AS uuid[]), :bounded)
    ON CONFLICT (process) DO UPDATE
    SET identity = excluded.identity, good = excluded.good, detail = excluded.detail,
        routes = excluded.routes, claims = excluded.claims, bounded = excluded.bounded
    RETURNING process
""")
_LEAVE: Final = from_text("DELETE FROM witnesses WHERE process = :process RETURNING name")


@dataclass(slots=True)
class Witness:
    """What this process remembers of the database, and says of the next.

    Attributes:
        acknowledged: the last writes of this process; another part adds to it.
    """

    database_url: str
    acknowledged: Collection[Write]
    process: UUID = field(default_factory=uuid4)
    _known: Remembered | None = None
    _said_alive: float = float("-inf")

    async def run(self) -> None:
        """Run until cancelled; what fails is tried again."""
        while True:
            try:
                async with connected(plain(self.database_url), "byoip witness") as connection:
                    try:
                        await self._watch(connection)
                    except asyncio.CancelledError:
                        await self._leave(connection)
                        raise
            except (*FAULTS, LeaseLost) as fault:
                _LOG.info("Not watching the database: %s", fault)
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _watch(self, connection: psycopg.AsyncConnection[Any]) -> None:
        await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(ROUTES_CHANNEL)))
        (here,) = await run(connection, IDENTITY)
        if self._known is not None:
            await self._testify(connection, self._known, here.identity)
        await self._until_judged(connection, here.identity)
        self._said_alive = float("-inf")
        (now,) = await run(connection, _FLUSHED)
        changes = _changes(await run(connection, _ALL))
        self._known = Remembered(here.identity, changes, (), now.flushed, now.at)
        while True:
            await self._say_alive(connection)
            heard = connection.notifies(timeout=_LOOK_SECONDS, stop_after=1)
            if ids := [UUID(notice.payload) async for notice in heard]:
                changes |= _changes(await run(connection, _THESE, ids=ids))
            (now,) = await run(connection, _FLUSHED)
            self._known = replace(self._known, flushed=now.flushed, at=now.at)

    async def _testify(
        self, connection: psycopg.AsyncConnection[Any], before: Remembered, here: str
    ) -> None:
        """Compare; of the database that it was, good news is no news."""
        known = replace(before, writes=list(self.acknowledged))
        lost = losses(known, await self._found(connection, known, here))
        if here == known.identity and not lost.said:
            return
        await run(
            connection,
            _TESTIFY,
            process=self.process,
            name=process_name(),
            here=here,
            good=not lost.said,
            detail="; ".join(lost.said),
            routes=list(lost.routes),
            claims=list(lost.claims),
            bounded=lost.bounded,
        )

    async def _found(
        self, connection: psycopg.AsyncConnection[Any], known: Remembered, here: str
    ) -> Found:
        claims, requests = [one[0] for one in known.writes], [one[1] for one in known.writes]
        there = await run(connection, _WRITES, claims=claims, requests=requests)
        (server,) = await run(connection, _STARTED)
        (now,) = await run(connection, _FLUSHED)
        return Found(
            here,
            _changes(await run(connection, _ALL)),
            [(one.claim, one.request) for one in there],
            now.flushed if here == known.identity else server.replayed,
            server.started,
        )

    async def _until_judged(self, connection: psycopg.AsyncConnection[Any], here: str) -> None:
        while True:
            (row,) = await run(connection, _JUDGED, here=here, process=self.process)
            if row.judged:
                return
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _say_alive(self, connection: psycopg.AsyncConnection[Any]) -> None:
        if boottime() - self._said_alive >= SEEN_SECONDS:
            await run(connection, _ALIVE, process=self.process, name=process_name())
            self._said_alive = boottime()

    async def _leave(self, connection: psycopg.AsyncConnection[Any]) -> None:
        try:
            await run(connection, _LEAVE, process=self.process)
        except FAULTS:
            return


def _changes(rows: Iterable[Any]) -> dict[UUID, int]:
    return {row.id: row.change for row in rows}
