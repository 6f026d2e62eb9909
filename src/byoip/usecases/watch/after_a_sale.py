"""Why a prefix that was frozen for a change of holder stays so, whatever its account has proven."""

from collections.abc import Mapping, Sequence
from typing import Any

from byoip.domain.checks.evidence import Check
from byoip.domain.checks.reverse_zone import zone_length
from byoip.domain.claims.claim import Claim
from byoip.domain.watch.after_a_sale import (
    UNCLAIMED_FOR,
    vouched_anew,
    vouched_by_others,
)
from byoip.store.transaction import Transaction
from byoip.store.watch.sales import MOST_LEFT, Left, claimed_by_others, frozen_as_sold


async def why_frozen_still(
    tx: Transaction, claim: Claim, passed: Mapping[Check, frozenset[str]]
) -> dict[str, Any]:
    """What keeps it frozen, for its history; empty: nothing does. Under the claim's lock.

    `because` is `waits` (until `until` at the earliest), `claimed` (by another account, within 14
    days) or `not_vouched_anew` (by what stood there before). An operator may lift it in any case.
    """
    sold = await frozen_as_sold(tx.session, claim.id)
    if sold is None or not vouched_anew(await tx.watches.of(claim.id), sold.stood, passed, tx.now):
        return {"because": "not_vouched_anew"}
    if tx.now < sold.at + UNCLAIMED_FOR:
        return {"because": "waits", "until": (sold.at + UNCLAIMED_FOR).isoformat()}
    since = tx.now - UNCLAIMED_FOR
    if await claimed_by_others(tx.session, claim.account_id, claim.prefix, since):
        return {"because": "claimed"}
    return {}


def rests_on_what_stood(
    claim: Claim, left: Sequence[Left], passed: Mapping[Check, frozenset[str]]
) -> bool:
    """Whether a proof of space that others left after a sale rests on what stood there then.

    Who left it may be behind this account, with the old zone. So it may be where it is not known
    what stood there: who leaves before its space is frozen may change that first.
    """
    return len(left) > MOST_LEFT or any(not _vouched(one, claim, passed) for one in left)


def _vouched(left: Left, claim: Claim, passed: Mapping[Check, frozenset[str]]) -> bool:
    """Whether a proof rests on none that stood there as this one was frozen."""
    same_route = (left.prefix, left.origin) == (claim.prefix, claim.asn)
    same_zones = zone_length(left.prefix) == zone_length(claim.prefix)
    same = {"same_route": same_route, "same_zones": same_zones}
    return left.stood is not None and vouched_by_others(left.stood, passed, **same)
