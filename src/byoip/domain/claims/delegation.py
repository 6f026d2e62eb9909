"""Parts of an approved prefix that its owner lets other accounts use."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from byoip.domain.bindings.service_binding import PrefixNotApproved
from byoip.domain.claims.claim import Claim
from byoip.domain.errors import Refusal
from byoip.domain.prefix import Prefix
from byoip.domain.watch.effects import Act

DELEGATIONS_PER_PREFIX = 1000
LONGEST_DELEGATION = timedelta(days=3660)


class DelegationNotFound(Refusal):
    """No such delegation of this prefix, or it has ended."""

    name = "delegation_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such delegation of this prefix.")


class DelegationOutsidePrefix(Refusal):
    """A delegation lies inside its prefix."""

    name = "delegation_outside_prefix"

    def __init__(self, cidr: Prefix, prefix: Prefix) -> None:
        super().__init__(f"{cidr} does not lie inside {prefix}.", pointer="/cidr")


class DelegationOverlaps(Refusal):
    """Addresses are delegated to one account at a time."""

    name = "delegation_overlaps"

    def __init__(self, cidr: Prefix) -> None:
        super().__init__(
            f"{cidr} overlaps a delegation that exists already: end that one first.",
            pointer="/cidr",
        )


class DelegateNotFound(Refusal):
    """There is no account of this id."""

    name = "delegated_account_not_found"

    def __init__(self) -> None:
        super().__init__(
            "There is no account of this id: ask the account's holder for it again.",
            pointer="/delegated_account_id",
        )


class DelegationToOwner(Refusal):
    """The owner has it all already."""

    name = "delegation_to_owner"

    def __init__(self) -> None:
        super().__init__(
            "The prefix is this account's own: delegate it to another account.",
            pointer="/delegated_account_id",
        )


class DelegationExpiryRefused(Refusal):
    """An expiry lies in the future, within ten years."""

    name = "delegation_expiry_refused"

    def __init__(self) -> None:
        super().__init__(
            f"A delegation expires in the future, within {LONGEST_DELEGATION.days} days; leave "
            "expires_at out for one without an end.",
            pointer="/expires_at",
        )


class TooManyDelegations(Refusal):
    """The prefix's quota is used up."""

    name = "delegation_quota_reached"

    def __init__(self) -> None:
        super().__init__(f"A prefix has at most {DELEGATIONS_PER_PREFIX} delegations: end one.")


@dataclass(frozen=True, slots=True)
class Delegation:
    """A range of a claimed prefix that another account may use. It never changes, it ends.

    Attributes:
        account_id: of the account it is delegated to.
        expires_at: from then on it no longer counts, whether or not its end was recorded yet.
    """

    id: UUID
    claim_id: UUID
    prefix: Prefix  # the claim's
    cidr: Prefix
    account_id: UUID
    created_at: datetime
    expires_at: datetime | None = None

    def expired(self, now: datetime) -> bool:
        """Whether its time is over."""
        return self.expires_at is not None and self.expires_at <= now


def may_delegate(wanted: Delegation, claim: Claim, existing: Iterable[Delegation]) -> None:
    """Refuse what may not be delegated; whether the other account exists is not asked here.

    `existing` are the claim's other delegations, none of them expired.

    Raises:
        PrefixNotApproved, PrefixSuspended, PrefixOffboarding, PrefixFrozen: nothing of it can be
            lent now.
        DelegationToOwner: the other account is the owner.
        DelegationExpiryRefused: it ends in the past, or in more than ten years.
        DelegationOutsidePrefix: the range does not lie inside the prefix.
        DelegationOverlaps: some of it is delegated already.
        TooManyDelegations: the prefix has as many as it may.
    """
    now, until = wanted.created_at, wanted.expires_at
    if not claim.approved:
        raise PrefixNotApproved
    claim.require_open_to_changes()
    claim.require_may(Act.DELEGATE)
    if wanted.account_id == claim.account_id:
        raise DelegationToOwner
    # The difference, for the sum could lie beyond the last date there is.
    if until is not None and not timedelta(0) < until - now <= LONGEST_DELEGATION:
        raise DelegationExpiryRefused
    if not claim.prefix.covers(wanted.cidr):
        raise DelegationOutsidePrefix(wanted.cidr, claim.prefix)
    count = 0
    for other in existing:
        count += 1
        if other.cidr.overlaps(wanted.cidr):
            raise DelegationOverlaps(wanted.cidr)
    if count >= DELEGATIONS_PER_PREFIX:
        raise TooManyDelegations
