"""Statistics of AS numbers: loaded with a registry's file, and looked up.

Text SQL: arrays of a file's rows in one statement.
"""

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from byoip.domain.asn import Asn
from byoip.domain.asns.registration import AsnRange
from byoip.domain.checks.delegated_statistics import REGISTRIES, SMALLEST_SHARE
from byoip.store.batches import Part, asking
from byoip.store.statements import from_text

_AT_ONCE: Final = 20_000
_ADD: Final = sa.text("""
    INSERT INTO registered_asns (snapshot, first, last, status, holder)
    SELECT :number, * FROM unnest(CAST(:first AS bigint[]), CAST(:last AS bigint[]),
        CAST(:status AS text[]), CAST(:holder AS text[]))
""")
_COUNTED: Final = sa.text("UPDATE registration_snapshots SET asns = :many WHERE number = :number")
_BEFORE: Final = sa.text("""
    SELECT asns FROM registration_snapshots JOIN current_registration_snapshots AS used
    USING (registry, number) WHERE registry = :registry
""")
_PRUNE: Final = sa.text("""
    DELETE FROM registered_asns
    WHERE snapshot NOT IN (SELECT number FROM current_registration_snapshots)
""")
# The last row that begins at or before the number: rows of one file share none.
ROW_OF: Final = """
    SELECT used.registry, row.first, row.last, row.status, row.holder
    FROM current_registration_snapshots AS used CROSS JOIN LATERAL (
        SELECT * FROM registered_asns AS listed
        WHERE listed.snapshot = used.number AND listed.first <= {asn}
        ORDER BY listed.first DESC LIMIT 1
    ) AS row WHERE row.last >= {asn}
"""
_ABOUT: Final = from_text(
    f"""
    SELECT used.registry, files.asns, found.first, found.last, found.status, found.holder
    FROM current_registration_snapshots AS used
    JOIN registration_snapshots AS files USING (number)
    LEFT JOIN ({ROW_OF.format(asn="CAST(:asn AS bigint)")}) AS found
        ON found.registry = used.registry
""",  # noqa: S608 - of constants
    selects=("registry", "asns", "first", "last", "status", "holder"),
)


async def load(
    connection: AsyncConnection, number: int, registry: str, ranges: Sequence[AsnRange] | None
) -> None:
    """Load a file's rows of numbers, before the file is made current.

    A file with less than half the rows of the one before has none that count, as one without any:
    which registry is responsible for a number is then unanswered.
    """
    before = await connection.scalar(_BEFORE, {"registry": registry})
    if ranges is None or len(ranges) < SMALLEST_SHARE * (before or 0):
        return
    for start in range(0, len(ranges), _AT_ONCE):
        part = ranges[start : start + _AT_ONCE]
        columns: dict[str, list[Any]] = {
            name: [getattr(one, name) for one in part]
            for name in ("first", "last", "status", "holder")
        }
        await connection.execute(_ADD, {"number": number, **columns})
    await connection.execute(_COUNTED, {"many": len(ranges), "number": number})


async def prune(connection: AsyncConnection) -> None:
    """Delete the rows of files that are not in use."""
    await connection.execute(_PRUNE)


def about(asn: Asn) -> Part:
    """The rows that hold a number; None: not of every registry are numbers loaded. For a look."""
    return asking(_ABOUT, _found, asn=asn.number)


def _found(rows: Sequence[Any]) -> tuple[AsnRange, ...] | None:
    if not {row.registry for row in rows if row.asns is not None} >= REGISTRIES:
        return None
    return tuple(
        AsnRange(row.first, row.last, row.registry, row.status, row.holder)
        for row in rows
        if row.first is not None
    )
