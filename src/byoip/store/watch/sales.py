"""What is kept of a change of holder, and who has claimed the space since.

Text SQL: it looks into the JSON of an event.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from byoip.domain.prefix import Prefix
from byoip.store.statements import Session, from_text

_SOLD: Final = from_text("""
    SELECT at, after -> 'stood' AS stood FROM events
    WHERE prefix_id = :claim_id AND kind = 'prefix.frozen' AND after ->> 'signal' = 'holder'
    ORDER BY number DESC LIMIT 1
""")
CLAIMED: Final = from_text("""
    SELECT id FROM prefixes
    WHERE cidr && :prefix AND account_id <> :account_id AND (live OR closed_at > :since) LIMIT 1
""")


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


async def claimed_by_others(
    session: Session, account_id: UUID, prefix: Prefix, since: datetime
) -> bool:
    """Whether another account has, or had after `since`, a claim on overlapping space."""
    asked = {"prefix": prefix.network, "account_id": account_id, "since": since}
    return await session.row(CLAIMED, **asked) is not None
