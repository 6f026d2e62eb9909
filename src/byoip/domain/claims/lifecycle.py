"""The states and standings of a claim, and the only transitions between them.

The diagram in docs/concepts.md is drawn from these tables.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from byoip.domain.errors import Refusal


class State(StrEnum):
    """How far a claim has come."""

    PENDING = "pending"  # reserves nothing
    APPROVED = "approved"  # holds its space: no other approved claim overlaps it
    CLOSED = "closed"  # ended; the row stays


class Standing(StrEnum):
    """Whether something stands in the way that is not the customer's to fix alone."""

    OK = "ok"
    CONTESTED = "contested"  # another account has proven the space, or left it after a sale
    SUSPENDED = "suspended"  # by the operator: nothing new, routes stay
    OFFBOARDING = "offboarding"  # on its way out


class Approver(StrEnum):
    """On whose word a claim was approved."""

    CHECKS = "checks"
    OPERATOR = "operator"


class Transition(StrEnum):
    """What may happen to a claim."""

    ALL_CHECKS_PASSED = "all_checks_passed"
    APPROVED_BY_OPERATOR = "approved_by_operator"  # instead of checks
    REVOKED = "revoked"  # by the operator: the approval is gone, what is bound stays
    CONTESTED = "contested"
    SETTLED = "settled"  # by the operator, after talking
    UNRIVALLED = "unrivalled"  # the last rival has gone
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    REMOVED = "removed"  # by its owner
    UNPROVEN = "unproven"  # thirty days without proof
    OFFBOARDING = "offboarding"  # its owner wants it withdrawn, unbound and, after grace, closed
    RESTORED = "restored"  # before the grace ended
    OFFBOARDED = "offboarded"  # the grace has ended
    REOPENED = "reopened"  # by its owner, who had removed it


STATE_TRANSITIONS: Mapping[State, Mapping[Transition, State]] = MappingProxyType(
    {
        State.PENDING: {
            Transition.ALL_CHECKS_PASSED: State.APPROVED,
            Transition.APPROVED_BY_OPERATOR: State.APPROVED,
            Transition.REMOVED: State.CLOSED,
            Transition.UNPROVEN: State.CLOSED,
            Transition.OFFBOARDED: State.CLOSED,  # its approval was revoked on the way
        },
        State.APPROVED: {
            Transition.REVOKED: State.PENDING,
            Transition.REMOVED: State.CLOSED,
            Transition.OFFBOARDED: State.CLOSED,
        },
        State.CLOSED: {Transition.REOPENED: State.PENDING},
    }
)

STANDING_TRANSITIONS: Mapping[Standing, Mapping[Transition, Standing]] = MappingProxyType(
    {
        Standing.OK: {
            Transition.CONTESTED: Standing.CONTESTED,
            Transition.SUSPENDED: Standing.SUSPENDED,
            Transition.OFFBOARDING: Standing.OFFBOARDING,
        },
        Standing.CONTESTED: {
            Transition.CONTESTED: Standing.CONTESTED,
            Transition.SETTLED: Standing.OK,
            Transition.UNRIVALLED: Standing.OK,
            Transition.SUSPENDED: Standing.SUSPENDED,
            Transition.OFFBOARDING: Standing.OFFBOARDING,
        },
        # Another account's proof does not lift a suspension.
        Standing.SUSPENDED: {
            Transition.CONTESTED: Standing.SUSPENDED,
            Transition.RESUMED: Standing.OK,
        },
        # Another account that proves the space now is contested until this claim is gone.
        Standing.OFFBOARDING: {
            Transition.CONTESTED: Standing.OFFBOARDING,
            Transition.RESTORED: Standing.OK,
        },
    }
)


class IllegalTransition(Refusal):
    """The prefix cannot do this from where it stands."""

    name = "not_in_this_state"

    def __init__(self, state: StrEnum, transition: str, way_on: str = "") -> None:
        super().__init__(
            f"The prefix is {state}: {transition} is not possible from there. {way_on}".strip()
        )


def next_state(state: State, transition: Transition) -> State:
    """Follow the table.

    Raises:
        IllegalTransition: the table has no such transition.
    """
    try:
        return STATE_TRANSITIONS[state][transition]
    except KeyError:
        raise IllegalTransition(state, transition) from None


def next_standing(standing: Standing, transition: Transition) -> Standing:
    """Follow the table of standings.

    Raises:
        IllegalTransition: the table has no such transition.
    """
    try:
        return STANDING_TRANSITIONS[standing][transition]
    except KeyError:
        raise IllegalTransition(standing, transition) from None


def state_diagram() -> str:
    """Both tables as one Mermaid drawing, for the docs: states, and beside them standings."""
    drawn = [
        _drawn("claim", State.PENDING, STATE_TRANSITIONS),
        _drawn("standing", Standing.OK, STANDING_TRANSITIONS),
    ]
    return "\n".join(["stateDiagram-v2", *drawn])


def _drawn(
    name: str,
    first: StrEnum,
    table: Mapping[State, Mapping[Transition, State]]
    | Mapping[Standing, Mapping[Transition, Standing]],
) -> str:
    arrows = [
        f"    {before.value} --> {after.value}: {transition.value}"
        for before, transitions in table.items()
        for transition, after in transitions.items()
    ]
    ends = [f"    {one.value} --> [*]" for one in table if one is State.CLOSED]
    return "\n".join([f"  state {name} {{", f"    [*] --> {first.value}", *arrows, *ends, "  }"])
