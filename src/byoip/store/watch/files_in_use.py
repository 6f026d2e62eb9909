"""Which files of the registries' statistics are in use. Text SQL: of several parts.

One that is loaded again, as from a folder or of a server that does not say what is new, is no other
file: it counts from when its content was loaded first.
"""

from collections.abc import Collection, Mapping
from typing import Final

from byoip.store.statements import Session, from_text
from byoip.store.watch.views import StatisticsInUse

_FILES: Final = from_text("""
    SELECT registry, number, (
        SELECT min(same.attempted_at) FROM registration_snapshots AS same
        WHERE same.registry = file.registry AND same.sha256 = file.sha256
    ) AS first_at FROM current_registration_snapshots
        JOIN registration_snapshots AS file USING (registry, number)
""")
_NUMBERS: Final = from_text("SELECT number FROM current_registration_snapshots")


async def files_in_use(session: Session) -> Mapping[str, StatisticsInUse]:
    """Which file of each registry is in use, by registry."""
    rows = await session.rows(_FILES)
    return {row.registry: StatisticsInUse(row.number, row.first_at) for row in rows}


async def numbers_in_use(session: Session) -> Collection[int]:
    """Their numbers alone, which is quick."""
    return {row.number for row in await session.rows(_NUMBERS)}
