"""The way out: withdraw, confirm, unbind, wait, close. The order is fixed, and each step is asked.

Bindings never go before the route is gone everywhere, or traffic would arrive where nobody
answers. Nothing is lost before the grace ends: what was taken down is remembered, to be put back.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from byoip.domain.errors import Refusal

JOB = "offboard"
ROA_LAST = (
    "Remove the ROA for us last: not before the prefix is closed and whoever announces it next has "
    "a ROA of their own."
)


class Step(StrEnum):
    """What is to be done next."""

    WITHDRAW = "withdraw"
    CONFIRM = "confirm"  # wait until no speaker holds, and nobody sees, any of its routes
    UNBIND = "unbind"
    GRACE = "grace"
    RESTORE = "restore"  # its routes are to be announced again, as soon as they may be


class End(StrEnum):
    """How it ended."""

    CLOSED = "closed"
    RESTORED = "restored"
    CANCELLED = "cancelled"  # by an operator, who re-armed a breaker


NEXT: Mapping[Step, Step] = MappingProxyType(
    {Step.WITHDRAW: Step.CONFIRM, Step.CONFIRM: Step.UNBIND, Step.UNBIND: Step.GRACE}
)


class NothingToOffboard(Refusal):
    """A claim that was never approved has no way to go."""

    name = "nothing_to_offboard"

    def __init__(self) -> None:
        super().__init__(
            "This prefix is not approved, and nothing is bound or announced: DELETE removes it."
        )


class GraceNotBegun(Refusal):
    """The grace is what may be ended early, nothing before it."""

    name = "grace_not_begun"

    def __init__(self, step: Step) -> None:
        super().__init__(
            f"The grace has not begun: {step.value} is under way. It goes on by itself; ask again "
            "when the prefix is unbound."
        )


class ServiceRetired(Refusal):
    """What was bound is no longer offered."""

    name = "service_retired"

    def __init__(self, names: str) -> None:
        super().__init__(
            f"Not restored, nothing was changed: bound to {names}, which the operator offers no "
            "longer. Ask the operator to offer it again."
        )


@dataclass(frozen=True, slots=True)
class TakenRoute:
    """A route that the offboarding withdrew.

    Attributes:
        change: the number of the desired change that did it: who has changed it since is heeded.
    """

    bgp_prefix_id: UUID
    change: int


@dataclass(frozen=True, slots=True)
class TakenBinding:
    """A binding that the offboarding ended."""

    binding_id: UUID
    cidr: str
    service_id: UUID


@dataclass(frozen=True, slots=True)
class Offboarding:
    """One claim's way out.

    Attributes:
        actor, request_id: who asked, and in which request; each act carries the id (no id, no
            act).
        contested: whether the prefix was in dispute when it began, or came to be on the way: then
            it is again when restored.
        routes, bindings: what was taken down so far, to be put back.
        parked_by: the trip of the breaker that it waits behind.
        paced: released by an operator: it goes on as fast as the ceilings let it, and trips none.
    """

    id: UUID
    claim_id: UUID
    account_id: UUID
    actor: str
    request_id: str
    began_at: datetime
    step: Step = Step.WITHDRAW
    contested: bool = False
    routes: tuple[TakenRoute, ...] = ()
    bindings: tuple[TakenBinding, ...] = ()
    grace_until: datetime | None = None
    parked_by: UUID | None = None
    paced: bool = False
    ended_at: datetime | None = None
    end: End | None = None

    def taken(self, route: TakenRoute) -> "Offboarding":
        """One route less on the Internet."""
        return replace(self, routes=(*self.routes, route), parked_by=None)

    def unbound(self, binding: TakenBinding) -> "Offboarding":
        """One binding less."""
        return replace(self, bindings=(*self.bindings, binding))

    def on(self) -> "Offboarding":
        """The next step."""
        return replace(self, step=NEXT[self.step], parked_by=None)

    def graced(self, until: datetime) -> "Offboarding":
        """Wait from now on."""
        return replace(self.on(), grace_until=until)

    def disputed(self) -> "Offboarding":
        """Somebody else has proven the space meanwhile."""
        return replace(self, contested=True)

    def back(self) -> "Offboarding":
        """A route is wanted again: begin anew, nothing is unbound yet."""
        return replace(self, step=Step.WITHDRAW)

    def released(self) -> "Offboarding":
        """An operator lets it go on, no faster than the ceilings."""
        return replace(self, parked_by=None, paced=True)

    def parked(self, trip_id: UUID) -> "Offboarding":
        """It waits behind a trip."""
        return replace(self, parked_by=trip_id)

    def owing(self, routes: tuple[TakenRoute, ...], until: datetime) -> "Offboarding":
        """Restored, but for these routes: they are tried again until then."""
        return replace(
            self, step=Step.RESTORE, routes=routes, bindings=(), grace_until=until, parked_by=None
        )

    def over(self, now: datetime) -> bool:
        """Whether its time is up: of the grace, or of the routes that it still owes."""
        return self.grace_until is not None and now >= self.grace_until

    def ended(self, how: End, now: datetime) -> "Offboarding":
        """No further step."""
        return replace(self, ended_at=now, end=how, parked_by=None)
