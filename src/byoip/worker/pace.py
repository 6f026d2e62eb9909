"""How often speakers are looked at and told, and how patiently."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from byoip.domain.speakers.staging import GONE_AFTER

_EASED: Final = 4  # times as long a pause
_COMPARED_AGAIN: Final = 3  # times as long as the next comparison is due after


@dataclass(frozen=True, slots=True)
class Pace:
    """How often, and how patiently.

    Attributes:
        every: between two full syncs of a speaker that cannot be watched, or where work is left.
        rest: how many times as long as a full sync, or a look from outside, the pause after it is
            at least. With 60, each costs a sixtieth of a core.
        seldom: of a watched speaker that pause is four times as long, where that is no longer than
            this: a full sync finds only what no event, no count and no session tells.
        backstop: between two full syncs of a speaker that is watched, and that another process
            compares.
        absent_for: how long an announcement may be answered "absent".
        probe: seconds between two looks at a speaker's sessions: how soon a restart is noticed.
        second_after: from the first full sync of a term to the next one.
        gone_after: how long a speaker must stay away to count as gone.
        stalled_after: seconds without any progress after which a task hangs; far beyond the
            deadline of any one call.
        unreached_after: seconds without an answer of any speaker after which a turn ends.
    """

    every: timedelta = timedelta(seconds=10)
    rest: float = 60.0
    seldom: timedelta = timedelta(minutes=5)
    backstop: timedelta = timedelta(hours=1)
    absent_for: timedelta = timedelta(seconds=10)
    probe: float = 1.0
    second_after: timedelta = timedelta(seconds=10)
    gone_after: timedelta = GONE_AFTER
    stalled_after: float = 60.0
    unreached_after: float = 30.0

    def calm(self, took: timedelta) -> timedelta:
        """From the begin of a look from outside that took so long to the next, if all is calm."""
        return max(self.every, took * self.rest)

    def watched(self, took: timedelta) -> timedelta:
        """The same of full syncs and comparisons, where a speaker says what it is not told.

        And of looks from outside, while no owner changes anything.
        """
        return max(self.calm(took), min(took * self.rest * _EASED, self.seldom))

    def patience(self, took: timedelta) -> timedelta:
        """How long a comparison by another process is waited for, after a full sync of our own.

        That may have been of fewer routes than there are to compare now.
        """
        return max(self.watched(took), self.seldom) * _COMPARED_AGAIN
