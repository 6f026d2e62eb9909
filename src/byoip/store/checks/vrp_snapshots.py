"""ROA data in use: asked about a prefix, and its snapshots pruned."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from byoip.domain.asn import Asn
from byoip.domain.checks.evidence import Fault
from byoip.domain.checks.origin_validation import MOST_COVERING, TOO_MANY_COVER, Vrp
from byoip.domain.checks.vrp_snapshot import stale
from byoip.domain.prefix import Prefix
from byoip.ports.checks.rpki import NoVrps, SnapshotFacts, VrpAnswer, Vrps
from byoip.ports.clock import Clock
from byoip.store.asns import aspas
from byoip.store.batches import Part, asking
from byoip.store.checks import snapshots_sql as sql
from byoip.store.checks.partitions import VRPS_LOCK, drop_superseded, writing
from byoip.store.checks.snapshots import RoaStatus
from byoip.store.checks.tables_snapshots import vrp_snapshots, vrps
from byoip.store.checks.vrp_writing import VrpSnapshotRepository, is_current, one_snapshot
from byoip.store.statements import Session
from byoip.store.unavailable import translate_driver_errors


@dataclass(slots=True)
class _Number:
    """Of the snapshot that this process last saw in use: an answer says whether it still is."""

    in_use: int = 0


_NUMBER: Final = _Number()


@dataclass(frozen=True, slots=True)
class RoaRepository:
    """ROA data as one connection sees it, for example inside the transaction that approves."""

    connection: AsyncConnection
    clock: Clock

    async def about(self, prefix: Prefix) -> VrpAnswer:
        """Read the newest accepted snapshot, in one statement; after a new one in two."""
        session, number = await Session.of(self.connection), _NUMBER.in_use
        while True:
            rows = await session.rows(sql.about(number), prefix=str(prefix))
            current = _in_use(rows)
            if current is None or current.number == number:
                return self._answer(rows)
            number = _NUMBER.in_use = current.number

    def asking(self, prefix: Prefix) -> Part:
        """The same, as a part of a look."""
        return asking(sql.ABOUT, self._answer, prefix=str(prefix))

    def _answer(self, rows: Sequence[Any]) -> VrpAnswer:
        current = _in_use(rows)
        if current is None:
            return NoVrps(Fault.NO_DATA, "no ROA data has been loaded yet")
        snapshot = SnapshotFacts(current.number, current.source, current.built_at)
        if stale(snapshot.built_at, self.clock.now()):
            since = f"{snapshot.built_at:%Y-%m-%dT%H:%M:%SZ}"
            return NoVrps(Fault.STALE, f"the newest ROA data was built at {since}")
        covering = [row for row in rows if row.covers is True]
        if len(covering) > MOST_COVERING:
            return NoVrps(Fault.TOO_LARGE, TOO_MANY_COVER)
        return Vrps(
            snapshot,
            covering=_vrps(covering),
            inside=_vrps(row for row in rows if row.covers is False),
        )

    async def decisive(self, prefix: Prefix, origin: Asn) -> VrpAnswer:
        """As `about`; where too many cover it for that, those that decide whether it is valid.

        One match does (RFC 6811, section 2), and where none is there, whether any covers.
        """
        answer = await self.about(prefix)
        if not (isinstance(answer, NoVrps) and answer.fault is Fault.TOO_LARGE):
            return answer
        session, now = await Session.of(self.connection), int(self.clock.now().timestamp())
        asked = {"prefix": str(prefix), "origin": origin.number, "now_epoch": now}
        rows = await session.rows(sql.DECISIVE, **asked)
        if not rows or rows[0].known > sql.MOST_SIFTED:
            return answer
        snapshot = SnapshotFacts(rows[0].number, rows[0].source, rows[0].built_at)
        return Vrps(snapshot, covering=_vrps(rows), inside=())


@dataclass(frozen=True, slots=True)
class VrpSnapshots:
    """ROA data in Postgres: many read it, one transaction at a time writes."""

    engine: AsyncEngine

    @asynccontextmanager
    async def exclusive(self) -> AsyncIterator[VrpSnapshotRepository]:
        """Write in one transaction: a crash in the middle leaves nothing behind."""
        async with writing(self.engine, VRPS_LOCK) as connection:
            yield VrpSnapshotRepository(connection)

    async def prune(self) -> None:
        """Drop all partitions but the current, the previous, and the last refused one."""
        async with writing(self.engine, VRPS_LOCK) as connection:
            await drop_superseded(connection, vrp_snapshots, vrps, sql.SUPERSEDED_ROAS)
            await aspas.prune(connection)

    async def status(self) -> RoaStatus:
        """Read it from the tables: the same answer in every process."""
        newest = (
            vrp_snapshots.c.number
            == sa.select(sa.func.max(vrp_snapshots.c.number)).scalar_subquery()
        )
        with translate_driver_errors():
            async with self.engine.connect() as connection:
                current = await one_snapshot(connection, is_current())
                later = vrp_snapshots.c.number > (current.number if current else 0)
                refused = sa.select(sa.func.count()).where(later, ~vrp_snapshots.c.accepted)
                return RoaStatus(
                    current=current,
                    latest=await one_snapshot(connection, newest),
                    refused_since=(await connection.execute(refused)).scalar_one(),
                )


def _in_use(rows: Iterable[Any]) -> Any:
    """A row that says which snapshot is in use; None: there is none."""
    return next((row for row in rows if row.number is not None), None)


def _vrps(rows: Iterable[Any]) -> tuple[Vrp, ...]:
    ordered = sorted(rows, key=attrgetter("prefix", "max_length", "asn", "anchor"))
    return tuple(
        Vrp(
            prefix=Prefix(row.prefix),
            max_length=row.max_length,
            asn=Asn(row.asn),
            anchor=row.anchor,
            expires_at=None if row.expires is None else datetime.fromtimestamp(row.expires, UTC),
        )
        for row in ordered
    )
