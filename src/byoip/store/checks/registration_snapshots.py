"""Registration statistics: read by prefix, replaced per registry."""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from byoip.domain.checks.delegated_statistics import MEASURED_FOR, REGISTRIES
from byoip.domain.checks.registry import Allocation
from byoip.domain.foreign_text import storable
from byoip.domain.prefix import Prefix
from byoip.ports.checks.registrations import StatisticsFile
from byoip.ports.checks.snapshots import FetchMark
from byoip.store.asns import asn_statistics
from byoip.store.batches import Part, asking
from byoip.store.checks import snapshots_sql as sql
from byoip.store.checks.partitions import REGISTRATIONS_LOCK, drop_superseded, fill, writing
from byoip.store.checks.snapshots import RegistrationStatus, SnapshotAcceptance
from byoip.store.checks.tables_snapshots import (
    current_registration_snapshots,
    fetch_marks,
    registered_ranges,
    registration_snapshots,
)
from byoip.store.statements import Session
from byoip.store.unavailable import translate_driver_errors
from byoip.store.watch.rekeying import note_rekeying


@dataclass(frozen=True, slots=True)
class Registered:
    """What the newest registration snapshot holds about a prefix.

    Attributes:
        snapshot: its number; None while none is loaded (then allocations is empty).
        allocations: every range that overlaps the prefix, or more than MOST_RANGES of them.
    """

    snapshot: int | None
    allocations: tuple[Allocation, ...]


_COLUMNS = ("prefix", "status", "holder", "country")
_BATCH = 500  # some five milliseconds


@dataclass(frozen=True, slots=True)
class RegistrationRepository:
    """Registration statistics as one connection sees them.

    Attributes:
        registries: all of these must be loaded before the answer counts: space that one registry
            does not list may be another's.
    """

    connection: AsyncConnection
    registries: frozenset[str] = REGISTRIES

    async def overlapping(self, prefix: Prefix) -> Registered:
        """Read the newest snapshots, in one statement; the latest of them gives the number.

        Of each registry at most MOST_RANGES and one more are read.
        """
        session = await Session.of(self.connection)
        found: Registered
        (found,) = await session.look(self.asking(prefix))
        return found

    def asking(self, prefix: Prefix) -> Part:
        """The same, as a part of a look."""
        return asking(sql.OVERLAPPING, self._registered, prefix=str(prefix))

    def _registered(self, rows: Sequence[Any]) -> Registered:
        if not self.registries <= {row.registry for row in rows}:
            return Registered(snapshot=None, allocations=())
        allocations = [
            Allocation(Prefix(row.prefix), row.registry, row.status, row.holder, row.country)
            for row in rows
            if row.prefix is not None
        ]
        allocations.sort(key=lambda one: (one.prefix, one.registry))
        return Registered(max(row.number for row in rows), tuple(allocations))

    async def fetched_at(self, numbers: Iterable[int]) -> Mapping[int, datetime]:
        """When the files of these numbers were fetched; those that are known."""
        c = registration_snapshots.c
        asked = sa.select(c.number, c.attempted_at).where(c.number.in_(list(numbers)))
        return {row.number: row.attempted_at for row in await self.connection.execute(asked)}


@dataclass(frozen=True, slots=True)
class RegistrationSnapshotRepository:
    """Registration snapshots, within one transaction that holds the writers' lock."""

    connection: AsyncConnection

    async def best_count(self, registry: str, now: datetime) -> int | None:
        """The most ranges of the registry's good files of late, or since one was accepted.

        Compared with the last one only, a file could lose half again and again.
        """
        asked = {"registry": registry, "since": now - MEASURED_FOR}
        best: int | None = await self.connection.scalar(sql.BEST_COUNT, asked)
        return best

    async def status(self, registry: str) -> RegistrationStatus | None:
        """How the registry stands; None where it was never tried."""
        row = (await self.connection.execute(sql.STATUS, {"registry": registry})).one_or_none()
        return None if row is None else _status(row)

    async def accept(self, registry: str, acceptance: SnapshotAcceptance) -> None:
        """Keep an operator's word about the registry's newest file."""
        word = {"by": acceptance.by, "because": acceptance.reason, "at": acceptance.at}
        await self.connection.execute(sql.ACCEPT, {"registry": registry, **word})

    async def replace(self, file: StatisticsFile) -> int:
        """Load the file as the registry's snapshot, make it current and return its number."""
        before = await self.connection.scalar(sql.IN_USE, {"registry": file.registry})
        number = await self._insert(
            registry=file.registry,
            attempted_at=file.fetched_at,
            serial=file.serial,
            sha256=file.sha256,
            ranges=len(file.allocations),
            kept=True,
        )
        lines = _lines(file.allocations)
        await fill(self.connection, registered_ranges, number, _COLUMNS, lines)
        await asn_statistics.load(self.connection, number, file.registry, file.asns)
        await self.connection.execute(
            pg.insert(current_registration_snapshots)
            .values(registry=file.registry, number=number)
            .on_conflict_do_update(index_elements=["registry"], set_={"number": number})
        )
        if before is not None:
            await note_rekeying(self.connection, file.registry, before, number)
        return number

    async def record_failure(
        self, registry: str, fault: str, *, at: datetime, refused: int = 0
    ) -> None:
        """Keep on record that its last good snapshot stays; `refused`: size of a whole file."""
        await self._insert(
            registry=registry,
            attempted_at=at,
            fault=storable(fault),
            ranges=refused,
            kept=False,
        )

    async def _insert(self, **values: object) -> int:
        statement = pg.insert(registration_snapshots).values(**values)
        result = await self.connection.execute(statement.returning(registration_snapshots.c.number))
        number: int = result.scalar_one()
        return number


@dataclass(frozen=True, slots=True)
class RegistrationSnapshots:
    """Registration statistics in Postgres: many read them, one transaction at a time writes."""

    engine: AsyncEngine

    @asynccontextmanager
    async def exclusive(self) -> AsyncIterator[RegistrationSnapshotRepository]:
        """Write in one transaction: a crash in the middle leaves nothing behind."""
        async with writing(self.engine, REGISTRATIONS_LOCK) as connection:
            yield RegistrationSnapshotRepository(connection)

    async def prune(self) -> None:
        """Drop all partitions that are not current."""
        async with writing(self.engine, REGISTRATIONS_LOCK) as connection:
            await drop_superseded(
                connection, registration_snapshots, registered_ranges, sql.SUPERSEDED_REGISTRATIONS
            )
            await asn_statistics.prune(connection)

    async def status(self) -> Sequence[RegistrationStatus]:
        """Say how fresh each registry's statistics are."""
        with translate_driver_errors():
            async with self.engine.connect() as connection:
                rows = await connection.execute(sql.STATUS, {"registry": None})
                return [_status(row) for row in rows]

    async def mark_of(self, url: str) -> FetchMark | None:
        """The mark of a file, unless its content was refused or has been replaced."""
        used = sa.select(registration_snapshots.c.sha256).join(
            current_registration_snapshots,
            current_registration_snapshots.c.number == registration_snapshots.c.number,
        )
        marks = fetch_marks
        statement = sa.select(marks).where(marks.c.url == url, marks.c.sha256.in_(used))
        with translate_driver_errors():
            async with self.engine.connect() as connection:
                row = (await connection.execute(statement)).one_or_none()
        return None if row is None else FetchMark(row.etag, row.last_modified, row.sha256)

    async def remember_mark(self, url: str, mark: FetchMark) -> None:
        """Keep the mark of a file just fetched."""
        values = {"etag": mark.etag, "last_modified": mark.last_modified, "sha256": mark.sha256}
        with translate_driver_errors():
            async with self.engine.begin() as connection:
                await connection.execute(
                    pg.insert(fetch_marks)
                    .values(url=url, **values)
                    .on_conflict_do_update(index_elements=["url"], set_=values)
                )


def _status(row: sa.Row[Any]) -> RegistrationStatus:
    word = None
    if row.accepted_at is not None:
        word = SnapshotAcceptance(row.accepted_by, row.accepted_because, row.accepted_at)
    return RegistrationStatus(
        row.registry, row.serial, row.attempted_at, row.ranges, row.fault, row.refused, word
    )


def _lines(allocations: Sequence[Allocation]) -> Iterator[tuple[int, str]]:
    ranges = iter(allocations)
    while batch := list(islice(ranges, _BATCH)):
        lines = [f"{one.prefix}\t{one.status}\t{one.holder}\t{one.country}\n" for one in batch]
        yield len(batch), "".join(lines)
