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
from byoip.store.watch.watches import BY_MOVE, NAMES_ANOTHER

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
# was left since, but for whom an operator has decided, or approved since with all of that space.
_WAITING: Final = from_text(
    f"""
    WITH gone AS MATERIALIZED (
        SELECT p.id, p.cidr, p.account_id, greatest(p.closed_at, p.revoked_at, p.reopened_at) AS at
        FROM prefixes AS p
        WHERE p.cidr && :prefix AND p.state <> 'approved'
            AND ('holder' = ANY(p.frozen_for) OR EXISTS (SELECT FROM prefix_watches AS w
                WHERE w.prefix_id = p.id AND w.signal = 'holder' AND (w.failing_since IS NOT NULL
                    OR w.looked_at > :since AND w.baseline <> '' AND {NAMES_ANOTHER})))
        UNION ALL SELECT p.id, p.cidr, m.from_account_id, '-infinity'
        FROM prefix_moves AS m JOIN prefixes AS p ON p.id = m.prefix_id
        WHERE m.ended = 'moved' AND m.ended_at > :since AND m.holder <> '' AND p.cidr && :prefix
            AND {BY_MOVE}
    )
    SELECT mine.id FROM prefixes AS mine WHERE mine.id = ANY(:ids) AND (
        SELECT gone.id FROM gone WHERE gone.cidr && mine.cidr AND (
            gone.account_id = mine.account_id OR gone.at > :since
            AND NOT EXISTS (SELECT FROM disputes WHERE holder_id = gone.id
                AND claimant_id = mine.id AND ended = 'claimant')
            AND NOT EXISTS (SELECT FROM prefixes AS held WHERE held.account_id = mine.account_id
                AND held.cidr >>= mine.cidr AND held.approved_at > gone.at)
        ) LIMIT 1
    ) IS NOT NULL
    """,  # noqa: S608 - of constants
    selects=["id"],
)


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
