"""One attempt to answer all checks of a claim. It always ends."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from byoip.domain.errors import Refusal

DEADLINE = timedelta(seconds=60)
LEASE = timedelta(seconds=30)
MOST_ATTEMPTS = 5  # a run that has cost so many workers ends unanswered

# After how long an unanswered run is tried again, by how many in a row were unanswered.
BACKOFF = tuple(
    timedelta(seconds=seconds) for seconds in (15, 60, 300, 900, 3600, 4 * 3600, 12 * 3600)
)


class ValidationNotFound(Refusal):
    """No such run of this prefix."""

    name = "validation_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such validation of this prefix.")


class Trigger(StrEnum):
    """What started a run."""

    CUSTOMER = "customer"
    RETRY = "retry"  # the last run left something unanswered


class RunState(StrEnum):
    """Where a run stands."""

    SCHEDULED = "scheduled"  # waits for its time, or for a worker
    RUNNING = "running"
    FINISHED = "finished"
    CANCELLED = "cancelled"  # the prefix was closed before it ended


class RunResult(StrEnum):
    """How a finished run ended."""

    APPROVED = "approved"
    PASSED = "passed"  # of an approved prefix: still true; or passed but contested
    CONTESTED = "contested"
    FAILED = "failed"
    UNANSWERED = "unanswered"


@dataclass(frozen=True, slots=True)
class ValidationRun:
    """One run.

    Attributes:
        due_at: when it may start.
        attempt: how often a worker has taken it; the number is checked when it records.
        retries: how many unanswered runs went before it in a row.
        without_token: the ownership token that came with the request, and was published nowhere
            yet: it is not asked for.
    """

    id: UUID
    claim_id: UUID
    trigger: Trigger
    created_at: datetime
    due_at: datetime
    state: RunState = RunState.SCHEDULED
    attempt: int = 0
    retries: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None
    result: RunResult | None = None
    without_token: UUID | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more comes of it."""
        return self.state in {RunState.FINISHED, RunState.CANCELLED}

    def out(self, now: datetime) -> bool:
        """Whether it asks now, or as soon as a worker has it."""
        waits = self.state is RunState.SCHEDULED and self.due_at <= now
        return waits or self.state is RunState.RUNNING

    @property
    def worth_asking(self) -> bool:
        """Whether it has not cost so many workers that it ends without any answer."""
        return self.attempt <= MOST_ATTEMPTS

    def finished(self, result: RunResult, now: datetime) -> "ValidationRun":
        """End it."""
        return replace(self, state=RunState.FINISHED, result=result, finished_at=now)

    def again(self, new_id: UUID, now: datetime) -> "ValidationRun":
        """The run that follows an unanswered one, later each time."""
        pause = BACKOFF[min(self.retries, len(BACKOFF) - 1)]
        return ValidationRun(
            id=new_id,
            claim_id=self.claim_id,
            trigger=Trigger.RETRY,
            created_at=now,
            due_at=now + pause,
            retries=self.retries + 1,
        )
