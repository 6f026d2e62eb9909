"""Theory of operation: what people take out of service stays so, until they or its end say else.

    drain ─▶ DRAINING ──told, and waited──▶ DOWN ──lifted, or its end──▶ LIFTING ──up again──▶ OVER
             neighbours get                  sessions are                the community goes first,
             GRACEFUL_SHUTDOWN               kept down                   then sessions come up

While it is draining, peers look for other paths (RFC 8326): so nothing is lost when it goes down.
A drain is a row in the database, and each step a column of it: a leader that takes over finds how
far it is. A session that was up, and that a person took down at the speaker itself, is a drain by
hand. It begins DOWN, and ends when lifted, or when that person enables the session again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID, uuid4

from byoip.domain.errors import Refusal

LONGEST_DRAIN: Final = timedelta(days=30)
LONGEST_WAIT_SECONDS: Final = 3600
BY_HAND: Final = "the speaker's operator"


class DrainState(StrEnum):
    """How far a drain is."""

    DRAINING = "draining"
    DOWN = "down"
    LIFTING = "lifting"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class DrainTarget:
    """A speaker, one neighbour of a speaker, or a stage."""

    speaker: str | None = None
    neighbour: str | None = None
    stage: int | None = None

    def __str__(self) -> str:
        if self.stage is not None:
            return f"stage {self.stage}"
        return f"{self.speaker} to {self.neighbour}" if self.neighbour else f"{self.speaker}"

    def concerns(self, speaker: str, stage: int) -> bool:
        """Whether it is about any neighbour of this speaker."""
        return self.speaker == speaker or self.stage == stage

    def covers(self, speaker: str, stage: int, address: str) -> bool:
        """Whether it is about this neighbour of it."""
        return self.concerns(speaker, stage) and self.neighbour in {None, address}


@dataclass(frozen=True, slots=True)
class Drain:
    """What is to be out of service, who says so, and how far that is.

    Attributes:
        by_hand: a person took the session down at the speaker itself.
        name: of the operator.
        until: ends it without a person; None: of a drain by hand.
        loses: how many routes may go down with it, by the operator's word.
        announced_at: since when every speaker that answers says so to neighbours.
        down_at: since when sessions are kept down.
        ended_at: since when it is lifted, by `ended_by`.
        undone_at: since when all is as before.
    """

    id: UUID
    target: DrainTarget
    by_hand: bool
    name: str
    reason: str
    since: datetime
    until: datetime | None
    wait_seconds: int
    loses: int = 0
    announced_at: datetime | None = None
    down_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: str | None = None
    undone_at: datetime | None = None

    @property
    def state(self) -> DrainState:
        """How far it is."""
        if self.undone_at is not None:
            return DrainState.OVER
        if self.ended_at is not None:
            return DrainState.LIFTING
        return DrainState.DRAINING if self.down_at is None else DrainState.DOWN

    @property
    def live(self) -> bool:
        """Whether it is not lifted yet."""
        return self.ended_at is None

    def due_down(self, now: datetime) -> bool:
        """Whether neighbours had the time to look for other paths."""
        if self.announced_at is None or self.state is not DrainState.DRAINING:
            return False
        return now - self.announced_at >= timedelta(seconds=self.wait_seconds)

    def over_by(self, now: datetime) -> bool:
        """Whether its end has come, and it is not lifted yet."""
        return self.live and self.until is not None and self.until <= now


def by_hand(target: DrainTarget, reason: str, at: datetime) -> Drain:
    """The drain of a session that a person took down at the speaker itself."""
    return Drain(
        uuid4(),
        target,
        by_hand=True,
        name=BY_HAND,
        reason=reason,
        since=at,
        until=None,
        wait_seconds=0,
        announced_at=at,
        down_at=at,
    )


@dataclass(frozen=True, slots=True)
class SpeakerSessions:
    """A speaker that answers, and the neighbours with which it has a session."""

    name: str
    stage: int
    established: tuple[str, ...]


def left_in_service(
    speakers: Iterable[SpeakerSessions], drained: Iterable[DrainTarget]
) -> frozenset[str]:
    """The speakers that keep a session, whatever of these is down."""
    targets = list(drained)
    return frozenset(
        one.name
        for one in speakers
        for address in one.established
        if not any(target.covers(one.name, one.stage, address) for target in targets)
    )


class DrainTargetNotFound(Refusal):
    """No speaker, stage or neighbour is called so."""

    name = "drain_target_not_found"

    def __init__(self, target: DrainTarget) -> None:
        super().__init__(f"The settings that count name no {target}, or none was found there.")


class DrainNotFound(Refusal):
    """No such drain stands."""

    name = "drain_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such drain, or it is lifted already.")


class DrainedAlready(Refusal):
    """A drain of just this stands."""

    name = "drained_already"

    def __init__(self, target: DrainTarget) -> None:
        super().__init__(f"A drain of {target} stands already.")


class DrainEndRefused(Refusal):
    """A drain ends in the future, within a month."""

    name = "drain_end_refused"

    def __init__(self) -> None:
        super().__init__(
            f"A drain ends in the future, within {LONGEST_DRAIN.days} days.", pointer="/until"
        )


class DrainWouldLose(Refusal):
    """No other speaker would announce some routes."""

    name = "drain_would_lose_routes"

    def __init__(self, target: DrainTarget, many: int) -> None:
        super().__init__(
            f"Without {target} no speaker with a session has {many} routes that are announced: "
            "nothing was changed."
        )
        self.many = many


def require_end(until: datetime, now: datetime) -> None:
    """Refuse an end that is past or far away.

    Raises:
        DrainEndRefused: it is.
    """
    if not timedelta(0) < until - now <= LONGEST_DRAIN:
        raise DrainEndRefused
