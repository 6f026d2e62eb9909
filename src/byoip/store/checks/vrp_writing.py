"""Snapshots of ROA data as they are loaded, refused and accepted."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from byoip.domain.checks.vrp_snapshot import (
    MEASURED_FOR,
    MOST_OF_A_BLOCK,
    Gate,
    GoodSnapshot,
    Measure,
    Objection,
    Tally,
    best_counts,
)
from byoip.domain.foreign_text import storable
from byoip.ports.checks.snapshots import MalformedExport, VrpDocument
from byoip.store.asns import aspas
from byoip.store.checks.partitions import UnfitRows, fill
from byoip.store.checks.snapshots import SnapshotAcceptance, VrpSnapshot
from byoip.store.checks.tables_snapshots import current_vrp_snapshot, vrp_snapshots, vrps
from byoip.store.statements import from_row

_COLUMNS = ("prefix", "max_length", "asn", "anchor", "expires")


@dataclass(frozen=True, slots=True)
class VrpSnapshotRepository:
    """Snapshots, within one transaction that holds the writers' lock."""

    connection: AsyncConnection

    async def current(self) -> VrpSnapshot | None:
        """The one in use."""
        return await one_snapshot(self.connection, is_current())

    async def measure(self, now: datetime) -> Measure | None:
        """What the next one is measured by; None before the first was accepted."""
        row = vrp_snapshots.c
        recent = row.accepted & (row.attempted_at > now - MEASURED_FOR)
        found = await self.connection.execute(
            sa.select(vrp_snapshots).where(recent | is_current()).order_by(row.number)
        )
        good = found.all()
        if not good:
            return None
        spread = best_counts(_good(row, row.spread or row.counts) for row in good)
        best = best_counts(_good(row, row.counts) for row in good)
        return Measure(good[-1].built_at, best, spread)

    async def find(self, number: int) -> VrpSnapshot | None:
        """One by its number."""
        return await one_snapshot(self.connection, vrp_snapshots.c.number == number)

    async def load(self, document: VrpDocument, *, source: str, at: datetime) -> VrpSnapshot:
        """Load all entries into a partition of their own.

        Raises:
            MalformedExport: an entry makes no sense, to the reader or to Postgres.
        """
        async with self.connection.begin_nested():
            return await self._load(document, source, at)

    async def refuse(self, number: int, objections: Sequence[Objection]) -> None:
        """Record why a loaded snapshot stays refused."""
        await self._update(number, objections=_as_json(objections))

    async def accept(self, number: int, acceptance: SnapshotAcceptance | None = None) -> None:
        """Make a loaded snapshot the current one; what was objected to stays on record."""
        accepted = {} if acceptance is None else _accepted(acceptance)
        await self._update(number, accepted=True, **accepted)
        await aspas.remember(self.connection, number)
        await self.connection.execute(
            pg.insert(current_vrp_snapshot)
            .values(singleton=True, number=number)
            .on_conflict_do_update(index_elements=["singleton"], set_={"number": number})
        )

    async def record_failure(
        self, objection: Objection, *, source: str | None, at: datetime
    ) -> VrpSnapshot:
        """Keep on record that there was nothing to load."""
        number = await self._insert(
            attempted_at=at, source=source, objections=_as_json([objection]), kept=False
        )
        return VrpSnapshot(
            number,
            accepted=False,
            attempted_at=at,
            source=source,
            tally=None,
            objections=(objection,),
            kept=False,
        )

    async def _load(self, document: VrpDocument, source: str, at: datetime) -> VrpSnapshot:
        built_at, counts, blocks = document.built_at, Counter[str](), Counter[tuple[str, ...]]()
        number = await self._insert(
            attempted_at=at,
            source=source,
            built_at=built_at,
            sha256=document.sha256,
            counts={},
            objections=[],
            kept=True,
        )
        try:
            lines = _lines(document, counts, blocks)
            await fill(self.connection, vrps, number, _COLUMNS, lines, null="None")
        except UnfitRows as fault:
            raise MalformedExport(f"an entry makes no sense: {fault}") from None
        left_out = document.left_out
        await aspas.load(self.connection, number, document.aspas)
        spread = Counter[str]()
        for (anchor, *_), many in blocks.items():
            spread[anchor] += min(many, MOST_OF_A_BLOCK)
        found = {"counts": dict(counts), "spread": dict(spread)}
        await self._update(number, **found, unreadable=left_out.unreadable)
        return VrpSnapshot(
            number,
            accepted=False,
            attempted_at=at,
            source=source,
            tally=Tally(
                built_at,
                counts,
                left_out.unreadable,
                frozenset(left_out.other_anchors),
                spread,
            ),
            objections=(),
            kept=True,
        )

    async def _insert(self, **values: object) -> int:
        statement = pg.insert(vrp_snapshots).values(accepted=False, **values)
        result = await self.connection.execute(statement.returning(vrp_snapshots.c.number))
        number: int = result.scalar_one()
        return number

    async def _update(self, number: int, **values: object) -> None:
        of_it = vrp_snapshots.c.number == number
        await self.connection.execute(sa.update(vrp_snapshots).where(of_it).values(**values))


async def one_snapshot(
    connection: AsyncConnection, which: sa.ColumnElement[bool]
) -> VrpSnapshot | None:
    """The snapshot that fits, if there is one."""
    row = (await connection.execute(sa.select(vrp_snapshots).where(which))).one_or_none()
    return None if row is None else snapshot_from(row)


def is_current() -> sa.ColumnElement[bool]:
    """Selects the last good one."""
    return vrp_snapshots.c.number == sa.select(current_vrp_snapshot.c.number).scalar_subquery()


def snapshot_from(row: sa.Row[Any]) -> VrpSnapshot:
    """A row of vrp_snapshots."""
    tally = None if row.built_at is None else Tally(row.built_at, row.counts, row.unreadable)
    return from_row(VrpSnapshot, row, tally=tally, objections=_objections(row))


def _good(row: sa.Row[Any], counts: Mapping[str, int]) -> GoodSnapshot:
    settled = () if row.accepted_by is None else [one.anchor for one in _objections(row)]
    return GoodSnapshot(counts, [anchor for anchor in settled if anchor is not None])


def _objections(row: sa.Row[Any]) -> tuple[Objection, ...]:
    return tuple(
        Objection(Gate(one["gate"]), one["detail"], one.get("anchor")) for one in row.objections
    )


def _lines(
    document: VrpDocument, counts: Counter[str], blocks: Counter[tuple[str, ...]]
) -> Iterator[tuple[int, str]]:
    built_at = int(document.built_at.timestamp())
    for rows in document.batches:
        # What had expired by then is nothing that the relying party knows.
        known = [row for row in rows if row.expires is None or row.expires > built_at]
        counts.update([row.anchor for row in known])
        # Its block is the first two octets of IPv4, or groups of IPv6.
        blocks.update(
            [(row.anchor, *row.prefix.replace(":", ".").split(".", 2)[:2]) for row in known]
        )
        # Half the time of a load is spent here: no function call for each row.
        lines = [
            f"{row.prefix}\t{row.max_length}\t{row.asn}\t{row.anchor}\t{row.expires}\n"
            for row in rows
        ]
        yield len(rows), "".join(lines)


def _as_json(objections: Sequence[Objection]) -> list[dict[str, str]]:
    return [
        {"gate": one.gate.value, "detail": storable(one.detail)}
        | ({} if one.anchor is None else {"anchor": one.anchor})
        for one in objections
    ]


def _accepted(acceptance: SnapshotAcceptance) -> dict[str, object]:
    return {
        "accepted_by": acceptance.by,
        "accepted_because": acceptance.reason,
        "accepted_at": acceptance.at,
    }
