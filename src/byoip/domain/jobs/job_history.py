"""Jobs of ours: which there are, how each may be stopped, and which sets are too large.

A job that can take something away says beforehand what it would act on. On the day of the great
outage a clean-up got a list of everything; a set out of proportion to the job's own past is
refused, however well founded each row of it looks.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from byoip.domain.errors import Refusal

FLOOR: Final = 20  # rows that any run may act on: small fleets, and the first run of all
TIMES: Final = 5  # as many as the largest of the remembered runs
REMEMBERED: Final = 50  # runs that found something to do


class JobKind(StrEnum):
    """What we do without being asked at that moment; each has a kill switch."""

    OFFBOARD = "offboard"
    CLOSE_UNPROVEN = "close_unproven"
    END_EXPIRED_DELEGATIONS = "end_expired_delegations"
    ROLL_BACK = "roll_back"  # the reconciler's, of announcements that nobody sees
    REEVALUATE_CLAIMS = "reevaluate_claims"
    SETTLE_BINDINGS = "settle_bindings"
    WATCH_LETTERS = "watch_letters"
    RENEW_LETTERS = "renew_letters"
    RESCUE_RUNS = "rescue_runs"
    REFRESH_ROAS = "refresh_roas"
    REFRESH_REGISTRATIONS = "refresh_registrations"
    TIDY_UP = "tidy_up"


# What is listed, measured against the past, and only then done.
MEASURED: Final = frozenset(
    {JobKind.OFFBOARD, JobKind.CLOSE_UNPROVEN, JobKind.END_EXPIRED_DELEGATIONS}
)


class JobStopped(Exception):  # noqa: N818 - a state of affairs: an operator has stopped it
    """An operator has thrown this job's kill switch: nothing more is done."""


class JobUnknown(Refusal):
    """No such kind of job."""

    name = "job_unknown"

    def __init__(self) -> None:
        super().__init__(f"There is no such job; there are {', '.join(JobKind)}.")


class JobNotRefused(Refusal):
    """Nothing waits to be let through."""

    name = "job_not_refused"

    def __init__(self, kind: JobKind) -> None:
        super().__init__(f"No set of {kind.value} is refused: see GET /operator/jobs.")


@dataclass(frozen=True, slots=True)
class JobSwitch:
    """Whether a kind of job may run.

    Attributes:
        by, because, at: of who moved the switch last; None where nobody ever did.
    """

    kind: JobKind
    stopped: bool = False
    at: datetime | None = None
    by: str | None = None
    because: str | None = None


@dataclass(frozen=True, slots=True)
class JobRun:
    """One run of a job that found something to do.

    Attributes:
        listed: how many rows it would act on.
        sample: the first of them.
        ids: all of them, where they are needed.
        measured: how many of them no run had taken in before.
        acted: on how many it did act, so far.
        failed: how many were at fault themselves: they are logged, and the others were done.
        refused: why it did not; empty if it might.
        allowed_at, allowed_by, allowed_because: of who lets a refused set through.
        used_at: when such a word was made use of, once.
    """

    id: UUID
    kind: JobKind
    at: datetime
    request_id: str
    listed: int
    sample: tuple[UUID, ...]
    ids: tuple[UUID, ...] = ()
    measured: int = 0
    acted: int = 0
    failed: int = 0
    refused: str = ""
    allowed_at: datetime | None = None
    allowed_by: str | None = None
    allowed_because: str | None = None
    used_at: datetime | None = None

    @property
    def let_through(self) -> frozenset[UUID]:
        """The rows that an operator's word covers, given on this refused set: these, no others."""
        given = self.allowed_at is not None and self.used_at is None
        return frozenset(self.ids) if given else frozenset()


def proportionate(past: Sequence[int]) -> int:
    """How many rows a run may act on, given how many its last runs acted on.

    Sets that an operator let through are part of that past: he has looked at them.
    """
    return max(FLOOR, TIMES * max(past, default=0))


def objection(listed: int, past: Sequence[int]) -> str:
    """Why a set is refused, for people; empty if it is in proportion."""
    most = proportionate(past)
    if listed <= most:
        return ""
    largest = max(past, default=0)
    return f"{listed} rows at once, and the largest of its last runs had {largest}: {most} at most"


@dataclass(frozen=True, slots=True)
class Measure:
    """What a set is found to be.

    Attributes:
        refused: rows that wait for a word.
        flood: all others are refused with them: no row is to be acted on that was not before.
    """

    refused: frozenset[UUID] = frozenset()
    flood: bool = False


def measure(new: Mapping[UUID, UUID], past: Sequence[int]) -> Measure:
    """Which of the rows that no run has taken in are out of proportion to the last runs.

    One account's flood is refused by itself, and all of it. What is left is measured together, no
    account counting for more than half of what may pass: so none can hold up all others alone.

    Args:
        new: the rows, each with the account whose it is; or with itself.
        past: how many rows the last runs acted on.
    """
    most = proportionate(past)
    many = Counter(new.values())
    flooding = {one for one in many if many[one] > most}
    counted = sum(min(many[one], most // 2) for one in many if one not in flooding)
    if counted > most:
        return Measure(frozenset(new), flood=True)
    return Measure(frozenset(row for row, account in new.items() if account in flooding))
