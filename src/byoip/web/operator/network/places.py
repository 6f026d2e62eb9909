"""Where pages of speakers, listeners, edges and settings are, and how a listener is."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote

from byoip.domain.speakers.bgp_peer import SILENT_FOR
from byoip.store.speakers.views import ListenerReport

SPEAKERS: Final = "/ui/noc/network"
LISTENERS: Final = f"{SPEAKERS}/listeners"
EDGES: Final = f"{SPEAKERS}/edges"
SETTINGS: Final = f"{SPEAKERS}/settings"
PERSPECTIVES: Final = "/ui/noc/perspectives"
_UNHEARD: Final = timedelta(minutes=1)  # a listener is asked every few seconds


def page_of_speaker(name: str) -> str:
    """The page of one speaker."""
    return f"{SPEAKERS}/speakers/{quote(name, safe='')}"


def page_of_alarm(kind: str, subject: str, speakers: Collection[str]) -> str:
    """The page of what an alarm is about, where it is one of these; else none.

    Args:
        kind: one of `ALARM_KINDS`.
        subject: a speaker, or a neighbour of it, or something else.
        speakers: the names of all that are known.
    """
    if kind.startswith("settings_"):
        return SETTINGS
    if kind.startswith("perspective"):
        return PERSPECTIVES
    first = subject.partition(" ")[0]
    if first in speakers:
        return page_of_speaker(first)
    return SPEAKERS if first == "stage" else ""


def listener_chip(listener: ListenerReport, now: datetime) -> tuple[str, str]:
    """How a listener is, as tone and word."""
    if listener.asked_at is None or now - listener.asked_at >= SILENT_FOR:
        return "bad", "asked no more"
    if listener.answered_at is None or listener.asked_at - listener.answered_at >= _UNHEARD:
        return "bad", "silent"
    return "good", "answers"
