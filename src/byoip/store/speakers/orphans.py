"""Paths that speakers hold and no row wants: a page of them, one, or how many; and the word on all.

Text SQL: each counts or cuts in Postgres, for after a restore there may be as many as routes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from byoip.domain.prefix import Prefix
from byoip.domain.speakers.route_snapshot import Orphan, OrphanNotFound, OrphansChanged
from byoip.store.autocommit import AutocommitPool
from byoip.store.statements import AnyRow, Session, from_row, from_text

# Stands for just these paths as they were found, in whatever order they are read: the first page of
# operators asks for it, and a text of a million of them takes the database six seconds each time.
_DIGEST: Final = "text(coalesce(sum(hash_record_extended((cidr, found_at, path), 0)), 0))"
_UNDECIDED: Final = from_text(f"""
    SELECT g.*, ARRAY(
        SELECT text(o.cidr) FROM orphan_routes AS o
        WHERE o.speaker = g.speaker AND o.decision IS NULL ORDER BY o.cidr LIMIT 10) AS named
    FROM (SELECT speaker, count(*) AS many, min(found_at) AS since, {_DIGEST} AS digest
        FROM orphan_routes WHERE decision IS NULL GROUP BY speaker) AS g ORDER BY g.speaker
""")  # noqa: S608 - words from here
_LOCK: Final = from_text(f"""
    SELECT count(*) AS many, {_DIGEST} AS digest FROM (
        SELECT cidr, found_at, path FROM orphan_routes
        WHERE speaker = :speaker AND decision IS NULL ORDER BY cidr FOR UPDATE) AS those
""")  # noqa: S608
_DECIDE: Final = from_text("""
    WITH decided AS (
        UPDATE orphan_routes
        SET decision = 'withdraw', decided_by = :by, decided_because = :because
        WHERE speaker = :speaker AND decision IS NULL RETURNING 1
    ) SELECT count(*) AS many FROM decided
""")
_COUNT: Final = from_text("""
    SELECT count(*) AS many, count(*) FILTER (WHERE decision IS NULL) AS undecided
    FROM orphan_routes
""")
_PAGE: Final = from_text("""
    SELECT * FROM orphan_routes ORDER BY decision IS NOT NULL, speaker, cidr
    OFFSET :first LIMIT :most
""")
_OF: Final = from_text("""
    SELECT count(*) AS many, ARRAY(SELECT text(cidr) FROM orphan_routes
        WHERE speaker = :speaker ORDER BY cidr LIMIT :most) AS named
    FROM orphan_routes WHERE speaker = :speaker
""")
_HOLDING: Final = from_text(
    "SELECT * FROM orphan_routes WHERE cidr = CAST(:cidr AS cidr) ORDER BY speaker LIMIT :most"
)
_MOST_SPEAKERS: Final = 500


@dataclass(frozen=True, slots=True)
class UndecidedOrphans:
    """What one speaker holds and nobody has decided about.

    Attributes:
        digest: stands for just these, as they were found.
        named: the first of them.
    """

    speaker: str
    many: int
    since: datetime
    digest: str
    named: Sequence[str]


class Orphans:
    """One statement each."""

    def __init__(self, pool: AutocommitPool) -> None:
        self._pool = pool

    async def undecided(self) -> Sequence[UndecidedOrphans]:
        """Those that nobody has decided about, by speaker."""
        return [from_row(UndecidedOrphans, row) for row in await self._pool.ask(_UNDECIDED)]

    async def count(self) -> tuple[int, int]:
        """How many there are, and about how many nobody has decided."""
        (row,) = await self._pool.ask(_COUNT)
        return row.many, row.undecided

    async def page(self, *, first: int, most: int) -> Sequence[Orphan]:
        """Some behind as many, those that nobody has decided about before all others."""
        return [orphan_from(row) for row in await self._pool.ask(_PAGE, first=first, most=most)]

    async def of(self, speaker: str, *, most: int) -> tuple[int, Sequence[str]]:
        """How many it holds, and the first of them."""
        (row,) = await self._pool.ask(_OF, speaker=speaker, most=most)
        return row.many, row.named

    async def holding(self, cidr: Prefix) -> Sequence[Orphan]:
        """The same path, at each speaker that holds it."""
        asked = {"cidr": str(cidr), "most": _MOST_SPEAKERS}
        return [orphan_from(row) for row in await self._pool.ask(_HOLDING, **asked)]


async def lock_undecided(session: Session, speaker: str) -> tuple[int, str]:
    """How many of a speaker nobody has decided about, locked; and what stands for just these."""
    row = (await session.rows(_LOCK, speaker=speaker))[0]
    return row.many, row.digest


async def decide_all(session: Session, speaker: str, many: int, *, by: str, because: str) -> None:
    """Record that an operator wants all withdrawn that are locked: just so many.

    Raises:
        OrphanNotFound: there is none.
        OrphansChanged: there is another number of them; nothing may be committed.
    """
    (row,) = await session.rows(_DECIDE, speaker=speaker, by=by, because=because)
    if not row.many:
        raise OrphanNotFound
    if row.many != many:
        raise OrphansChanged(speaker, row.many, many)


def orphan_from(row: AnyRow) -> Orphan:
    """The orphan of a row."""
    return Orphan(
        row.speaker,
        Prefix(row.cidr),
        row.found_at,
        tuple(row.path["as_path"]),
        row.path["next_hop"],
        tuple(row.path["communities"]),
        row.decided_by,
        row.decided_because,
        row.gone_at,
    )
