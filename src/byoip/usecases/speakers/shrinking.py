"""How many routes the sessions of listeners have lost lately: each withdrawal explains one."""

from collections import defaultdict, deque
from collections.abc import Mapping
from typing import Final

from byoip.ports.speakers.speaker import Feeds

SECONDS: Final = 60.0


class Shrinking:
    """What was lost within a minute, by listener and session."""

    def __init__(self) -> None:
        self._lost: defaultdict[tuple[str, str], deque[tuple[float, int]]] = defaultdict(deque)
        self._before: Mapping[str, Feeds] = {}

    def begin(self, feeds: Mapping[str, Feeds]) -> None:
        """All routes were looked for: what was lost before that is known."""
        self._lost.clear()
        self._before = feeds

    def most(self, feeds: Mapping[str, Feeds], at: float) -> int:
        """How many routes the session has lost that has lost the most.

        Args:
            feeds: each listener's sessions now; ones that began since have lost nothing.
            at: seconds, on a clock that is not set.
        """
        for listener, sessions in feeds.items():
            before = self._before.get(listener, {})
            for name in sessions.keys() & before.keys():
                lost = before[name].routes - sessions[name].routes
                if lost > 0:
                    self._lost[listener, name].append((at, lost))
        self._before = feeds
        for each in self._lost.values():
            while each and each[0][0] < at - SECONDS:
                each.popleft()
        return max((sum(many for _, many in each) for each in self._lost.values()), default=0)
