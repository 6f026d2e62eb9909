from dataclasses import dataclass
from uuid import UUID

from byoip.domain.accounts.operating import Reservation, stated_reason
from byoip.domain.history import Actor
from byoip.domain.idempotency import IdempotencyKey
from byoip.ports.clock import Clock
from byoip.store.transaction import Store
from byoip.usecases.claims.reserve_space import shown


@dataclass(frozen=True, slots=True)
class ReleaseReservation:
    """Let everybody claim the space again."""

    store: Store
    clock: Clock

    async def __call__(
        self, reservation_id: UUID, *, reason: str, by: Actor, once: IdempotencyKey | None = None
    ) -> Reservation:
        """End it; the row stays.

        Raises:
            ReservationNotFound, InvalidText: as they say.
        """
        why, now = stated_reason(reason), self.clock.now()
        async with self.store.transaction(once, actor=by) as tx:
            released = await tx.operating.reservations.release(reservation_id, now)
            tx.record_for_operators("reservation.released", why, before=shown(released))
            await tx.answered(released)
        return released
