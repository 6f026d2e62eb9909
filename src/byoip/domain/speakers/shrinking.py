"""How many routes the sessions of listeners have lost lately: each withdrawal explains one."""

from collections import defaultdict, deque
from collections.abc import Mapping
from typing import Final, TypeAlias

SECONDS: Final = 60.0

Counts: TypeAlias = Mapping[tuple[str, str], int]
"""How many routes there are, by listener and session."""


class Shrinking:
    """What was lost within a minute, by listener and session."""

    def __init__(self) -> None:
        self._lost: defaultdict[tuple[str, str], deque[tuple[float, int]]] = defaultdict(deque)
        self._before: Counts = {}

    def begin(self, counts: Counts) -> None:
        """All routes were looked for: what was lost before that is known."""
        self._lost.clear()
        self._before = counts

    def most(self, counts: Counts, at: float) -> int:
        """How many routes the session has lost that has lost the most.

        Args:
            counts: as they are now; sessions that have begun since have lost nothing.
            at: seconds, on a clock that is not set.
        """
        for session in counts.keys() & self._before.keys():
            lost = self._before[session] - counts[session]
            if lost > 0:
                self._lost[session].append((at, lost))
        self._before = counts
        for each in self._lost.values():
            while each and each[0][0] < at - SECONDS:
                each.popleft()
        return max((sum(many for _, many in each) for each in self._lost.values()), default=0)
