"""Space that an operator keeps for one account, or from all."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Uuid, bindparam, insert, select, update
from sqlalchemy.dialects.postgresql import CIDR

from byoip.domain.accounts.credential import AccountNotFound
from byoip.domain.claims.reservation import OverlapsReservation, Reservation, ReservationNotFound
from byoip.domain.customer_text import CustomerText
from byoip.domain.prefix import Prefix
from byoip.store.claims.tables import reservations
from byoip.store.statements import AnyRow, Repository, compiled
from byoip.store.unavailable import refusing

_r = reservations.c
_PREFIX: Final = bindparam("prefix", type_=CIDR)
_BLOCKING: Final = compiled(
    select(_r.id)
    .where(
        _r.cidr.op("&&")(_PREFIX),
        _r.account_id.is_distinct_from(bindparam("account_id", type_=Uuid)),
        _r.live,
    )
    .limit(1)
)
_ADD_RESERVATION: Final = compiled(
    insert(reservations), ["id", "cidr", "account_id", "reason", "created_at"]
)
_GET: Final = compiled(
    select(reservations).where(_r.id == bindparam("reservation_id", type_=Uuid), _r.live)
)
_RELEASE: Final = compiled(
    update(reservations)
    .where(_r.id == bindparam("reservation_id", type_=Uuid), _r.live)
    .returning(reservations),
    ["released_at"],
)


class ReservationRepository(Repository):
    """Space kept for one account, or from all."""

    async def blocks(self, prefix: Prefix, account_id: UUID) -> bool:
        """Whether any of a prefix is reserved, but not for this account."""
        asked = {"prefix": prefix.network, "account_id": account_id}
        return await self._session.row(_BLOCKING, **asked) is not None

    async def add(self, reservation: Reservation) -> None:
        """Keep it; the space must be locked.

        Raises:
            OverlapsReservation: an address in it is reserved already.
            AccountNotFound: its account does not exist.
        """
        with refusing(
            ex_reservations_overlap=OverlapsReservation(reservation.prefix),
            fk_reservations_account_id=AccountNotFound,
        ):
            await self._session.change(
                _ADD_RESERVATION,
                id=reservation.id,
                cidr=reservation.prefix.network,
                account_id=reservation.account_id,
                reason=reservation.reason.value,
                created_at=reservation.created_at,
            )

    async def get(self, reservation_id: UUID) -> Reservation:
        """A live one, without locking it.

        Raises:
            ReservationNotFound: there is none.
        """
        row = await self._session.one(_GET, ReservationNotFound, reservation_id=reservation_id)
        return reservation_from(row)

    async def release(self, reservation_id: UUID, now: datetime) -> Reservation:
        """End one; the row stays.

        Raises:
            ReservationNotFound: there is none.
        """
        row = await self._session.one(
            _RELEASE, ReservationNotFound, reservation_id=reservation_id, released_at=now
        )
        return reservation_from(row)


def reservation_from(row: AnyRow) -> Reservation:
    """A row of reservations."""
    return Reservation(
        row.id, Prefix(row.cidr), row.account_id, CustomerText(row.reason), row.created_at
    )
