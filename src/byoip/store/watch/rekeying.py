"""Whether a registry has numbered its holders anew with a file, and which old id is which new one.

Text SQL: joins of two files. It is asked while both are there, before the older one is dropped.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from byoip.domain.watch.holding import NumberedAnew, rekeyed, translation
from byoip.ports.threads import in_thread
from byoip.store.statements import Session, from_row, from_text
from byoip.store.watch.tables import registry_rekeys

_PAIRS = """
    FROM registered_ranges AS was JOIN registered_ranges AS now
        ON now.prefix = was.prefix AND now.status = was.status
    WHERE was.snapshot = :before AND now.snapshot = :number
        AND was.holder <> '' AND now.holder <> ''
"""
_COUNTS = sa.text(f"""
    SELECT count(*) FILTER (WHERE was.holder <> now.holder) AS changed,
        count(*) FILTER (WHERE was.holder = now.holder) AS same,
        count(DISTINCT was.holder) FILTER (WHERE was.holder <> now.holder) AS changed_holders,
        count(DISTINCT was.holder) FILTER (WHERE was.holder = now.holder) AS same_holders {_PAIRS}
""")
_SINCE = from_text(
    "SELECT at, registry, ids FROM registry_rekeys WHERE at > :since ORDER BY snapshot"
)
# AS numbers, too: a seller of all its space, or its buyer, mostly has some, which stay.
_ROWS = sa.text(f"""
    SELECT old, new, count(*) FROM (
        SELECT was.holder AS old, now.holder AS new {_PAIRS}
        UNION ALL
        SELECT was.holder, now.holder FROM registered_asns AS was JOIN registered_asns AS now
            ON now.first = was.first AND now.last = was.last AND now.status = was.status
        WHERE was.snapshot = :before AND now.snapshot = :number
            AND was.holder <> '' AND now.holder <> ''
    ) AS pairs GROUP BY 1, 2
""")  # noqa: S608 - of constants


async def note_rekeying(
    connection: AsyncConnection, registry: str, before: int, number: int
) -> None:
    """Keep which ids are new, where so many changed at once that it was the registry.

    Of holders, too: all rows of a large one may go to another in a day.
    """
    asked = {"before": before, "number": number}
    counted = (await connection.execute(_COUNTS, asked)).one()
    if not rekeyed(counted.changed, counted.same):
        return
    if not rekeyed(counted.changed_holders, counted.same_holders):
        return
    rows = (await connection.execute(_ROWS, asked)).all()
    changed = await in_thread(registry, _changed, rows)
    values = {"snapshot": number, "registry": registry, "ids": changed, "at": sa.func.now()}
    await connection.execute(sa.insert(registry_rekeys).values(values))


async def numbered_anew(session: Session, since: datetime) -> Sequence[NumberedAnew]:
    """What was noted since then, in order; past ones are deleted (`past_watches.py`)."""
    return [from_row(NumberedAnew, row) for row in await session.rows(_SINCE, since=since)]


def _changed(rows: Iterable[Any]) -> dict[str, str]:
    ids = translation({(old, new): many for old, new, many in rows})
    return {old: new for old, new in ids.items() if old != new}
