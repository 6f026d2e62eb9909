"""The states of a claim and the only moves between them. Nothing else moves a state.

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
    CONTESTED = "contested"  # someone else has proven overlapping space
    SUSPENDED = "suspended"  # by the operator: nothing new, routes stay
    OFFBOARDING = "offboarding"  # on its way out


class Approver(StrEnum):
    """On whose word a claim was approved."""

    CHECKS = "checks"
    OPERATOR = "operator"


class Move(StrEnum):
    """What may happen to a claim."""

    ALL_CHECKS_PASSED = "all_checks_passed"
    APPROVED_BY_OPERATOR = "approved_by_operator"  # instead of checks
    REVOKED = "revoked"  # by the operator: the approval is gone, what is bound stays
    CONTESTED = "contested"
    SETTLED = "settled"  # by the operator, after talking
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    REMOVED = "removed"  # by its owner
    UNPROVEN = "unproven"  # thirty days without proof
    OFFBOARDING = "offboarding"  # its owner wants it withdrawn, unbound and, after grace, closed
    RESTORED = "restored"  # before the grace ended
    OFFBOARDED = "offboarded"  # the grace has ended


MOVES: Mapping[State, Mapping[Move, State]] = MappingProxyType(
    {
        State.PENDING: {
            Move.ALL_CHECKS_PASSED: State.APPROVED,
            Move.APPROVED_BY_OPERATOR: State.APPROVED,
            Move.REMOVED: State.CLOSED,
            Move.UNPROVEN: State.CLOSED,
            Move.OFFBOARDED: State.CLOSED,  # its approval was revoked on the way
        },
        State.APPROVED: {
            Move.REVOKED: State.PENDING,
            Move.REMOVED: State.CLOSED,
            Move.OFFBOARDED: State.CLOSED,
        },
        State.CLOSED: {},
    }
)

STANDINGS: Mapping[Standing, Mapping[Move, Standing]] = MappingProxyType(
    {
        Standing.OK: {
            Move.CONTESTED: Standing.CONTESTED,
            Move.SUSPENDED: Standing.SUSPENDED,
            Move.OFFBOARDING: Standing.OFFBOARDING,
        },
        Standing.CONTESTED: {
            Move.CONTESTED: Standing.CONTESTED,
            Move.SETTLED: Standing.OK,
            Move.SUSPENDED: Standing.SUSPENDED,
            Move.OFFBOARDING: Standing.OFFBOARDING,
        },
        # Nobody else's proof lifts a suspension.
        Standing.SUSPENDED: {
            Move.CONTESTED: Standing.SUSPENDED,
            Move.RESUMED: Standing.OK,
        },
        # Whoever has proven the space meanwhile is contested until this one is gone.
        Standing.OFFBOARDING: {
            Move.CONTESTED: Standing.OFFBOARDING,
            Move.RESTORED: Standing.OK,
        },
    }
)


class NotInThisState(Refusal):
    """The prefix cannot do this from where it stands."""

    name = "not_in_this_state"

    def __init__(self, state: StrEnum, move: str, way_on: str = "") -> None:
        super().__init__(
            f"The prefix is {state}: {move} is not possible from there. {way_on}".strip()
        )


def next_state(state: State, move: Move) -> State:
    """Follow the table.

    Raises:
        NotInThisState: the table has no such move.
    """
    try:
        return MOVES[state][move]
    except KeyError:
        raise NotInThisState(state, move) from None


def next_standing(standing: Standing, move: Move) -> Standing:
    """Follow the table of standings.

    Raises:
        NotInThisState: the table has no such move.
    """
    try:
        return STANDINGS[standing][move]
    except KeyError:
        raise NotInThisState(standing, move) from None


def state_diagram() -> str:
    """Both tables as one Mermaid drawing, for the docs: states, and beside them standings."""
    drawn = [_drawn("claim", State.PENDING, MOVES), _drawn("standing", Standing.OK, STANDINGS)]
    return "\n".join(["stateDiagram-v2", *drawn])


def _drawn(
    name: str,
    first: StrEnum,
    table: Mapping[State, Mapping[Move, State]] | Mapping[Standing, Mapping[Move, Standing]],
) -> str:
    arrows = [
        f"    {before.value} --> {after.value}: {move.value}"
        for before, moves in table.items()
        for move, after in moves.items()
    ]
    ends = [f"    {one.value} --> [*]" for one, moves in table.items() if not moves]
    return "\n".join([f"  state {name} {{", f"    [*] --> {first.value}", *arrows, *ends, "  }"])
