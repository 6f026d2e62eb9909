"""Space that the operator keeps for one account, or away from all."""

from uuid import UUID, uuid4

from byoip.domain.claims.reservation import OverlapsApproved, Reservation, reservable
from byoip.domain.operator_text import stated_reason
from byoip.domain.prefix import Prefix
from byoip.store.transaction import Transaction
from byoip.usecases.claims.contests import clear_contests


async def reserve(
    tx: Transaction, account_id: UUID | None, *, cidr: str, reason: str
) -> Reservation:
    """Keep space that is served on paper already for one account, or away from all.

    It takes the same lock as approvals of that space. Pending claims of other accounts stay; they
    are not approved, whatever they prove.

    Raises:
        InvalidText: the reason is empty, too long, or cannot be shown.
        InvalidPrefix, ReservationLengthRefused: the range cannot be reserved.
        AccountNotFound: there is no such account.
        OverlapsReservation: some of it is reserved already.
        OverlapsApproved: some of it is approved for another account.
    """
    why, prefix = stated_reason(reason), reservable(Prefix.parse(cidr))
    reservation = Reservation(uuid4(), prefix, account_id, why, tx.now)
    await tx.claims.lock_space(prefix)
    for claim in await tx.claims.approved_overlapping(prefix):
        if claim.account_id != account_id:
            raise OverlapsApproved(claim.prefix, claim.account_id)
    await tx.reservations.add(reservation)
    tx.record_for_operators("reservation.created", why, after=_shown(reservation))
    return reservation


async def release(tx: Transaction, reservation_id: UUID, *, reason: str) -> Reservation:
    """Let every account claim the space again; the row stays.

    It may have been the last rival of claims that were proven meanwhile.

    Raises:
        InvalidText: the reason is empty, too long, or cannot be shown.
        ReservationNotFound: there is no such live reservation.
    """
    why = stated_reason(reason)
    kept = await tx.reservations.get(reservation_id)
    await tx.claims.lock_space(kept.prefix)
    await tx.contests.lock_around(kept.prefix)
    released = await tx.reservations.release(reservation_id, tx.now)
    await clear_contests(tx, released.prefix)
    tx.record_for_operators("reservation.released", why, before=_shown(released))
    return released


def _shown(reservation: Reservation) -> dict[str, object]:
    return {
        "reservation_id": reservation.id.hex,
        "cidr": str(reservation.prefix),
        "account_id": reservation.account_id.hex if reservation.account_id else None,
    }
