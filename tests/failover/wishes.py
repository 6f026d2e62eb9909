"""What owners asked for and when, and whether what a router saw is what they asked for."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from byoip.domain.prefix import Prefix
from tests.real.bird_router import Change

_ON_ITS_WAY = timedelta(seconds=15)  # for a change that was overtaken by the next


def now() -> datetime:
    """As the router writes it down."""
    return datetime.now()  # noqa: DTZ005


@dataclass(slots=True)
class Wish:
    """An owner wants a route up, or gone: asked first at `began`, acknowledged at `ended`."""

    up: bool
    began: datetime
    ended: datetime | None = None


@dataclass(slots=True)
class Wishes:
    """All that owners asked for, each route's in order.

    Attributes:
        removed: speakers that an operator took out of the settings: since when, and until when (it
            was stopped then) what they hold has to stay.
    """

    of: defaultdict[Prefix, list[Wish]] = field(default_factory=lambda: defaultdict(list))
    removed: dict[str, tuple[datetime, datetime | None]] = field(default_factory=dict)

    def unasked(self, changes: Iterable[Change]) -> list[str]:
        """What came or went at a speaker, in a router's log, without an owner or operator."""
        found: list[str] = []
        at: dict[tuple[str, Prefix], list[tuple[bool, datetime]]] = defaultdict(list)
        for one in changes:
            seen = at[one.speaker, one.prefix]
            up = one.what != "removed"
            if up == (seen[-1][0] if seen else False):
                continue  # another path, or the same again
            if not self._asked_for(one, up, seen):
                found.append(f"{one.at:%H:%M:%S.%f} {one.speaker} {one.what} {one.prefix}")
            seen.append((up, one.at))
        return found

    def _asked_for(self, change: Change, up: bool, seen: list[tuple[bool, datetime]]) -> bool:
        since, until = self.removed.get(change.speaker, (None, None))
        if since is not None and change.at >= since:
            return until is not None and change.at >= until
        wishes = [one for one in self.of[change.prefix] if one.began <= change.at]
        last = max(wishes, key=lambda one: one.began, default=None)
        if last is None:
            return False
        if last.up == up:
            return True
        # A wish before, carried out late: not once this one was acknowledged and carried out, and
        # not for long.
        earlier = any(one.up == up for one in wishes)
        answered = any(was == last.up and when >= last.began for was, when in seen)
        late = last.ended is not None and change.at > last.ended + _ON_ITS_WAY
        under_way = last.ended is not None and change.at <= last.ended
        return earlier and (under_way or (not answered and not late))
