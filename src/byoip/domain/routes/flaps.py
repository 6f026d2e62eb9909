"""Flaps: a route that is withdrawn again and again waits longer before it is announced again.

A withdrawal never waits for this: it may be urgent.
"""

from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import Final

from byoip.domain.errors import Refusal

COUNTED_FOR: Final = timedelta(hours=1)
FREE: Final = 5  # networks that damp as RFC 7196 (section 3) advises suppress a route at the sixth
_FIRST_WAIT: Final = timedelta(minutes=1)
LONGEST_WAIT: Final = timedelta(minutes=15)


class AnnouncedTooOften(Refusal):
    """The route flaps, and stays withdrawn for a while."""

    name = "announced_too_often"

    def __init__(self, count: int, wait: timedelta) -> None:
        seconds = ceil(wait.total_seconds())
        super().__init__(
            f"This route was withdrawn {count} times within an hour, and networks suppress routes "
            f"that flap: it can be announced again in {seconds} seconds. Withdrawing never waits.",
            retry_after=seconds,
        )


@dataclass(frozen=True, slots=True)
class Flaps:
    """How often a route was withdrawn lately.

    Attributes:
        count: its account's withdrawals of it within `COUNTED_FOR`, without roll-backs: what is
            rolled back was never seen.
        ago: how long ago the last of them was.
    """

    count: int = 0
    ago: timedelta = timedelta(0)

    @property
    def wait(self) -> timedelta:
        """How long it stays withdrawn yet: twice as long for each withdrawal beyond the free."""
        if self.count <= FREE:
            return timedelta(0)
        doubled = min(self.count - FREE - 1, 10)
        whole = min(_FIRST_WAIT * (1 << doubled), LONGEST_WAIT)
        return max(whole - self.ago, timedelta(0))


NO_FLAPS: Final = Flaps()
