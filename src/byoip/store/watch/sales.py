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
from byoip.store.batches import Part, asking
from byoip.store.statements import Session, from_text
from byoip.store.watch.watches import NAMES_ANOTHER

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
# have frozen, or of which statistics name another than as it was last held against them. For all
# but whom an operator has decided for.
_LEFT: Final = from_text(
    f"""
    SELECT p.id FROM prefixes AS p
    WHERE p.cidr && :prefix AND p.account_id <> :account_id AND p.state <> 'approved'
        AND greatest(p.closed_at, p.revoked_at, p.reopened_at) > :since
        AND ('holder' = ANY(p.frozen_for) OR EXISTS (SELECT FROM prefix_watches AS w
            WHERE w.prefix_id = p.id AND w.signal = 'holder'
            AND (w.failing_since IS NOT NULL OR w.baseline <> '' AND {NAMES_ANOTHER})))
        AND NOT EXISTS (SELECT FROM disputes
            WHERE holder_id = p.id AND claimant_id = :claim_id AND ended = 'claimant')
    LIMIT 1
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


def left(claim: Claim, since: datetime) -> Part:
    """Whether the approval of another account on its space ended since then, after a sale."""
    whose = {"account_id": claim.account_id, "claim_id": claim.id, "since": since}
    return asking(_LEFT, bool, **whose, prefix=claim.prefix.network)


async def claimed_by_others(
    session: Session, account_id: UUID, prefix: Prefix, since: datetime
) -> bool:
    """Whether another account has, or had after `since`, a claim on overlapping space."""
    asked = {"prefix": prefix.network, "account_id": account_id, "since": since}
    return await session.row(CLAIMED, **asked) is not None
