"""Why a prefix that was frozen for a change of holder stays so, whatever its account has proven."""

from collections.abc import Mapping
from typing import Any

from byoip.domain.checks.evidence import Check
from byoip.domain.claims.claim import Claim
from byoip.domain.watch.after_a_sale import UNCLAIMED_FOR, vouched_anew
from byoip.store.transaction import Transaction
from byoip.store.watch.sales import claimed_by_others, frozen_as_sold


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
