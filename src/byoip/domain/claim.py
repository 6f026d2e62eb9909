"""An account's claim on a prefix: what it is, what has been proven, and what it becomes."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from byoip.domain.asn import Asn
from byoip.domain.customer_text import CustomerText
from byoip.domain.errors import Refusal
from byoip.domain.evidence import CheckState, Reason, recent
from byoip.domain.lifecycle import Move, Standing, State, next_standing, next_state
from byoip.domain.prefix import Prefix

UNPROVEN_AFTER = timedelta(days=30)
CLAIMS_PER_ACCOUNT = 1000


class ClaimNotFound(Refusal):
    """Not there, or not yours."""

    name = "prefix_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such prefix in this account.")


class OverlapsOwnClaim(Refusal):
    """Within one account claims never overlap."""

    name = "overlaps_own_prefix"

    def __init__(self, prefix: Prefix) -> None:
        super().__init__(
            f"{prefix} overlaps a prefix that this account has already: use that one, or remove "
            "it first.",
            pointer="/cidr",
        )


class TooManyClaims(Refusal):
    """The account's quota is used up."""

    name = "prefix_quota_reached"

    def __init__(self, quota: int) -> None:
        super().__init__(f"This account has {quota} prefixes, its quota: remove one, or ask us.")


class WithdrawFirst(Refusal):
    """The prefix is in use."""

    name = "withdraw_first"

    def __init__(self, why: str) -> None:
        super().__init__(f"The prefix cannot be removed: {why}.")


@dataclass(frozen=True, slots=True)
class CheckRecord:
    """What is known of one of the three checks.

    Attributes:
        state: as shown on the wire.
        passed_at: when it last passed; None as soon as an answer said no.
        reason, seen, fix: of the last refusal, for the blockers; empty when there is none.
        doubt: why it could not be answered the last time, or empty.
    """

    state: CheckState = CheckState.PENDING
    passed_at: datetime | None = None
    reason: Reason | None = None
    seen: str = ""
    fix: str = ""
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class OtherOrigin:
    """Another origin that is known for the claimed space."""

    asn: Asn
    prefix: Prefix
    where: str  # "route object in RIPE" or "ROA"


@dataclass(frozen=True, slots=True)
class Claim:
    """An account's claim on a prefix. The wire calls it a prefix."""

    id: UUID
    account_id: UUID
    prefix: Prefix
    asn: Asn
    description: CustomerText
    delegate_loa_creation: bool
    created_at: datetime
    modified_at: datetime
    loa_document_id: UUID | None = None
    state: State = State.PENDING
    standing: Standing = Standing.OK
    irr: CheckRecord = CheckRecord()
    rpki: CheckRecord = CheckRecord()
    ownership: CheckRecord = CheckRecord()
    registry: str | None = None  # key of the registry responsible, once known
    irr_waived: bool = False  # the registry has no route objects and the operator waives them
    other_origins: tuple[OtherOrigin, ...] = field(default=())
    approved_at: datetime | None = None
    closed_at: datetime | None = None
    version: int = 1  # bumped by customer writes only

    @property
    def approved(self) -> bool:
        """Whether it holds its space."""
        return self.state is State.APPROVED

    def proven(self, now: datetime) -> bool:
        """Whether all three checks passed within the last hour."""
        checks = (self.irr, self.rpki, self.ownership)
        return all(
            check.state is CheckState.VALID and recent(check.passed_at, now) for check in checks
        )

    def approve(self, now: datetime) -> "Claim":
        """Take the space. Only after `proven`, and never over another approved claim.

        Raises:
            NotInThisState: it is not pending.
        """
        moved = next_state(self.state, Move.ALL_CHECKS_PASSED)
        return replace(self, state=moved, approved_at=now, modified_at=now)

    def contest(self, now: datetime) -> "Claim":
        """Note that two accounts have proven overlapping space; nothing else changes.

        Raises:
            NotInThisState: the claim is on its way out.
        """
        moved = next_standing(self.standing, Move.CONTESTED)
        return self if moved is self.standing else replace(self, standing=moved, modified_at=now)

    def close(self, move: Move, now: datetime) -> "Claim":
        """End it; the row stays.

        Raises:
            NotInThisState: the table has no such move.
        """
        return replace(self, state=next_state(self.state, move), closed_at=now, modified_at=now)

    def describe(self, description: CustomerText, now: datetime) -> "Claim":
        """Change the description, the one member a customer may change."""
        return replace(self, description=description, modified_at=now, version=self.version + 1)
