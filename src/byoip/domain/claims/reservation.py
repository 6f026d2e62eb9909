"""Space that the operator keeps for one account, or away from all; and what it may not overlap."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from byoip.domain.customer_text import CustomerText
from byoip.domain.errors import Refusal
from byoip.domain.prefix import Prefix


class OverlapsApproved(Refusal):
    """Approved prefixes never overlap, not even on an operator's word."""

    name = "overlaps_approved_prefix"

    def __init__(self, prefix: Prefix, account_id: UUID) -> None:
        super().__init__(
            f"It overlaps {prefix}, which is approved for account {account_id.hex}: revoke that "
            "first."
        )


class SpaceReserved(Refusal):
    """The operator keeps the space for another account, or away from all."""

    name = "space_reserved"

    def __init__(self, prefix: Prefix) -> None:
        super().__init__(
            f"{prefix} overlaps space that the operator has reserved: ask the operator.",
            pointer="/cidr",
        )


class OverlapsReservation(Refusal):
    """An address is in one reservation at most."""

    name = "overlaps_reservation"

    def __init__(self, prefix: Prefix) -> None:
        super().__init__(
            f"{prefix} overlaps an existing reservation: release that one first.",
            pointer="/cidr",
        )


class ReservationLengthRefused(Refusal):
    """The range is wider than any prefix that may be brought."""

    name = "reservation_length_refused"

    def __init__(self, prefix: Prefix) -> None:
        super().__init__(
            f"{prefix} is too wide: reserve IPv4 from /8, IPv6 from /16.", pointer="/cidr"
        )


class ReservationNotFound(Refusal):
    """There is no such reservation, or it was released."""

    name = "reservation_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such reservation.")


@dataclass(frozen=True, slots=True)
class Reservation:
    """Space that one account may claim, or none.

    Attributes:
        account_id: the account that may; None: no account may.
    """

    id: UUID
    prefix: Prefix
    account_id: UUID | None
    reason: CustomerText
    created_at: datetime


def reservable(prefix: Prefix) -> Prefix:
    """Refuse a range that is wider than any prefix that may be brought.

    Raises:
        ReservationLengthRefused: it is wider.
    """
    if prefix.length < (8 if prefix.family == 4 else 16):  # noqa: PLR2004 - family and lengths
        raise ReservationLengthRefused(prefix)
    return prefix
