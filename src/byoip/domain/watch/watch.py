"""What is known of one signal of one prefix, and what one more answer makes of it."""

from dataclasses import dataclass, replace
from datetime import datetime

from byoip.domain.watch.levels import LADDERS, LOOKED_AT, Level, Signal


@dataclass(frozen=True, slots=True)
class Watch:
    """One signal of one prefix.

    Attributes:
        looked_at: when it was last asked, answered or not.
        good_at: when an answer last said that all is as it was.
        failing_since, failing_until: the first and the last of the unbroken row of answers that say
            no; both None where the last answer says yes, `failing_until` alone where the row broke.
            Of reverse zones of the rows of all, which `found` keeps.
        heard: number of the snapshot that was heard last; of reverse zones, which share of them is
            looked at next.
        level: how far this signal has come.
        seen: what the last answer showed, in words.
        doubt: why the last question stayed unanswered; empty if it was answered.
        baseline: what it is compared with; empty: nothing is there that could be lost.
        found: what the last "no" showed in its place, to compare the next one with.
    """

    signal: Signal
    looked_at: datetime | None = None
    good_at: datetime | None = None
    failing_since: datetime | None = None
    failing_until: datetime | None = None
    heard: int | None = None
    level: Level = Level.NONE
    seen: str = ""
    doubt: str = ""
    baseline: str = ""
    found: str = ""

    @property
    def failing(self) -> bool:
        """Whether the last answer said no."""
        return self.failing_since is not None

    def good(self, at: datetime, seen: str = "") -> "Watch":
        """It is as it was: the level falls; a freeze of the prefix is lifted apart."""
        quiet = replace(self, failing_since=None, failing_until=None, level=Level.NONE)
        return replace(quiet, looked_at=at, good_at=at, seen=seen, doubt="", found="")

    def bad(
        self,
        until: datetime,
        seen: str,
        *,
        since: datetime | None = None,
        found: str = "",
        unbroken: bool = True,
    ) -> "Watch":
        """One more answer that says no.

        Args:
            until: when it was so for certain.
            seen: in words.
            since: from when on this answer alone shows it; by default `until`.
            found: what is there instead; another than before starts the time again.
            unbroken: whether no answer between this one and the last one heard was missed.
        """
        same = unbroken and self._near(until) and found == self.found
        began = self.failing_since if same and self.failing_since else since or until
        latest = max(until, self.failing_until or until) if same else until
        reached = LADDERS[self.signal].level(latest - began)
        level = max(self.level, reached, key=lambda one: one.rank)
        said = replace(self, failing_since=began, failing_until=latest, level=level, found=found)
        return replace(said, looked_at=until, seen=seen, doubt="")

    def _near(self, at: datetime) -> bool:
        gap = LADDERS[self.signal].longest_gap
        return self.failing_until is not None and (gap is None or at - self.failing_until <= gap)

    def silent(self, at: datetime, why: str) -> "Watch":
        """No answer: no level moves, and the row of those that say no is broken.

        Not that of looks: the next answer is a day away, and ends it only if it comes too late.
        """
        until = self.failing_until if self.signal in LOOKED_AT else None
        return replace(self, looked_at=at, doubt=why or "no answer", failing_until=until)

    def again(self) -> "Watch":
        """A person has decided: the time starts again with the next answer."""
        return replace(self, failing_since=None, failing_until=None, level=Level.NONE, found="")
