"""The kinds of jobs, how each may be stopped, and which sets are too large.

A job that can take something away writes down beforehand what it would act on. In the outage that
taught this, a clean-up job got a list of everything; so a set out of proportion to the job's own
past is refused, however well founded each row of it looks.
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
TIMES: Final = 5  # as many rows as the largest of the remembered runs
REMEMBERED: Final = 50  # runs that found something to do


class JobKind(StrEnum):
    """What workers do without a request at that moment; each kind has a kill switch."""

    OFFBOARD = "offboard"
    CLOSE_UNPROVEN = "close_unproven"
    END_EXPIRED_DELEGATIONS = "end_expired_delegations"
    ROLL_BACK = "roll_back"  # the reconciler's, of announcements that no observer sees
    REEVALUATE_CLAIMS = "reevaluate_claims"
    SETTLE_BINDINGS = "settle_bindings"
    WATCH_LETTERS = "watch_letters"
    RENEW_LETTERS = "renew_letters"
    RESCUE_RUNS = "rescue_runs"
    REFRESH_ROAS = "refresh_roas"
    REFRESH_REGISTRATIONS = "refresh_registrations"
    TIDY_UP = "tidy_up"
    WATCH_PREFIXES = "watch_prefixes"  # no route and no row goes by it


# These list their rows and measure the set against the past before they act.
MEASURED: Final = frozenset(
    {JobKind.OFFBOARD, JobKind.CLOSE_UNPROVEN, JobKind.END_EXPIRED_DELEGATIONS}
)


class JobStopped(Exception):  # noqa: N818 - a state of affairs: an operator has stopped it
    """An operator has thrown this job's kill switch: nothing more is done."""


class JobUnknown(Refusal):
    """There is no such kind of job."""

    name = "job_unknown"

    def __init__(self) -> None:
        super().__init__(f"There is no such job; there are {', '.join(JobKind)}.")


class JobNotRefused(Refusal):
    """No refused set of this kind waits for an operator."""

    name = "job_not_refused"

    def __init__(self, kind: JobKind) -> None:
        super().__init__(f"No set of {kind.value} is refused: see GET /operator/jobs.")


@dataclass(frozen=True, slots=True)
class JobSwitch:
    """Whether a kind of job may run.

    Attributes:
        at, by, because: when, by whom and why it was moved last; None: it never was.
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
        measured: how many of them no run had listed before.
        acted: how many it has acted on, so far.
        failed: how many were at fault themselves: each is logged, and the others were done.
        refused: why it did not act; empty if it might.
        allowed_at, allowed_by, allowed_because: the operator's permission for a refused set.
        used_at: when a run used that permission, once.
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
        """The rows of this refused set that an operator allowed, until a run has used that."""
        given = self.allowed_at is not None and self.used_at is None
        return frozenset(self.ids) if given else frozenset()


def proportionate(past: Sequence[int]) -> int:
    """How many rows a run may act on, given how many its last runs acted on.

    Sets that an operator let through are part of that past: a person has looked at them.
    """
    return max(FLOOR, TIMES * max(past, default=0))


def objection(listed: int, past: Sequence[int]) -> str:
    """Why a set is refused, as text for people; empty if it is in proportion."""
    most = proportionate(past)
    if listed <= most:
        return ""
    largest = max(past, default=0)
    return f"{listed} rows at once, and the largest of its last runs had {largest}: {most} at most"


@dataclass(frozen=True, slots=True)
class Measure:
    """The result of measuring a set.

    Attributes:
        refused: rows that wait for an operator.
        flood: all new rows are refused, whichever account they belong to.
    """

    refused: frozenset[UUID] = frozenset()
    flood: bool = False


def measure(new: Mapping[UUID, UUID], past: Sequence[int]) -> Measure:
    """Which of the new rows are out of proportion to the last runs.

    One account's flood is refused by itself, and all of it. The rest is measured together, and no
    account counts for more than half of what may pass: so none can hold up all others alone.

    Args:
        new: the rows that no run has listed before, each with its account, or with itself.
        past: how many rows the last runs acted on.
    """
    most = proportionate(past)
    many = Counter(new.values())
    flooding = {one for one in many if many[one] > most}
    counted = sum(min(many[one], most // 2) for one in many if one not in flooding)
    if counted > most:
        return Measure(frozenset(new), flood=True)
    return Measure(frozenset(row for row, account in new.items() if account in flooding))
