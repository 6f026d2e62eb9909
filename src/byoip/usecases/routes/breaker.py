"""How an operator lets withdrawals go on after a breaker has tripped."""

from collections.abc import Callable, Sequence
from uuid import UUID

from byoip.domain.claims.claim import ClaimNotFound
from byoip.domain.operator_text import stated_reason
from byoip.domain.routes.breaker import KeptTrip, Parked
from byoip.domain.routes.offboarding import End, Step
from byoip.store.transaction import Transaction
from byoip.usecases.claims.restore import restore_standing


async def rearm(
    tx: Transaction,
    trip_id: UUID,
    *,
    parked: Parked,
    reason: str,
    name: str,
    require: Callable[[Sequence[UUID]], None] | None = None,
) -> KeptTrip:
    """Close the breaker, and release or cancel all offboardings that wait behind it.

    Args:
        tx: the transaction.
        trip_id: the trip.
        parked: what becomes of them.
        reason: for the history.
        name: that of the operator's credential: a trip names the person who ended it.
        require: told whose offboardings these are, by ids; refuses others than were meant.

    Raises:
        InvalidText: the reason.
        TripNotFound: there is no such open trip.
    """
    why = stated_reason(reason)
    claims = await tx.offboardings.parked(trip_id)
    if require:
        require(claims)
    for claim_id in claims:
        await _settle(tx, claim_id, trip_id, parked)
    named = f"{name} ({tx.actor.name})"
    trip = await tx.breaker.rearm(trip_id, by=named, because=why.value, parked=parked)
    after = {
        "trip_id": trip_id.hex,
        "scope": trip.trip.scope.value,
        "subject": trip.trip.subject,
        "by": named,
        "parked": parked.value,
        "prefixes": [one.hex for one in claims],
    }
    tx.record_for_operators("breaker.rearmed", why, after=after)
    return trip


async def _settle(tx: Transaction, claim_id: UUID, trip_id: UUID, parked: Parked) -> None:
    try:
        claim = await tx.claims.lock(claim_id)
    except ClaimNotFound:
        return
    offboarding = await tx.offboardings.live(claim_id)
    if offboarding is None or offboarding.parked_by != trip_id or not claim.offboarding:
        return  # it went on, or was restored, before its claim was locked here
    # One that has come further withdraws nothing more, and `restore` brings it back: what was bound
    # may be refused by now, and must not keep all others from turning back.
    if parked is Parked.RELEASED or offboarding.step is not Step.WITHDRAW:
        await tx.offboardings.save(offboarding.released())
        return
    await restore_standing(tx, claim, offboarding)
    await tx.offboardings.save(offboarding.ended(End.CANCELLED, tx.now))
    withdrawn = [one.bgp_prefix_id.hex for one in offboarding.routes]
    after = {"trip_id": trip_id.hex, "stay_withdrawn": withdrawn}
    tx.record(claim_id, "offboarding.cancelled", after=after)
