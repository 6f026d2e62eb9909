"""Where pages of speakers, listeners, edges and settings are, and how a listener is."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Final, Protocol
from urllib.parse import quote
from uuid import UUID

from byoip.domain.speakers.bgp_peer import SILENT_FOR

SPEAKERS: Final = "/ui/noc/network"
LISTENERS: Final = f"{SPEAKERS}/listeners"
EDGES: Final = f"{SPEAKERS}/edges"
SETTINGS: Final = f"{SPEAKERS}/settings"
PERSPECTIVES: Final = "/ui/noc/perspectives"
# What kinds of alarms are about that name no route, speaker or stage.
_ABOUT: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        ("settings_differ", "settings_waiting", "settings_taken_back", "settings_in_doubt"),
        SETTINGS,
    ),
    "vanishing": "/ui/noc/routes",
    "restored": "/ui/noc/routes",
    "in_doubt": "/ui/noc/routes/waiting",
    "unreleased": "/ui/noc/routes/waiting",
    "perspectives_disagree": PERSPECTIVES,
    "perspective_silent": PERSPECTIVES,
}
_UNHEARD: Final = timedelta(minutes=1)  # a listener is asked every few seconds


def page_of_speaker(name: str) -> str:
    """The page of one speaker."""
    return f"{SPEAKERS}/speakers/{quote(name, safe='')}"


def page_of_kind(kind: str) -> str:
    """The page that lists all of a kind of what needs a person."""
    return f"/ui/noc/kinds/{kind}"


def page_of_runbook(section: str) -> str:
    """The section of the runbook that says what to do."""
    return f"/guide/runbook#{section}"


def page_of_alarm(kind: str, subject: str, claim_id: UUID | None, speakers: Collection[str]) -> str:
    """The page of what an alarm is about.

    Args:
        kind: one of `ALARM_KINDS`.
        subject: a speaker, or a neighbour of it, or something else.
        claim_id: the prefix of the route that it is about.
        speakers: the names of all that are known.
    """
    if kind in _ABOUT:
        return _ABOUT[kind]
    if claim_id is not None:
        return f"/ui/noc/prefixes/{claim_id.hex}"
    first = subject.partition(" ")[0]
    return page_of_speaker(first) if first in speakers else SPEAKERS


class Heard(Protocol):
    """A listener, as any reader gives it."""

    @property
    def asked_at(self) -> datetime | None:
        """When it was last asked."""
        ...

    @property
    def answered_at(self) -> datetime | None:
        """When it last answered."""
        ...


def listener_chip(listener: Heard, now: datetime) -> tuple[str, str]:
    """How a listener is, as tone and word."""
    if listener.asked_at is None or now - listener.asked_at >= SILENT_FOR:
        return "bad", "asked no more"
    if listener.answered_at is None or listener.asked_at - listener.answered_at >= _UNHEARD:
        return "bad", "silent"
    return "good", "answers"
