"""What operators are shown of speakers, listeners and routes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from byoip.domain.prefix import Prefix
from byoip.store.speakers.routes import Alarm


@dataclass(frozen=True, slots=True)
class SpeakerReport:
    """A speaker that is on record.

    Attributes:
        stage, asked_at: None where only applied routes are left of it.
        loaded_at: when the speaker last had every route, and its sessions came up.
        applied: how many routes the speaker has confirmed to announce.
        may_hold: how many routes it may have from us, confirmed or not.
        sessions: its neighbours by address, as last found, and whether there is a session.
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
    sessions: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HeldRoute:
    """A route that a speaker may have from us.

    Attributes:
        wanted: by its owner, now.
        confirmed: the speaker has said that it announces it.
    """

    cidr: Prefix
    claim_id: UUID
    wanted: bool
    confirmed: bool


@dataclass(frozen=True, slots=True)
class ListenerReport:
    """A listener that is on record.

    Attributes:
        observed: how many routes the listener last saw.
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
class Lacking:
    """What alarms say that a speaker lacks, of what its peers may have from it.

    Attributes:
        alarms: that its sessions are held shut for it, or that they are up without it.
        orders: how often operators have ordered that it be opened.
    """

    alarms: Sequence[StandingAlarm]
    orders: int

    @property
    def shut(self) -> StandingAlarm | None:
        """That its sessions are held shut."""
        return next((one for one in self.alarms if one.alarm.kind == "sessions_shut"), None)

    @property
    def said(self) -> str:
        """What it lacks, without what goes on while it stands; empty: no alarm does."""
        stands = self.shut or next(iter(self.alarms), None)
        return stands.alarm.detail.partition(";")[0] if stands else ""


@dataclass(frozen=True, slots=True)
class Opened:
    """An order to open a speaker, and what it lacked then, by its alarm; empty: none stood."""

    speaker: str
    lacked: str


@dataclass(frozen=True, slots=True)
class RouteReport:
    """What is desired, applied and observed, counted.

    Attributes:
        desired: routes that owners want announced.
        applied: routes that at least one speaker has confirmed to announce.
        observed: routes that at least one observer last saw.
        unsettled: changes that were not seen at every stage yet.
    """

    desired: int
    applied: int
    observed: int
    unsettled: int
    orphans: int
    speakers: Sequence[SpeakerReport]
    listeners: Sequence[ListenerReport]
    alarms: Sequence[StandingAlarm]
