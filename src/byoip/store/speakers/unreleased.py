"""Routes of an older database that wait for a person: not up, or not everywhere, or in doubt.

Text SQL, as the statements that it shares its tables with (`route_statements.py`).
"""

from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID

from byoip.domain.asn import Asn
from byoip.domain.prefix import Prefix
from byoip.domain.speakers.route_snapshot import Unreleased
from byoip.store.statements import AnyRow, Repository, from_text

_THEY: Final = """
    unreleased_routes u JOIN bgp_prefixes b
        ON b.id = u.bgp_prefix_id AND b.change = u.change AND b.advertised
"""
_COUNT: Final = from_text(f"SELECT count(*) AS many FROM {_THEY}")  # noqa: S608 - words from here
# One that a speaker lacks, which has others, may have been on its way down when the backup took its
# place; an empty speaker has been restarted, and one in another AS than the route stands behind
# never had it.
_RELEASE_UP: Final = from_text("""
    WITH loaded AS MATERIALIZED (
        SELECT DISTINCT a.speaker, family(b.cidr) AS family
        FROM applied_routes a JOIN bgp_prefixes b ON b.id = a.bgp_prefix_id
        WHERE a.advertised AND EXISTS (SELECT FROM unreleased_routes)
    ), up AS (
        SELECT u.bgp_prefix_id FROM unreleased_routes u
        JOIN bgp_prefixes b ON b.id = u.bgp_prefix_id
        WHERE NOT (u.doubted AND u.change = b.change) AND (
            EXISTS (SELECT FROM observed_routes o WHERE o.bgp_prefix_id = u.bgp_prefix_id
                AND o.advertised AND NOT o.own_word)
            OR EXISTS (SELECT FROM applied_routes a WHERE a.bgp_prefix_id = u.bgp_prefix_id
                AND a.advertised)
        ) AND NOT EXISTS (
            SELECT FROM speakers s WHERE s.name = ANY(CAST(:speakers AS text[]))
            AND (s.local_as = b.behind OR s.local_as IS NULL OR b.behind IS NULL)
            AND NOT EXISTS (SELECT FROM applied_routes a WHERE a.speaker = s.name
                AND a.bgp_prefix_id = u.bgp_prefix_id AND a.advertised)
            AND (s.asked_at < u.since OR s.alive AND EXISTS (SELECT FROM loaded h
                WHERE h.speaker = s.name AND h.family = family(b.cidr)))
        )
        ORDER BY u.bgp_prefix_id FOR UPDATE OF u
    )
    DELETE FROM unreleased_routes u USING up WHERE u.bgp_prefix_id = up.bgp_prefix_id
    RETURNING u.bgp_prefix_id
""")
_LISTED: Final = f"""
    SELECT b.id, b.prefix_id, b.cidr, b.asn, u.last_seen, p.state, p.standing, u.since, u.doubted,
        p.version, a.name
    FROM {_THEY} JOIN prefixes p ON p.id = b.prefix_id JOIN accounts a ON a.id = p.account_id
    ORDER BY b.cidr
"""  # noqa: S608
_ALL: Final = from_text(_LISTED)
_FIRST: Final = from_text(f"{_LISTED} LIMIT :many")
_WAITS: Final = from_text(f"SELECT FROM {_THEY} WHERE b.id = :id")
_KEEP_WAITING: Final = from_text("""
    UPDATE unreleased_routes SET change = :after WHERE bgp_prefix_id = :id AND change = :before
""")


class UnreleasedRepository(Repository):
    """The same within one transaction."""

    async def all(self) -> Sequence[Unreleased]:
        """Those that wait, by address."""
        return [_made(row) for row in await self._session.rows(_ALL)]

    async def first(self, many: int) -> Sequence[Unreleased]:
        """So many of them at most: after a restore all routes of a network may wait."""
        return [_made(row) for row in await self._session.rows(_FIRST, many=many)]

    async def count(self) -> int:
        """How many wait."""
        (row,) = await self._session.rows(_COUNT)
        return int(row.many)

    async def release_up(self, speakers: Sequence[str]) -> tuple[Collection[UUID], int]:
        """Release what is up: a listener sees it, or a speaker holds it.

        One that is up at some of these speakers, and not at another that is loaded, waits for its
        owner or an operator: its withdrawal may be what the database has forgotten.

        Returns:
            The rows that wait no more, which speakers are to be told of; how many wait on.
        """
        released = await self._session.rows(_RELEASE_UP, speakers=list(speakers))
        return [one.bgp_prefix_id for one in released], await self.count()

    async def waits(self, bgp_prefix_id: UUID) -> bool:
        """Whether it still waits; to be asked under its claim's lock."""
        return await self._session.row(_WAITS, id=bgp_prefix_id) is not None

    async def keep_waiting(self, bgp_prefix_id: UUID, before: int, after: int) -> None:
        """If it waited as of one change, it does as of the next; to be called once that is saved.

        Only then is it known: a restore that is recognised at that moment has committed.
        """
        await self._session.change(_KEEP_WAITING, id=bgp_prefix_id, before=before, after=after)


def _made(row: AnyRow) -> Unreleased:
    return Unreleased(
        row.id,
        row.prefix_id,
        Prefix(row.cidr),
        Asn(row.asn),
        row.last_seen,
        f"{row.state}, {row.standing}",
        since=row.since,
        doubted=row.doubted,
        version=row.version,
        account=row.name,
    )
