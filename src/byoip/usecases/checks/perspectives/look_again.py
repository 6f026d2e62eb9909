"""What operators do where other places do not agree: have them asked again, or settle it."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from byoip.domain.operator_text import stated_reason
from byoip.domain.precondition import PreconditionFailed
from byoip.store.checks.place_sightings import PlaceSightingRepository
from byoip.store.transaction import Transaction
from byoip.usecases.checks.request_validation import request_validation


async def look_again(tx: Transaction, claim_id: UUID, *, reason: str) -> None:
    """Have a worker look at the prefix now: a validation run, or of an approved one its watch.

    Places are asked as at any other time: where something is proven by what passes here.

    Raises:
        InvalidText: the reason.
        ClaimNotFound: there is no such live claim.
        PreconditionFailed: the claim has another version by now, or a worker is to look already.
    """
    why = stated_reason(reason)
    claim = await tx.lock_claim(claim_id)
    if await PlaceSightingRepository(tx.session).under_way(claim_id, tx.now):
        raise PreconditionFailed
    if claim.approved:
        await tx.watches.next_look(claim_id, tx.now)
    else:
        await request_validation(tx, claim.account_id, claim_id, by_owner=False)
    after = {"prefix_id": claim_id.hex, "cidr": str(claim.prefix)}
    tx.record_for_operators("perspective.asked_again", why, after=after)


async def settle(
    tx: Transaction, about: UUID, *, reason: str, require: Callable[[Sequence[Any]], None]
) -> None:
    """List no longer what places saw of a prefix or an AS number; the next disagreement is listed.

    Nothing is decided by it: what a check has come to stays so.

    Args:
        tx: the transaction.
        about: the claim, or the account's number.
        reason: for the history.
        require: told what they saw, as rows; refuses what was not meant.

    Raises:
        InvalidText: the reason.
        PreconditionFailed: they agree by now, or somebody has settled it.
    """
    why = stated_reason(reason)
    gone = await PlaceSightingRepository(tx.session).settle(about)
    if not gone:
        raise PreconditionFailed
    require(gone)
    saw = [{"place": one.place, "what": one.what, "ended": one.ended} for one in gone]
    after = {"about": about.hex, "subject": gone[0].subject, "saw": saw}
    tx.record_for_operators("perspective.settled", why, after=after)
