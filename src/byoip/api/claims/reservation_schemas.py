"""What operators send and are shown of reserved space."""

from typing import Any

from pydantic import Field

from byoip.api.accounts.operator_schemas import Reasoned
from byoip.api.border.envelope import Id, IdIn, Text, Time, Wire, example
from byoip.domain.claims import reservation as domain

_ACCOUNT_ID = "8b1d0f3c5a7e49d2b6c4e8f0a1b3d5c7"
_RESERVATION: dict[str, Any] = {
    "id": "1a2b3c4d5e6f708192a3b4c5d6e7f809",
    "cidr": "198.18.0.0/23",
    "account_id": _ACCOUNT_ID,
    "reason": "Served on paper since 2019, contract 4711.",
    "created_at": "2026-11-02T09:30:00Z",
}


class NewReservation(Reasoned):
    """Space to keep for one account, or away from all."""

    model_config = example(
        cidr=_RESERVATION["cidr"], account_id=_ACCOUNT_ID, reason=_RESERVATION["reason"]
    )

    cidr: str
    account_id: IdIn | None = Field(
        default=None, description="The account that may claim it; null: none, until it is released."
    )


class Reservation(Wire):
    """Space that one account may claim, or none."""

    model_config = example(**_RESERVATION)

    id: Id
    cidr: Text
    account_id: Id | None
    reason: Text
    created_at: Time


def reservation_of(reservation: domain.Reservation) -> Reservation:
    """A reservation as the wire shows it."""
    return Reservation.showing(reservation, cidr=reservation.prefix)
