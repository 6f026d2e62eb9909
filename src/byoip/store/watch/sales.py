"""What is kept of a change of holder, and who has claimed the space since.

Text SQL: it looks into the JSON of an event.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from byoip.domain.claims.claim import Claim
from byoip.domain.prefix import Prefix
from byoip.domain.watch.validity import LONGEST
from byoip.store.batches import Part, asking
from byoip.store.statements import Session, from_text
from byoip.store.watch.holders_sql import (
    ANOTHERS,
    ANOTHERS_BY_MOVE,
    NAMES_A_THIRD,
    NAMES_ANOTHER,
)

_SOLD: Final = from_text("""
    SELECT at, after -> 'stood' AS stood FROM events
    WHERE prefix_id = :claim_id AND kind = 'prefix.frozen' AND after ->> 'signal' = 'holder'
    ORDER BY number DESC LIMIT 1
""")
CLAIMED: Final = from_text("""
    SELECT id FROM prefixes
    WHERE cidr && :prefix AND account_id <> :account_id AND (live OR closed_at > :since) LIMIT 1
""")
# Approved no more, be it pending again: what was frozen for another holder, or one more file would
# have frozen, or of which statistics name another than as it was last held against them; and who
# moved it away before. What waits for a person by that: its own account's; of another one where it
# was left since, but for whom an operator has decided, if no third is named since and neither was
# approved meanwhile, or that was approved since with all of that space.
_WAITING: Final = from_text(
    f"""
    WITH gone AS MATERIALIZED (
        SELECT p.id, p.account_id, p.cidr, sold.part,
            CASE WHEN p.approved_at IS NULL THEN p.revoked_at ELSE p.closed_at END AS ended_at,
            greatest(CASE WHEN p.approved_at IS NOT NULL THEN p.closed_at END, p.revoked_at,
                p.reopened_at) AS at,
            EXISTS (SELECT FROM prefix_watches AS w WHERE w.prefix_id = p.id
                AND w.signal = 'holder' AND w.found <> '' AND {NAMES_A_THIRD}) AS by_a_third
        FROM prefixes AS p CROSS JOIN LATERAL (
            SELECT p.cidr WHERE 'holder' = ANY(p.frozen_for)
            UNION ALL SELECT another.part FROM prefix_watches AS w CROSS JOIN LATERAL (
                SELECT p.cidr WHERE w.failing_since IS NOT NULL
                UNION ALL SELECT * FROM ({ANOTHERS}) AS named
                WHERE w.failing_since IS NULL AND w.looked_at > :since AND w.baseline <> ''
            ) AS another (part) WHERE w.prefix_id = p.id AND w.signal = 'holder'
        ) AS sold (part) WHERE p.cidr && :prefix AND p.state <> 'approved'
        UNION ALL SELECT p.id, m.from_account_id, p.cidr, sold.part, NULL, '-infinity', NULL
        FROM prefix_moves AS m JOIN prefixes AS p ON p.id = m.prefix_id
        CROSS JOIN LATERAL ({ANOTHERS_BY_MOVE}) AS sold (part)
        WHERE m.ended = 'moved' AND m.ended_at > :since AND m.holder <> '' AND p.cidr && :prefix
    )
    SELECT DISTINCT mine.id FROM gone CROSS JOIN LATERAL (
        SELECT one.id, one.account_id, one.cidr, one.revoked_at, one.reopened_at
        FROM prefixes AS one WHERE one.cidr && gone.cidr AND one.cidr && gone.part
            AND one.live AND one.id = ANY(:ids) OFFSET 0
    ) AS mine WHERE gone.account_id = mine.account_id OR gone.at > :since
        AND NOT EXISTS (SELECT FROM disputes AS d WHERE d.holder_id = gone.id
            AND d.claimant_id = mine.id AND d.ended = 'claimant' AND NOT gone.by_a_third
            AND d.ended_at >= greatest(gone.ended_at, mine.revoked_at, mine.reopened_at))
        AND NOT EXISTS (SELECT FROM prefixes AS held WHERE held.account_id = mine.account_id
            AND held.cidr >>= mine.cidr AND held.approved_at > gone.at
            AND EXISTS (SELECT FROM prefix_watches AS w WHERE w.prefix_id = held.id
                AND w.signal = 'holder' AND w.baseline <> ''))
    """,  # noqa: S608 - of constants
    selects=["id"],
)

# Approved, and statistics name the holder of then, as far as a claim reaches.
_NAMED: Final = from_text(f"""
    SELECT p.id FROM prefixes AS p JOIN prefix_watches AS w ON w.prefix_id = p.id
    WHERE p.id = ANY(:ids) AND w.signal = 'holder' AND NOT 'holder' = ANY(p.frozen_for)
        AND w.failing_since IS NULL AND w.baseline <> '' AND NOT {NAMES_ANOTHER}
""")  # noqa: S608 - of constants


@dataclass(frozen=True, slots=True)
class Sold:
    """When a prefix was frozen for a change of holder, and what stood there then.

    Attributes:
        stood: see `domain/watch/after_a_sale.py`.
    """

    at: datetime
    stood: Mapping[str, Collection[str]]


async def frozen_as_sold(session: Session, claim_id: UUID) -> Sold | None:
    """The last time; None: its history tells of none."""
    row = await session.row(_SOLD, claim_id=claim_id)
    return None if row is None else Sold(row.at, row.stood or {})


def waiting(claims: Collection[Claim], around: Prefix, now: datetime) -> Part:
    """Those of claims around a prefix, not approved, that only a person approves: for a look.

    Their space was left after a sale, or their own account had it before one, within the time for
    which the longest proof is valid.
    """
    all_of_them = (around.network, *(one.prefix.network for one in claims))
    widest = min(all_of_them, key=lambda one: one.prefixlen)
    asked = {"ids": [one.id for one in claims], "prefix": widest, "since": now - LONGEST}
    return asking(_WAITING, lambda rows: frozenset(row.id for row in rows), **asked)


async def claimed_by_others(
    session: Session, account_id: UUID, prefix: Prefix, since: datetime
) -> bool:
    """Whether another account has, or had after `since`, a claim on overlapping space."""
    asked = {"prefix": prefix.network, "account_id": account_id, "since": since}
    return await session.row(CLAIMED, **asked) is not None


async def named_still(
    session: Session, holders: Collection[Claim], prefix: Prefix
) -> Collection[UUID]:
    """Those of approved claims of which statistics name the holder that they named then."""
    asked = {"ids": [one.id for one in holders], "prefix": prefix.network}
    return frozenset(row.id for row in await session.rows(_NAMED, **asked))
