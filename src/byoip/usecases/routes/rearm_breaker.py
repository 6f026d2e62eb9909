from dataclasses import dataclass
from uuid import UUID

from byoip.domain.accounts.operating import stated_reason
from byoip.domain.claims.claim import ClaimNotFound
from byoip.domain.history import Actor
from byoip.domain.idempotency import IdempotencyKey
from byoip.domain.routes.breaker import KeptTrip, Parked
from byoip.domain.routes.offboarding import End
from byoip.ports.clock import Clock
from byoip.store.transaction import Store, Transaction
from byoip.usecases.claims.restore import turn_back


@dataclass(frozen=True, slots=True)
class RearmBreaker:
    """A person has looked: withdrawals may go on, and it is said what becomes of those parked."""

    store: Store
    clock: Clock

    async def __call__(
        self,
        trip_id: UUID,
        *,
        parked: Parked,
        reason: str,
        name: str,
        by: Actor,
        once: IdempotencyKey | None = None,
    ) -> KeptTrip:
        """Close the breaker, and release or cancel all that waits behind it, or nothing.

        `name` is the operator's credential's: a trip names the person that ended it.

        Raises:
            TripNotFound, InvalidText: as they say.
        """
        why = stated_reason(reason)
        async with self.store.transaction(once, actor=by) as tx:
            claims = await tx.offboardings.parked(trip_id)
            for claim_id in claims:
                await _settle(tx, claim_id, trip_id, parked)
            named = f"{name} ({by.name})"
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
            await tx.answered(trip)
        return trip


async def _settle(tx: Transaction, claim_id: UUID, trip_id: UUID, parked: Parked) -> None:
    try:
        claim = await tx.claims.lock(claim_id)
    except ClaimNotFound:
        return
    offboarding = await tx.offboardings.live(claim_id)
    if offboarding is None or offboarding.parked_by != trip_id or not claim.offboarding:
        return  # it went on, or was restored, meanwhile
    if parked is Parked.RELEASED:
        await tx.offboardings.save(offboarding.released())
        return
    await turn_back(tx, claim, offboarding)
    await tx.offboardings.save(offboarding.ended(End.CANCELLED, tx.now))
    withdrawn = [one.bgp_prefix_id.hex for one in offboarding.routes]
    after = {"trip_id": trip_id.hex, "stay_withdrawn": withdrawn}
    tx.record(claim_id, "offboarding.cancelled", after=after)
