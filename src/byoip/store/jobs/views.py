"""What operators are shown of jobs, kill switches and breakers."""

from dataclasses import dataclass
from uuid import UUID

from byoip.domain.jobs.job_history import JobRun, JobSwitch
from byoip.domain.routes.breaker import Ceilings, Counted, KeptTrip


@dataclass(frozen=True, slots=True)
class JobReport:
    """A kind of job as operators see it.

    Attributes:
        most: how many rows its next run may act on; None where it is not measured.
        last: its newest run that found something to do.
        waiting: the set that was refused, and waits for a word.
    """

    switch: JobSwitch
    most: int | None
    last: JobRun | None
    waiting: JobRun | None


@dataclass(frozen=True, slots=True)
class ParkedSet:
    """What waits behind a trip.

    Attributes:
        claims: the first of them.
    """

    many: int
    claims: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class BreakerReport:
    """The breaker as operators see it.

    Attributes:
        counted: of everybody: `in_run` and `by_account` are those of the busiest run and account.
        trips: the open ones, each with what waits behind it.
    """

    ceilings: Ceilings
    counted: Counted
    trips: tuple[tuple[KeptTrip, ParkedSet], ...]
