"""What operators are shown of jobs, kill switches and breakers."""

from dataclasses import dataclass
from uuid import UUID

from byoip.domain.jobs.job_history import JobRun, JobSwitch
from byoip.domain.routes.breaker import Ceilings, Counted, KeptTrip


@dataclass(frozen=True, slots=True)
class JobReport:
    """A kind of job as operators see it.

    Attributes:
        most: how many rows its next run may act on; None: its sets are not measured.
        last: its newest run that had rows to act on.
        waiting: the set that was refused, and waits for an operator.
    """

    switch: JobSwitch
    most: int | None
    last: JobRun | None
    waiting: JobRun | None


@dataclass(frozen=True, slots=True)
class ParkedSet:
    """The offboardings that wait behind a trip.

    Attributes:
        claims: the first of them.
    """

    many: int
    claims: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class BreakerReport:
    """The breaker as operators see it.

    Attributes:
        counted: of all accounts; `in_run` and `by_account` are of the busiest run and account.
        trips: the open ones, each with what waits behind it.
    """

    ceilings: Ceilings
    counted: Counted
    trips: tuple[tuple[KeptTrip, ParkedSet], ...]
