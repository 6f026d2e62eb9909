"""The breaker of levels: how many prefixes of a registry may rise by one signal in a day.

Bad ROA data, or ids that a registry numbers anew, would freeze everybody at once. And no account
uses up alone what a day may bring: its own beyond that waits, and the others' rise.
"""

from collections.abc import Iterable
from enum import StrEnum
from hashlib import sha256
from typing import Final
from uuid import UUID

from byoip.domain.errors import Refusal

FLOOR: Final = 5
SHARE: Final = 0.02


class RiseState(StrEnum):
    """What became of a rise."""

    DONE = "done"
    HELD = "held"  # beyond what a day may bring: an operator releases or drops it
    RELEASED = "released"  # by an operator: done as a worker comes by
    DROPPED = "dropped"  # by an operator: the time starts again as a worker comes by
    RECOVERED = "recovered"  # while it was held, the signal turned good


class NothingHeld(Refusal):
    """No rise of that registry and signal is held."""

    name = "nothing_held"

    def __init__(self) -> None:
        super().__init__("No change of level is held for this registry and signal.")


def allowed(prefixes: int) -> int:
    """How many may rise by one signal within a day, of so many approved prefixes of a registry."""
    return max(FLOOR, int(prefixes * SHARE))


def may_rise(own: int, others: Iterable[int], prefixes: int) -> bool:
    """Whether one more prefix of an account may rise by one signal within a day.

    Another account counts for at most half of what is allowed, however many of its prefixes rose.

    Args:
        own: how many of the account rose.
        others: how many of each other account did.
        prefixes: as for `allowed`.
    """
    most = allowed(prefixes)
    return own + sum(min(many, most // 2) for many in others) < most


def digest_of(rises: Iterable[UUID]) -> str:
    """Stands for just these, by their ids."""
    return sha256("".join(str(one) for one in sorted(rises)).encode()).hexdigest()
