"""Space that an operator keeps for one account, or from all."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from byoip.domain.accounts.credential import AccountNotFound
from byoip.domain.claims.reservation import OverlapsReservation, Reservation, ReservationNotFound
from byoip.domain.customer_text import CustomerText
from byoip.domain.prefix import Prefix
from byoip.store.batches import Part, asking
from byoip.store.claims.tables import reservations
from byoip.store.statements import AnyRow, Repository, compiled, from_row, to_row
from byoip.store.unavailable import refusing

_r = reservations.c
_PREFIX: Final = sa.bindparam("prefix", type_=pg.CIDR)
_BLOCKING: Final = compiled(
    sa.select(_r.id)
    .where(
        _r.cidr.op("&&")(_PREFIX),
        _r.account_id.is_distinct_from(sa.bindparam("account_id")),
        _r.live,
    )
    .limit(1)
)
_WRITTEN: Final = ("id", "cidr", "account_id", "reason", "created_at")
_ADD_RESERVATION: Final = compiled(sa.insert(reservations), _WRITTEN)
_GET: Final = compiled(
    sa.select(reservations).where(_r.id == sa.bindparam("reservation_id"), _r.live)
)
_RELEASE: Final = compiled(
    sa.update(reservations)
    .where(_r.id == sa.bindparam("reservation_id"), _r.live)
    .returning(reservations),
    ["released_at"],
)


class ReservationRepository(Repository):
    """Space kept for one account, or from all."""

    async def blocks(self, prefix: Prefix, account_id: UUID) -> bool:
        """Whether any of a prefix is reserved, but not for this account."""
        (found,) = await self._session.look(self.blocking(prefix, account_id))
        return bool(found)

    def blocking(self, prefix: Prefix, account_id: UUID) -> Part:
        """The same, as a part of a look."""
        return asking(_BLOCKING, bool, prefix=prefix.network, account_id=account_id)

    async def add(self, reservation: Reservation) -> None:
        """Keep it; the space must be locked.

        Raises:
            OverlapsReservation: an address in it is reserved already.
            AccountNotFound: its account does not exist.
        """
        with refusing(
            ex_reservations_overlap=OverlapsReservation(reservation.prefix),
            fk_reservations_account_id=AccountNotFound(reservation.account_id),
        ):
            await self._session.change(_ADD_RESERVATION, **_values(reservation))

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
    given = {"prefix": Prefix(row.cidr), "reason": CustomerText(row.reason)}
    return from_row(Reservation, row, **given)


def _values(reservation: Reservation) -> dict[str, Any]:
    given = {"cidr": reservation.prefix.network, "reason": reservation.reason.value}
    return to_row(reservation, _WRITTEN, **given)
