"""Speakers and listeners: which are in service, and which may be forgotten.

What a speaker may hold stays on record until the speaker confirms that it has withdrawn it. One
that is gone for good never confirms: then an operator has to say so.
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
    """What tells us something about routes."""

    SPEAKER = "speaker"
    LISTENER = "listener"


class SpeakerNotFound(Refusal):
    """No speaker or listener of this name is on record."""

    name = "speaker_not_found"

    def __init__(self) -> None:
        super().__init__("Nothing is on record of a speaker of this name.")


class ListenerNotFound(Refusal):
    """No speaker or listener of this name is on record."""

    name = "listener_not_found"

    def __init__(self) -> None:
        super().__init__("Nothing is on record of a listener of this name.")


class SpeakerInService(Refusal):
    """A process has it in its settings, or asked it a moment ago."""

    name = "speaker_in_service"

    def __init__(self, why: str) -> None:
        super().__init__(f"The speaker is in service: {why}.")


class ListenerInService(Refusal):
    """A process has it in its settings, or asked it a moment ago."""

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
    """How this process tells that a speaker or listener is in service.

    Attributes:
        speakers, listeners: the names in its own settings.
        silent_for: a reconciler asks more often than this, also one that does not answer; so one
            that was not asked for this long is in no reconciler's settings, or none runs.
    """

    speakers: AbstractSet[str] = frozenset()
    listeners: AbstractSet[str] = frozenset()
    silent_for: timedelta = SILENT_FOR

    def require_gone(
        self, kind: BgpPeerKind, name: str, asked_at: datetime | None, now: datetime
    ) -> None:
        """Refuse to forget one that a process still asks.

        Raises:
            SpeakerInService, ListenerInService: it is in the settings, or was asked lately.
        """
        refusal = _IN_SERVICE[kind]
        if name in (self.speakers if kind is BgpPeerKind.SPEAKER else self.listeners):
            raise refusal("this process has it in its settings")
        if asked_at is not None and now - asked_at < self.silent_for:
            minutes = -(-self.silent_for // timedelta(minutes=1))
            raise refusal(f"it was asked within the last {minutes} minutes")


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What is no longer on record.

    Attributes:
        applied: routes that it may have held from us.
        observed: what it was last said to see, or to send to a peer.
        orphans: paths that it held and no row wanted.
        abandoned: routes that no owner wants and that it may still have held.
    """

    kind: BgpPeerKind
    name: str
    applied: int = 0
    observed: int = 0
    orphans: int = 0
    abandoned: tuple[Prefix, ...] = ()


def not_found(kind: BgpPeerKind) -> Refusal:
    """The refusal that nothing is on record."""
    return _NOT_FOUND[kind]()


def can_be_named(name: str) -> bool:
    """Whether settings could give a speaker or listener this name."""
    return 0 < len(name) <= LONGEST_NAME and name.isascii() and name.isprintable()
