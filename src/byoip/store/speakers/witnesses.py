"""Each process remembers what it knows of the database, and testifies once it is another one.

On one connection, which listens: so all that it hears comes from one server. What it heard last,
and which writes this process acknowledged (`Store.acknowledged`), is what `succession.py` compares
with the database that it finds after that connection is lost. It learns nothing of a database that
is not judged yet (`usecases/speakers/forget_applied.py`). Where it has a directory, it also speaks
for processes that are gone, from what they kept there (`memory.py`).

Text SQL, on the driver: LISTEN needs a connection that no pool may hand on.
"""

import asyncio
import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import psycopg
from psycopg import sql

from byoip.domain.speakers.succession import Found, Remembered, Write, losses
from byoip.ports.steady_clock import boottime
from byoip.store.connecting import noticed
from byoip.store.database_url import plain
from byoip.store.routes.notices import ROUTES_CHANNEL
from byoip.store.speakers.leased import connected
from byoip.store.speakers.leases import FAULTS, LeaseLost, process_name, run
from byoip.store.speakers.memory import Memory, left_behind
from byoip.store.speakers.restores import IDENTITY, SEEN_SECONDS, SILENCE
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
        AND NOT EXISTS (SELECT FROM witnesses
            WHERE process = ANY(CAST(:processes AS uuid[])) AND NOT good) AS judged
""")
_ALIVE: Final = from_text("""
    WITH gone AS (
        DELETE FROM witnesses WHERE seen_at < clock_timestamp() - interval '1 day'
    ), ahead AS (  -- the server's clock was set back
        UPDATE witnesses SET seen_at = clock_timestamp()
        WHERE seen_at > clock_timestamp() + interval '1 minute' AND process <> :process
    )
    INSERT INTO witnesses (process, name, seen_at, key)
    VALUES (:process, :name, clock_timestamp(), :key)
    ON CONFLICT (process) DO UPDATE SET seen_at = excluded.seen_at, key = excluded.key
    RETURNING process
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
_LEAVE: Final = from_text(
    "DELETE FROM witnesses WHERE process = ANY(CAST(:processes AS uuid[])) RETURNING name"
)
# Of one that has stopped no word is waited for, unless all have stopped: then its file may speak.
_REST: Final = from_text("""
    UPDATE witnesses SET seen_at = seen_at - interval '1 minute' WHERE process = :process
    RETURNING name
""")
# Those that were alive at the end, as in `restores.py`: of others the survivors know all, and more.
_GONE: Final = from_text("""
    SELECT process, key FROM witnesses
    WHERE process = ANY(CAST(:processes AS uuid[])) AND key IS NOT NULL
        AND seen_at >= (SELECT max(seen_at) FROM witnesses) - CAST(:silence AS interval)
""")
# And whether what speakers have was forgotten since it is this one.
_KEPT: Final = from_text("""
    SELECT identity, EXISTS (SELECT FROM operator_events WHERE kind = 'routes.disowned'
        AND after ->> 'identity' = i.identity) AS forgotten FROM incarnation i
""")


@dataclass(slots=True)
class Witness:
    """What this process remembers of the database, and says of the next.

    Attributes:
        acknowledged: the last writes of this process; another part adds to it.
        directory: where it keeps what it remembers; None: in memory only.
    """

    database_url: str
    acknowledged: Collection[Write]
    directory: Path | None = None
    process: UUID = field(default_factory=uuid4)
    _known: Remembered | None = None
    _memory: Memory | None = None
    _gone: list[Memory] = field(default_factory=list)
    _said_alive: float = float("-inf")

    async def run(self) -> None:
        """Run until cancelled; what fails is tried again."""
        if self.directory is not None:
            self._begin_memory(self.directory)
        try:
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
        finally:
            for one in [*self._gone, *filter(None, [self._memory])]:
                one.close()

    def _begin_memory(self, directory: Path) -> None:
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as fault:
            _LOG.warning("What is known of the database is not kept on disk: %s", fault)
            return
        self._memory = Memory.of(directory, self.process)

    async def _keep(self, known: Remembered, learnt: Mapping[UUID, int] | None = None) -> None:
        """On disk, too; what cannot be kept up to date is removed, and tried again later."""
        self._known = known
        if self._memory is None:
            return
        known = replace(known, writes=list(self.acknowledged))
        try:
            if learnt is None:
                await asyncio.to_thread(self._memory.keep_all, known)
            else:
                await asyncio.to_thread(self._memory.keep, known, learnt)
        except OSError as fault:
            _LOG.warning("What is known of the database is not kept on disk: %s", fault)
            self._memory.forget()
            self._memory = None
            self._said_alive = float("-inf")  # its key goes at once: the file may still be there

    async def _watch(self, connection: psycopg.AsyncConnection[Any]) -> None:
        await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(ROUTES_CHANNEL)))
        (here,) = await run(connection, IDENTITY)
        if self._known is not None:
            known = replace(self._known, writes=list(self.acknowledged))
            await self._testify(connection, self.process, known, here.identity)
        if self.directory is not None:
            self._gone += await asyncio.to_thread(
                left_behind, self.directory, here.identity, but=self.process
            )
        await self._testify_for_gone(connection, here.identity)
        await self._until_judged(connection, here.identity)
        self._said_alive = float("-inf")
        await self._say_alive(connection)  # first: what is kept then can vouch for it
        (now,) = await run(connection, _FLUSHED)
        changes = _changes(await run(connection, _ALL))
        known = Remembered(here.identity, changes, (), now.flushed, now.at)
        await self._keep(known)
        await self._forget_gone(connection)  # last: a power cut finds one file or the other
        while True:
            await self._say_alive(connection)
            heard = connection.notifies(timeout=_LOOK_SECONDS, stop_after=1)
            learnt: dict[UUID, int] = {}
            if ids := [one async for notice in heard for one in noticed(notice.payload)]:
                learnt = _changes(await run(connection, _THESE, ids=ids))
                changes |= learnt
            (now,) = await run(connection, _FLUSHED)
            known = replace(known, flushed=now.flushed, at=now.at)
            await self._keep(known, learnt)

    async def _testify_for_gone(self, connection: psycopg.AsyncConnection[Any], here: str) -> None:
        """Say what the files of processes that are gone say, where it is not too late for that."""
        processes = [one.process for one in self._gone]
        rows = await run(connection, _GONE, processes=processes, silence=SILENCE)
        keys = {row.process: row.key for row in rows}
        kept = {row.identity for row in await run(connection, _KEPT)}
        for one in self._gone:
            known = one.remembered(keys[one.process]) if one.process in keys else None
            if known is not None and (known.identity == here or here not in kept):
                await self._testify(connection, one.process, known, here)

    async def _forget_gone(self, connection: psycopg.AsyncConnection[Any]) -> None:
        if self._gone:
            await run(connection, _LEAVE, processes=[one.process for one in self._gone])
        for one in self._gone:
            one.forget()
        self._gone = []

    async def _testify(
        self,
        connection: psycopg.AsyncConnection[Any],
        process: UUID,
        known: Remembered,
        here: str,
    ) -> None:
        """Compare; of the database that it was, or that was judged, good news is no news."""
        lost = losses(known, await self._found(connection, known, here))
        judged = [one for one in await run(connection, _KEPT) if one.identity == here]
        if here == known.identity:
            news = bool(lost.said)
        else:  # too late for what is only unproven
            news = not judged or (lost.certain and not judged[0].forgotten)
        if not news:
            return
        await run(
            connection,
            _TESTIFY,
            process=process,
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
        processes = [self.process, *(one.process for one in self._gone)]
        while True:
            (row,) = await run(connection, _JUDGED, here=here, processes=processes)
            if row.judged:
                return
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _say_alive(self, connection: psycopg.AsyncConnection[Any]) -> None:
        if boottime() - self._said_alive >= SEEN_SECONDS:
            key = None if self._memory is None else self._memory.key
            await run(connection, _ALIVE, process=self.process, name=process_name(), key=key)
            self._said_alive = boottime()
            if self._memory is None and self.directory is not None:
                self._memory = Memory.of(self.directory, self.process)

    async def _leave(self, connection: psycopg.AsyncConnection[Any]) -> None:
        try:
            if self._memory is None:
                await run(connection, _LEAVE, processes=[self.process])
            else:
                await run(connection, _REST, process=self.process)
        except FAULTS:
            return


def _changes(rows: Iterable[Any]) -> dict[UUID, int]:
    return {row.id: row.change for row in rows}
