"""What listeners and speakers say of a route, put together."""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from byoip.domain.asn import Asn
from byoip.domain.prefix import Prefix
from byoip.domain.routes.route import Route
from byoip.domain.speakers.reconciliation import DesiredRoute
from byoip.domain.speakers.staging import StagedSpeaker, Visibility

# BIRD reckons each time from an age and its clock as of now [tried]: the next look may show another
# thousandth, and all times move with a clock that is set.
_SAME_TIME: Final = timedelta(milliseconds=100)
_YEAR_1: Final = datetime.fromisoformat("0001-01-01 00:00:00")


@dataclass(frozen=True, slots=True)
class Reading:
    """A listener's own clock.

    Attributes:
        shown: in its own words.
        asked, answered: it was read between these; seconds of a clock that cannot be set.
    """

    shown: datetime
    asked: float
    answered: float

    def set_since(self, before: "Reading") -> tuple[timedelta, timedelta]:
        """How far it was set forward since then, at least and at most; negative: back."""
        passed = self.shown - before.shown
        longest, shortest = self.answered - before.asked, self.asked - before.answered
        return passed - timedelta(seconds=longest), passed - timedelta(seconds=shortest)

    def was_set_since(self, before: "Reading") -> bool:
        """Whether it was set since then for certain, by more than times differ between looks."""
        least, most = self.set_since(before)
        return least > _SAME_TIME or most < -_SAME_TIME


@dataclass(frozen=True, slots=True)
class SeenPath:
    """One path of a route at a listener.

    Attributes:
        shown: the session and all attributes, as the listener shows them.
        since: when the listener got it so, by its own clock; empty: it does not say exactly.
    """

    shown: str
    since: str


class Seen(frozenset[Asn]):
    """The origins under which a listener sees a route, and the paths by which it does.

    Attributes:
        clock: the listener's, read just after; None: it does not say exactly.
        tails: of each path the AS next to the origin, and the origin; of one that came from the
            origin itself there is none.
    """

    paths: frozenset[SeenPath] = frozenset()
    clock: Reading | None = None
    tails: frozenset[tuple[Asn, Asn]] = frozenset()

    @classmethod
    def by(
        cls,
        origins: Iterable[Asn],
        paths: Iterable[SeenPath],
        clock: Reading | None = None,
        tails: Iterable[tuple[Asn, Asn]] = (),
    ) -> "Seen":
        """Of these origins and paths."""
        made = cls(origins)
        made.paths, made.clock, made.tails = frozenset(paths), clock, frozenset(tails)
        return made


def carries(seen: Collection[Asn], route: Route) -> bool:
    """Whether what a listener sees of a prefix is this route.

    A customer may announce from its own AS, too: ours is the one with our AS next to it.
    """
    if route.behind is None or not isinstance(seen, Seen):
        return route.origin in seen
    return (route.behind, route.origin) in seen.tails


@dataclass(frozen=True, slots=True)
class Observation:
    """What one observer said of one row's route.

    Attributes:
        seen_by: a listener's name, or `SPEAKER to PEER`.
        own_word: whether one of our speakers says so of itself.
    """

    bgp_prefix_id: UUID
    seen_by: str
    advertised: bool
    own_word: bool


def was_gone(before: Collection[Asn], now: Collection[Asn]) -> bool:
    """Whether a listener lost a route since, and has it again.

    A listener takes a path that it has already for no news. So a path as before with another time
    went and came back, unless the listener's clock was set by as much. Where one path has stayed,
    the route was never gone; where one is of another kind, it may have been replaced.
    """
    if not (isinstance(before, Seen) and isinstance(now, Seen) and before.paths and now.paths):
        return False
    if before.paths & now.paths or not all(one.since for one in before.paths | now.paths):
        return False
    clock_set = timedelta(0), timedelta(0)
    if before.clock and now.clock:
        clock_set = now.clock.set_since(before.clock)
    then, since = _times(before.paths), _times(now.paths)
    if any(_one_stayed(then.get(shown, ()), since[shown], clock_set) for shown in since):
        return False
    return since.keys() <= then.keys()


def _times(paths: Iterable[SeenPath]) -> Mapping[str, Sequence[timedelta]]:
    """Since when a listener has each kind of path, in order; reckoned from the year 1.

    There is no moment after the year 9999 to add to, and what a listener says may be near.
    """
    found: dict[str, list[timedelta]] = {}
    for one in paths:
        since = datetime.fromisoformat(one.since) - _YEAR_1
        found.setdefault(one.shown, []).append(since)
    return {shown: sorted(times) for shown, times in found.items()}


def _one_stayed(
    before: Sequence[timedelta], now: Sequence[timedelta], clock_set: tuple[timedelta, timedelta]
) -> bool:
    """Whether one of these times is one of before, by a clock that was so far set.

    A listener may have thousands: each is looked for in order, not compared with all.
    """
    least, most = clock_set
    for since in now:
        at = bisect_left(before, since, key=lambda then: then + most + _SAME_TIME)
        if at < len(before) and before[at] + least - _SAME_TIME <= since:
            return True
    return False


@dataclass(frozen=True, slots=True)
class Sightings:
    """What they answered. Those that could not be asked are left out.

    Attributes:
        heard: by listener: the origins under which it sees each route.
        sent: by speaker and established session: the routes that it sends there.
        silent: by speaker: its sessions that are not established.
    """

    heard: Mapping[str, Mapping[Prefix, Collection[Asn]]] = field(default_factory=dict)
    sent: Mapping[str, Mapping[str, Collection[Prefix]]] = field(default_factory=dict)
    silent: Mapping[str, Collection[str]] = field(default_factory=dict)

    def by_listeners(self, desired: DesiredRoute) -> Visibility:
        """What listeners say: all but our own speakers."""
        if not self.heard:
            return Visibility.UNANSWERED
        return _answer(desired, seen=any(self.hears(one, desired) for one in self.heard))

    def hears(self, listener: str, desired: DesiredRoute) -> bool:
        """Whether a listener that answered sees the route under our origin."""
        return carries(self.heard[listener].get(desired.prefix, ()), desired.route)

    def by_speakers(self, desired: DesiredRoute, speakers: Collection[StagedSpeaker]) -> Visibility:
        """What the speakers of a stage say they send."""
        answered = [self.sent[one.name] for one in speakers if one.name in self.sent]
        if any(desired.prefix in sent for sessions in answered for sent in sessions.values()):
            return _answer(desired, seen=True)
        if len(answered) < len(speakers):
            return Visibility.UNANSWERED
        # An announcement that goes to no session cannot be heard; a withdrawal needs no session.
        if desired.advertised and not any(answered):
            return Visibility.UNANSWERED
        return _answer(desired, seen=False)


def _answer(desired: DesiredRoute, *, seen: bool) -> Visibility:
    return Visibility.SEEN if seen == desired.advertised else Visibility.ABSENT
