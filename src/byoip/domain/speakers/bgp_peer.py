"""Speakers and listeners: who is still in service, and who may be forgotten.

What a speaker may hold stays on record until it said that it has let go, because nobody else can
tell. One that is gone for good never says so: then a person has to.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from byoip.domain.errors import Refusal
from byoip.domain.prefix import Prefix

LONGEST_NAME: Final = 60
SILENT_FOR: Final = timedelta(minutes=5)


class BgpPeerKind(StrEnum):
    """Who tells us something about routes."""

    SPEAKER = "speaker"
    LISTENER = "listener"


class SpeakerNotFound(Refusal):
    """Nothing is on record of it."""

    name = "speaker_not_found"

    def __init__(self) -> None:
        super().__init__("Nothing is on record of a speaker of this name.")


class ListenerNotFound(Refusal):
    """Nothing is on record of it."""

    name = "listener_not_found"

    def __init__(self) -> None:
        super().__init__("Nothing is on record of a listener of this name.")


class SpeakerInService(Refusal):
    """It is in the settings, or was asked a moment ago."""

    name = "speaker_in_service"

    def __init__(self, why: str) -> None:
        super().__init__(f"The speaker is in service: {why}.")


class ListenerInService(Refusal):
    """It is in the settings, or was asked a moment ago."""

    name = "listener_in_service"

    def __init__(self, why: str) -> None:
        super().__init__(f"The listener is in service: {why}.")


_NOT_FOUND: Final = {BgpPeerKind.SPEAKER: SpeakerNotFound, BgpPeerKind.LISTENER: ListenerNotFound}
_IN_SERVICE: Final = {
    BgpPeerKind.SPEAKER: SpeakerInService,
    BgpPeerKind.LISTENER: ListenerInService,
}


@dataclass(frozen=True, slots=True)
class InService:
    """How this process tells that a station is.

    Attributes:
        speakers, listeners: of its own settings.
        silent_for: who reconciles asks more often, also one that does not answer; so one that was
            not asked for this long is in nobody's settings, or nobody reconciles.
    """

    speakers: AbstractSet[str] = frozenset()
    listeners: AbstractSet[str] = frozenset()
    silent_for: timedelta = SILENT_FOR

    def require_gone(
        self, station: BgpPeerKind, name: str, asked_at: datetime | None, now: datetime
    ) -> None:
        """Refuse to forget one that somebody still asks.

        Raises:
            SpeakerInService, ListenerInService: it is in the settings, or was just asked.
        """
        refusal = _IN_SERVICE[station]
        if name in (self.speakers if station is BgpPeerKind.SPEAKER else self.listeners):
            raise refusal("this process has it in its settings")
        if asked_at is not None and now - asked_at < self.silent_for:
            minutes = -(-self.silent_for // timedelta(minutes=1))
            raise refusal(f"it was asked within the last {minutes} minutes")


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What is no longer on record.

    Attributes:
        marks: routes that it may have held, as far as we knew.
        words: what it was last said to see, or to send to a peer.
        orphans: paths of nobody's that it held.
        let_go: routes that nobody wants and that it may still have held.
    """

    station: BgpPeerKind
    name: str
    marks: int = 0
    words: int = 0
    orphans: int = 0
    let_go: tuple[Prefix, ...] = ()


def not_found(station: BgpPeerKind) -> Refusal:
    """That nothing is on record."""
    return _NOT_FOUND[station]()


def can_be_named(name: str) -> bool:
    """Whether settings could have given a station this name."""
    return 0 < len(name) <= LONGEST_NAME and name.isascii() and name.isprintable()
