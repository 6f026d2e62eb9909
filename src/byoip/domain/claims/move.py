"""Moving a prefix between accounts: one offers it, the other accepts; or an operator moves it.

Approval, bindings, routes, delegations and history go along, and nothing is withdrawn.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from byoip.domain.bindings.service_binding import PrefixNotApproved
from byoip.domain.claims.claim import Claim
from byoip.domain.errors import Refusal

OFFERED_FOR: Final = timedelta(days=14)
MOST_IN_VAIN: Final = 20  # offers of one account to another, within IN_VAIN_FOR
IN_VAIN_FOR: Final = timedelta(days=1)


class MoveEnd(StrEnum):
    """How an offer has ended."""

    MOVED = "moved"
    DECLINED = "declined"  # by the account that it was made to
    TAKEN_BACK = "taken_back"  # by the owner, or replaced by another offer
    GONE = "gone"  # the prefix was closed, or its approval revoked


class MoveNotFound(Refusal):
    """The account has no such offer, or it has ended."""

    name = "move_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such offer of a prefix that is open.")


class MoveToOwner(Refusal):
    """The account has the prefix already."""

    name = "move_to_owner"

    def __init__(self) -> None:
        super().__init__("This account has the prefix already.", pointer="/to_account_id")


class MoveRecipientNotFound(Refusal):
    """There is no account to move it to."""

    name = "move_recipient_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such account.", pointer="/to_account_id")


class TooManyOffers(Refusal):
    """The other account hears of each: it takes none, or they are taken back."""

    name = "too_many_offers"

    def __init__(self) -> None:
        super().__init__(
            f"{MOST_IN_VAIN} offers to this account were declined or taken back within a day: "
            "talk to its holder.",
            retry_after=3600,
        )


class HolderInDoubt(Refusal):
    """Its owner may not pass on what the registries' statistics say is another's."""

    name = "holder_in_doubt"

    def __init__(self) -> None:
        super().__init__("The registries' statistics name another holder: talk to the operator.")


@dataclass(frozen=True, slots=True)
class Move:
    """An offer of a prefix to another account, or an operator's word.

    Attributes:
        expires_at: until when it may be accepted.
    """

    id: UUID
    claim_id: UUID
    from_account_id: UUID
    to_account_id: UUID
    offered_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None
    ended: MoveEnd | None = None

    def require_open(self, now: datetime) -> None:
        """Refuse what has ended or expired.

        Raises:
            MoveNotFound: it has.
        """
        if self.ended is not None or now >= self.expires_at:
            raise MoveNotFound


def may_move(claim: Claim, to_account_id: UUID) -> None:
    """Refuse to move what holds no space, is suspended or on its way out.

    Raises:
        PrefixNotApproved, PrefixSuspended, PrefixOffboarding, MoveToOwner: it cannot be moved.
    """
    if not claim.approved:
        raise PrefixNotApproved
    claim.require_open_to_changes()
    if to_account_id == claim.account_id:
        raise MoveToOwner
