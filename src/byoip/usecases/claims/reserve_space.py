from dataclasses import dataclass
from uuid import UUID, uuid4

from byoip.domain.accounts.operating import OverlapsApproved, Reservation, reservable, stated_reason
from byoip.domain.history import Actor
from byoip.domain.idempotency import IdempotencyKey
from byoip.domain.prefix import Prefix
from byoip.ports.clock import Clock
from byoip.store.transaction import Store


@dataclass(frozen=True, slots=True)
class ReserveSpace:
    """Keep space that is served on paper already for one account, or away from everybody.

    Others' pending claims stay; they are not approved, whatever they prove.
    """

    store: Store
    clock: Clock

    async def __call__(
        self,
        account_id: UUID | None,
        *,
        cidr: str,
        reason: str,
        by: Actor,
        once: IdempotencyKey | None = None,
    ) -> Reservation:
        """Keep a reservation, under the same lock as approvals of that space.

        Raises:
            InvalidPrefix, ReservationLengthRefused, AccountNotFound, InvalidText: the request.
            OverlapsReservation: some of it is reserved already.
            OverlapsApproved: some of it is another account's, approved.
        """
        why, now = stated_reason(reason), self.clock.now()
        prefix = reservable(Prefix.parse(cidr))
        reservation = Reservation(uuid4(), prefix, account_id, why, now)
        async with self.store.transaction(once, actor=by) as tx:
            await tx.claims.lock_space(prefix)
            for claim in await tx.claims.approved_overlapping(prefix):
                if claim.account_id != account_id:
                    raise OverlapsApproved(claim.prefix, claim.account_id)
            await tx.operating.reservations.add(reservation)
            tx.record_for_operators("reservation.created", why, after=shown(reservation))
            await tx.answered(reservation)
        return reservation


def shown(reservation: Reservation) -> dict[str, object]:
    """What the history says of a reservation."""
    return {
        "reservation_id": reservation.id.hex,
        "cidr": str(reservation.prefix),
        "account_id": reservation.account_id.hex if reservation.account_id else None,
    }
