"""An account's claim on a prefix: what it is, what has been proven, and what it becomes."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from byoip.domain.asn import Asn
from byoip.domain.checks.evidence import CheckState, Failed, Outcome, Passed, Reason, recent
from byoip.domain.claims.lifecycle import (
    Approver,
    Standing,
    State,
    Transition,
    next_standing,
    next_state,
)
from byoip.domain.claims.other_origin import OtherOrigin
from byoip.domain.claims.proof import NO_PROOF, Proof
from byoip.domain.customer_text import CustomerText
from byoip.domain.errors import Refusal
from byoip.domain.prefix import Prefix
from byoip.domain.watch.effects import Act, Stage, stops
from byoip.domain.watch.freezing import PrefixFrozen
from byoip.domain.watch.levels import NOT_BY_THE_OLD_ACCOUNT, Signal

UNPROVEN_AFTER = timedelta(days=30)
SETTLED_FOR = timedelta(days=90)  # whose contest an operator settled begins it no more
CLAIMS_PER_ACCOUNT = 1000
MOST_OTHERS = 100  # origins that one source knows besides; a /12 may hold thousands


class ClaimNotFound(Refusal):
    """The account has no such prefix."""

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
        super().__init__(f"This account has {quota} prefixes, its quota: remove one.")


class WithdrawFirst(Refusal):
    """It is in use: announced, seen, bound, or delegated."""

    name = "withdraw_first"

    def __init__(self, why: str) -> None:
        super().__init__(f"It cannot be removed: {why}.")


class PrefixSuspended(Refusal):
    """The operator has suspended the prefix: nothing new, and what is there stays."""

    name = "suspended"

    def __init__(self) -> None:
        super().__init__("The operator has suspended this prefix: talk to the operator.")


class PrefixOffboarding(Refusal):
    """The prefix is on its way out: nothing new, until it is restored."""

    name = "offboarding"

    def __init__(self) -> None:
        super().__init__(
            "This prefix is being offboarded: restore it first (POST .../restore), or let it go."
        )


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
    registry: str | None = None  # key of the one responsible; if approved, as irr was answered
    irr_waived: bool = False  # the registry has no route objects and the operator waives them
    other_origins: tuple[OtherOrigin, ...] = field(default=())
    approved_at: datetime | None = None
    approved_by: Approver | None = None
    revoked_at: datetime | None = None  # when an approval was last taken away
    closed_at: datetime | None = None
    extended_at: datetime | None = None  # when it was last given until day 60
    told_closing_at: datetime | None = None  # when it was last told when it closes
    restorable_until: datetime | None = None  # of one that its customer has removed
    reopened_at: datetime | None = None  # when its customer last restored it
    version: int = 1  # counts its customer's writes, and nothing else
    frozen_for: frozenset[Signal] = frozenset()  # until it is lifted, or approved again
    proof: Proof = NO_PROOF

    @property
    def approved(self) -> bool:
        """Whether it holds its space."""
        return self.state is State.APPROVED

    @property
    def suspended(self) -> bool:
        """Whether the operator lets nothing new happen to it."""
        return self.standing is Standing.SUSPENDED

    @property
    def outside_contests(self) -> bool:
        """Whether it is no one's rival: it holds no space, and did not prove any beside another."""
        return self.state is State.PENDING and self.standing is Standing.OK

    @property
    def silent_rival(self) -> bool:
        """Whether it is a rival by its proof alone, which it may lose: no mark says so now."""
        covered = self.standing in {Standing.SUSPENDED, Standing.OFFBOARDING}
        return not self.approved and covered and self.ownership.state is CheckState.VALID

    def require_not_suspended(self) -> None:
        """Refuse anything new while it is suspended.

        Raises:
            PrefixSuspended: it is.
        """
        if self.suspended:
            raise PrefixSuspended

    def require_may(self, act: Act) -> None:
        """Raise PrefixFrozen while it is frozen, for what a freeze stops."""
        if stops(Stage.FREEZE, act, self.frozen_for):
            raise PrefixFrozen(self.frozen_for)

    @property
    def offboarding(self) -> bool:
        """Whether it is on its way out."""
        return self.standing is Standing.OFFBOARDING

    def require_open_to_changes(self) -> None:
        """Refuse anything new while it is suspended or on its way out.

        Raises:
            PrefixSuspended: the operator has suspended it.
            PrefixOffboarding: it is on its way out, and not restored.
        """
        self.require_not_suspended()
        if self.offboarding:
            raise PrefixOffboarding

    def unproven_since(self) -> datetime:
        """Since when it waits for proof."""
        times = (self.created_at, self.revoked_at, self.reopened_at)
        return max(time for time in times if time is not None)

    def proven(self, now: datetime) -> bool:
        """Whether all three checks passed within the last hour."""
        checks = (self.irr, self.rpki, self.ownership)
        return all(
            check.state is CheckState.VALID and recent(check.passed_at, now) for check in checks
        )

    def by_newest_roas(self, said: Outcome) -> "Claim":
        """As it is shown: its rpki check says what the newest ROA data says, whatever it said then.

        A check that was never asked for stays pending until the approval; no answer changes none.
        A pass that is only seen here counts for no approval.
        """
        known = self.rpki
        if known.state is CheckState.PENDING and not self.approved:
            return self
        match said:
            case Passed() if known.state is not CheckState.VALID:
                return replace(self, rpki=CheckRecord(CheckState.VALID))
            case Failed(reason, seen, fix):
                return replace(self, rpki=CheckRecord(reason.state, None, reason, seen, fix))
            case _:
                return self

    def approve(self, now: datetime) -> "Claim":
        """Take the space. Only after `proven`, and never over another approved claim.

        Raises:
            IllegalTransition: it is not pending.
        """
        return self._approve(Transition.ALL_CHECKS_PASSED, Approver.CHECKS, now)

    def approve_by_operator(self, now: datetime, ends_at: datetime | None = None) -> "Claim":
        """Take the space on the operator's word, until then. What the checks say stays as it was.

        Raises:
            PrefixSuspended, PrefixOffboarding: resume or restore it first.
            IllegalTransition: it is not pending.
        """
        self.require_open_to_changes()
        approved = self._approve(Transition.APPROVED_BY_OPERATOR, Approver.OPERATOR, now)
        return replace(approved, proof=Proof(now, ends_at))

    def _approve(self, transition: Transition, by: Approver, now: datetime) -> "Claim":
        moved = next_state(self.state, transition)
        approved = replace(self, state=moved, approved_at=now, approved_by=by, modified_at=now)
        return replace(approved, frozen_for=frozenset(), proof=Proof(now))

    def revoke(self, now: datetime) -> "Claim":
        """Give the space back on the operator's word: ownership has to be proven again.

        Raises:
            IllegalTransition: it is not approved.
        """
        return replace(
            self,
            state=next_state(self.state, Transition.REVOKED),
            ownership=CheckRecord(),
            approved_at=None,
            approved_by=None,
            revoked_at=now,
            modified_at=now,
            frozen_for=self.frozen_for & NOT_BY_THE_OLD_ACCOUNT,
            proof=NO_PROOF,
        )

    def contest(self, now: datetime) -> "Claim":
        """Note that two accounts have proven overlapping space; nothing else changes.

        Raises:
            IllegalTransition: the claim is on its way out.
        """
        return self.change_standing(Transition.CONTESTED, now)

    def change_standing(self, transition: Transition, now: datetime) -> "Claim":
        """Change its standing; its state, its routes and its bindings stay as they are.

        Raises:
            IllegalTransition: the table has no such transition.
        """
        moved = next_standing(self.standing, transition)
        return self if moved is self.standing else replace(self, standing=moved, modified_at=now)

    def close(self, transition: Transition, now: datetime) -> "Claim":
        """End it; the row stays.

        Raises:
            IllegalTransition: the table has no such transition.
        """
        moved = next_state(self.state, transition)
        return replace(self, state=moved, closed_at=now, modified_at=now)

    def describe(self, description: CustomerText, now: datetime) -> "Claim":
        """Change the description."""
        return replace(self.written(now), description=description)

    def written(self, now: datetime) -> "Claim":
        """Note that its customer changed it, or what hangs on it: bindings, tokens, delegations."""
        return replace(self, modified_at=now, version=self.version + 1)
