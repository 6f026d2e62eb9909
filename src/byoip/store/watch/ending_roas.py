"""Approved prefixes that are valid, and by the ROAs of a snapshot not for long. Text SQL: networks.

It begins at what ends soon in the snapshot, which is little, and finds the prefixes by their index.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from byoip.store.statements import Session, from_text

# Where more of these prefixes' end together the relying party has fetched nothing for long, or a
# whole registry signs nothing: that says nothing of a prefix, and is told as data gets old or goes.
MOST_ENDING: Final = 10_000
# OFFSET 0 and the count: by the indexes of networks, whatever Postgres thinks of joining by origin.
ENDING: Final = from_text("""
    WITH ending AS MATERIALIZED (
        SELECT prefix, asn, max(max_length) AS max_length FROM vrps
        WHERE snapshot = :number AND expires <= :until
            AND EXISTS (SELECT FROM prefixes WHERE state = 'approved'
                AND prefixes.asn = vrps.asn AND cidr <<= vrps.prefix)
        GROUP BY prefix, asn LIMIT :ceiling + 1
    ) SELECT DISTINCT p.id FROM ending CROSS JOIN LATERAL (
        SELECT id, cidr, asn FROM prefixes
        WHERE state = 'approved' AND cidr <<= ending.prefix OFFSET 0
    ) AS p WHERE p.id > :after
        AND p.asn = ending.asn AND masklen(p.cidr) <= ending.max_length
        AND (SELECT count(*) FROM ending) <= :ceiling
        AND (
            SELECT count(*) FROM vrps WHERE snapshot = :number AND vrps.prefix >>= p.cidr
                AND vrps.asn = p.asn AND masklen(p.cidr) <= vrps.max_length
                AND coalesce(expires > :until, true)
        ) = 0 AND NOT EXISTS (
            SELECT FROM prefix_watches AS w WHERE w.prefix_id = p.id
                AND w.signal = 'roa' AND w.heard >= :number
        ) ORDER BY p.id LIMIT :most
""")


async def ending_roas(
    session: Session,
    number: int,
    until: datetime,
    after: UUID,
    most: int,
    *,
    ceiling: int = MOST_ENDING,
) -> Sequence[UUID]:
    """Those of which the last ROA of this snapshot ends until then; by id, behind `after`.

    Not those that are on record as compared with the snapshot.
    """
    asked = {"number": number, "until": int(until.timestamp()), "after": after, "most": most}
    return [row.id for row in await session.rows(ENDING, **asked, ceiling=ceiling)]
