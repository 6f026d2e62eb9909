"""Offboarding: withdraw, confirm, unbind, wait, close; the order is fixed.

Bindings never end before the route is gone everywhere, or traffic would arrive where no service
answers. Nothing is lost before the grace ends: routes and bindings are remembered, to be restored.
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
    "Remove the ROA for us last: not before the prefix is closed and the next origin has a ROA of "
    "its own."
)


class Step(StrEnum):
    """What is to be done next."""

    WITHDRAW = "withdraw"
    CONFIRM = "confirm"  # wait until no speaker holds a route of it, and no observer sees one
    UNBIND = "unbind"
    GRACE = "grace"
    RESTORE = "restore"  # announce its routes again, as soon as they may be


class End(StrEnum):
    """How it ended."""

    CLOSED = "closed"
    RESTORED = "restored"
    CANCELLED = "cancelled"  # by an operator, who re-armed a breaker


NEXT: Mapping[Step, Step] = MappingProxyType(
    {Step.WITHDRAW: Step.CONFIRM, Step.CONFIRM: Step.UNBIND, Step.UNBIND: Step.GRACE}
)


class NothingToOffboard(Refusal):
    """A claim that was never approved, with nothing bound or announced, is removed instead."""

    name = "nothing_to_offboard"

    def __init__(self) -> None:
        super().__init__(
            "This prefix is not approved, and nothing is bound or announced: DELETE removes it."
        )


class GraceNotBegun(Refusal):
    """Only the grace may be ended early, no step before it."""

    name = "grace_not_begun"

    def __init__(self, step: Step) -> None:
        super().__init__(
            f"The grace has not begun: the step now is {step.value}. It goes on by itself; retry "
            "when the prefix is unbound."
        )


class ServiceRetired(Refusal):
    """The operator no longer offers a service that was bound."""

    name = "service_retired"

    def __init__(self, names: str) -> None:
        super().__init__(
            f"Not restored, nothing was changed: the prefix was bound to {names}, which the "
            "operator no longer offers. Ask the operator to offer it again."
        )


@dataclass(frozen=True, slots=True)
class TakenRoute:
    """A route that the offboarding withdrew.

    Attributes:
        change: the number of the desired change that did it; a route that its owner has changed
            since is left to the owner.
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
    """The offboarding of one claim.

    Attributes:
        actor, request_id: who asked, and in which request; each act names the request (no id, no
            act).
        contested: whether the prefix was contested when it began, or has been since, and a rival is
            left; a restored prefix is contested again.
        routes, bindings: what was taken down so far, to be restored.
        grace_until: when the grace ends; in step RESTORE, until when owed routes are tried.
        parked_by: the trip of the breaker that it waits behind.
        next_at: while there is no room for its next route: when there is some.
        paced: released by an operator: it goes on as fast as the ceilings allow, and trips none.
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
    next_at: datetime | None = None
    paced: bool = False
    ended_at: datetime | None = None
    end: End | None = None

    def taken(self, route: TakenRoute) -> "Offboarding":
        """One more route is withdrawn."""
        return replace(self, routes=(*self.routes, route), parked_by=None, next_at=None)

    def unbound(self, binding: TakenBinding) -> "Offboarding":
        """One more binding has ended."""
        return replace(self, bindings=(*self.bindings, binding))

    def on(self) -> "Offboarding":
        """Go to the next step."""
        return replace(self, step=NEXT[self.step], parked_by=None, next_at=None)

    def graced(self, until: datetime) -> "Offboarding":
        """Begin the grace, after the bindings."""
        return replace(self.on(), grace_until=until)

    def disputed(self) -> "Offboarding":
        """Another account has proven the space since it began."""
        return replace(self, contested=True)

    def undisputed(self) -> "Offboarding":
        """The last account that disputed it has gone."""
        return replace(self, contested=False)

    def back(self) -> "Offboarding":
        """A route is wanted again: start over; nothing is unbound yet."""
        return replace(self, step=Step.WITHDRAW)

    def released(self) -> "Offboarding":
        """An operator lets it go on, no faster than the ceilings allow."""
        return replace(self, parked_by=None, next_at=None, paced=True)

    def parked(self, trip_id: UUID) -> "Offboarding":
        """Wait behind a trip."""
        return replace(self, parked_by=trip_id, next_at=None)

    def waiting(self, until: datetime | None) -> "Offboarding":
        """Wait for room."""
        return replace(self, next_at=until)

    def owing(self, routes: tuple[TakenRoute, ...], until: datetime) -> "Offboarding":
        """Restored except for these routes, which are tried again until then."""
        return replace(
            self, step=Step.RESTORE, routes=routes, bindings=(), grace_until=until, parked_by=None
        )

    def over(self, now: datetime) -> bool:
        """Whether the grace has ended, or the time to try the routes that it still owes."""
        return self.grace_until is not None and now >= self.grace_until

    def ended(self, how: End, now: datetime) -> "Offboarding":
        """End it."""
        return replace(self, ended_at=now, end=how, parked_by=None, next_at=None)
