"""How often a route's owner is told that it was lost: one that flaps fills no history."""

from collections import defaultdict, deque
from typing import Final
from uuid import UUID

SECONDS: Final = 3600.0
MOST: Final = 6  # in these seconds, for each route


class Tellings:
    """What was told lately, by BGP prefix."""

    def __init__(self) -> None:
        self._told: defaultdict[UUID, deque[float]] = defaultdict(deque)

    def take(self, bgp_prefix_id: UUID, at: float) -> bool:
        """Whether it may be told once more now, and then it is; `at` is a clock that is not set."""
        told = self._told[bgp_prefix_id]
        while told and told[0] <= at - SECONDS:
            told.popleft()
        if len(told) >= MOST:
            return False
        told.append(at)
        return True
