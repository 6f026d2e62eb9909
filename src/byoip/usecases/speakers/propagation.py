"""How far one change has come, and what one look at all changes comes to."""

from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from byoip.domain.speakers.reconciliation import DesiredRoute
from byoip.domain.speakers.sightings import Observation
from byoip.store.speakers.routes import Alarm


@dataclass(slots=True)
class Propagation:
    """How far one change has come.

    Attributes:
        seen: the stages where it was seen.
        opened: the last stage that may have it; None: only the first.
    """

    change: int
    seen: set[int] = field(default_factory=set)
    opened: int | None = None
    absent_since: datetime | None = None


Notify = Callable[[int, Collection[UUID]], None]


@dataclass(slots=True)
class RoundResult:
    """What one look at all changes comes to.

    Attributes:
        notify: tells a stage's speakers of rows that they may have now.
        waiting: how many changes have not been seen yet.
        found: what observers said.
        lost: announcements that are to be taken back.
    """

    notify: Notify
    waiting: int = 0
    found: list[Observation] = field(default_factory=list)
    lost: list[DesiredRoute] = field(default_factory=list)
    alarms: defaultdict[str, set[Alarm]] = field(default_factory=lambda: defaultdict(set))
