"""What operators send and are shown of speakers, listeners and the routes that they carry."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field

from byoip.api.accounts.operator_schemas import Reasoned
from byoip.api.border.envelope import Text, Time, Wire, example
from byoip.domain.speakers import bgp_peer
from byoip.domain.speakers.alarm_kinds import ALARM_KINDS
from byoip.domain.speakers.bgp_peer import BgpPeerKind
from byoip.store.speakers import views as reports

_WHY = "Left behind by the old automation, ticket 4711."
_SPEAKER: dict[str, Any] = {
    "name": "ams1",
    "stage": 1,
    "alive": True,
    "fault": "",
    "asked_at": "2026-11-02T09:30:00Z",
    "loaded_at": "2026-10-30T04:12:11Z",
    "held": 950,
    "applied": 950,
    "may_hold": 951,
}
_LISTENER: dict[str, Any] = {
    "name": "rr1",
    "asked_at": "2026-11-02T09:30:00Z",
    "answered_at": "2026-11-02T09:30:00Z",
    "observed": 949,
}
_ALARM: dict[str, Any] = {
    "kind": "still_seen",
    "subject": "198.18.0.0/24",
    "detail": "",
    "since": "2026-11-02T09:21:40Z",
}


class OrphanDecision(Reasoned):
    """Which path to withdraw, and why."""

    model_config = example(speaker="ams1", cidr="198.18.4.0/24", reason=_WHY)

    speaker: str = Field(description="Its name in the settings.")
    cidr: str


class OrphansDecision(Reasoned):
    """Of which speaker to withdraw all orphans, how many those are, and why."""

    model_config = example(speaker="ams1", count=200, reason=_WHY)

    speaker: str = Field(description="Its name in the settings.")
    count: int = Field(ge=1, description="How many are undecided, by the list; else refused.")


class WithdrawnOrphans(Wire):
    """Orphans that will be withdrawn."""

    model_config = example(speaker="ams1", count=200)

    speaker: str
    count: int


class RouteSpeaker(Wire):
    """A speaker as last found, and what it has from us."""

    model_config = example(**_SPEAKER)

    name: str
    stage: int | None = Field(description="null where only applied routes are left of it.")
    alive: bool = Field(description="Whether it answered when it was last asked.")
    fault: str = Field(description="Why it could not be asked; empty while it answers.")
    asked_at: Time | None = Field(
        description="When it was last asked. Long ago: it is in no reconciler's settings, or no "
        "reconciler runs."
    )
    loaded_at: Time | None = Field(
        description="When it last had every route, and its sessions came up."
    )
    held: int = Field(description="Paths that it held when it last answered.")
    applied: int = Field(description="Routes that it has confirmed to announce.")
    may_hold: int = Field(
        description="Routes that it may have from us. Those that no owner wants hold up deletions "
        "and offboarding until it has withdrawn them."
    )


class RouteListener(Wire):
    """A listener, and what it last saw."""

    model_config = example(**_LISTENER)

    name: str
    asked_at: Time | None
    answered_at: Time | None
    observed: int = Field(description="Routes that it last saw.")


class RouteAlarm(Wire):
    """Something that operators should know as long as it lasts."""

    model_config = example(**_ALARM)

    kind: str = Field(description=f"{', '.join(ALARM_KINDS)}; others may come.")
    subject: str = Field(description="What it is about: a stage, a route, a peer, a speaker.")
    detail: str
    since: Time


class Routes(Wire):
    """What is desired, applied and observed: three things."""

    model_config = example(
        desired=950,
        applied=950,
        observed=949,
        unsettled=1,
        orphans=1,
        speakers=[_SPEAKER],
        listeners=[_LISTENER],
        alarms=[_ALARM],
    )

    desired: int = Field(description="Routes that owners want announced.")
    applied: int = Field(description="Routes that a speaker has confirmed to announce.")
    observed: int = Field(
        description="Routes that at least one listener or speaker was last found to see."
    )
    unsettled: int = Field(description="Changes that were not seen at every stage yet.")
    orphans: int = Field(description="Paths that speakers hold and no prefix wants.")
    speakers: list[RouteSpeaker]
    listeners: list[RouteListener]
    alarms: list[RouteAlarm]


class OrphanRoute(Wire):
    """A path that a speaker holds and no prefix wants, or that it had confirmed as withdrawn."""

    model_config = example(
        speaker="ams1",
        cidr="198.18.4.0/24",
        as_path=[64500],
        next_hop="192.0.2.1",
        communities=["64500:100"],
        found_at="2026-11-02T09:30:00Z",
        decided_by=None,
        decided_because=None,
        gone_at=None,
    )

    speaker: str
    cidr: Text
    as_path: list[int]
    next_hop: str
    communities: list[str]
    found_at: Time
    decided_by: str | None = Field(
        description="The operator who wants it withdrawn; null: undecided."
    )
    decided_because: str | None
    gone_at: Time | None = Field(
        description="Since when the speaker does not hold it any more, though no operator decided "
        "so; null: it holds it."
    )


class OpenedSpeaker(Wire):
    """A speaker whose sessions may come up now, whatever is missing."""

    model_config = example(name="ams1", lacked=None)

    name: str
    lacked: str | None = Field(description="What it lacks by its alarm; null: no alarm stands.")


class RouteSnapshot(Wire):
    """The applied state at one moment."""

    model_config = example(number=12, at="2026-11-02T09:30:00Z", routes=950)

    number: int
    at: Time
    routes: int = Field(description="How many routes at least one speaker had announced.")


class Station(StrEnum):
    """What tells us something about routes: the wire's name for a `BgpPeerKind`."""

    SPEAKER = BgpPeerKind.SPEAKER.value
    LISTENER = BgpPeerKind.LISTENER.value


class ForgottenStation(Wire):
    """What is no longer on record of a speaker or a listener."""

    model_config = example(
        kind="speaker", name="ams1", marks=951, words=1902, orphans=0, let_go=["198.18.0.0/24"]
    )

    kind: Station
    name: str
    marks: int = Field(description="Routes that it may have held from us.")
    words: int = Field(
        description="What a listener last saw; what a speaker last sent to each of its peers."
    )
    orphans: int = Field(description="Paths that it held and no prefix wanted.")
    let_go: list[Text] = Field(
        description="Routes that no owner wants and that it may still have held: nothing of it "
        "holds up their deletion now. If it still runs, make sure that it announces none of them."
    )


def routes_of(report: reports.RouteReport) -> Routes:
    """The report as the wire shows it."""
    return Routes.showing(
        report, alarms=[RouteAlarm.showing(one.alarm, since=one.since) for one in report.alarms]
    )


def route_snapshot_of(kept: tuple[int, datetime, int]) -> RouteSnapshot:
    """A snapshot as the wire shows it."""
    number, at, many = kept
    return RouteSnapshot(number=number, at=at, routes=many)


def forgotten_of(forgotten: bgp_peer.Forgotten) -> ForgottenStation:
    """What is no longer on record, as the wire shows it."""
    return ForgottenStation.showing(
        forgotten, marks=forgotten.applied, words=forgotten.observed, let_go=forgotten.abandoned
    )
