"""What operators are shown of speakers, listeners and routes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from byoip.store.speakers.routes import Alarm


@dataclass(frozen=True, slots=True)
class SpeakerReport:
    """A speaker that is on record.

    Attributes:
        stage, asked_at: None where only marks are left of it.
        loaded_at: when it last had every route, and its sessions came up.
        applied: how many routes it has confirmed to announce.
        may_hold: how many it may have from us, confirmed or not.
    """

    name: str
    stage: int | None
    alive: bool
    fault: str
    held: int
    asked_at: datetime | None
    loaded_at: datetime | None
    applied: int
    may_hold: int


@dataclass(frozen=True, slots=True)
class ListenerReport:
    """A listener that is on record.

    Attributes:
        observed: how many routes it was last said to see.
    """

    name: str
    asked_at: datetime | None
    answered_at: datetime | None
    observed: int


@dataclass(frozen=True, slots=True)
class StandingAlarm:
    """An alarm, and since when it stands."""

    alarm: Alarm
    since: datetime


@dataclass(frozen=True, slots=True)
class RouteReport:
    """What is wanted, given and seen, counted.

    Attributes:
        desired: routes that owners want announced.
        applied: of all, those that at least one speaker has confirmed to announce.
        observed: of all, those that somebody is said to see.
        unsettled: changes that were not seen everywhere yet.
    """

    desired: int
    applied: int
    observed: int
    unsettled: int
    orphans: int
    speakers: Sequence[SpeakerReport]
    listeners: Sequence[ListenerReport]
    alarms: Sequence[StandingAlarm]
