"""How often a lost route, or a session that is down, is told: what flaps fills no history."""

from collections import defaultdict, deque
from collections.abc import Hashable
from typing import Final

SECONDS: Final = 3600.0
MOST: Final = 6  # in these seconds, for each route or session


class Tellings:
    """What was told lately, by BGP prefix, or by the address of a neighbour."""

    def __init__(self) -> None:
        self._told: defaultdict[Hashable, deque[float]] = defaultdict(deque)

    def take(self, about: Hashable, at: float) -> bool:
        """Whether it may be told once more now, and then it is; `at` is a clock that is not set."""
        told = self._told[about]
        while told and told[0] <= at - SECONDS:
            told.popleft()
        if len(told) >= MOST:
            return False
        told.append(at)
        return True
