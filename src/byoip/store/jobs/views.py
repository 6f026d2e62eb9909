"""What operators are shown of jobs, kill switches and breakers."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from byoip.domain.jobs.job_history import JobRun, JobSwitch
from byoip.domain.prefix import Prefix
from byoip.domain.routes.breaker import Ceilings, Counted, KeptTrip
from byoip.domain.routes.offboarding import Step


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


@dataclass(frozen=True, slots=True)
class Behind:
    """An offboarding that waits behind a trip.

    Attributes:
        id: of the offboarding.
        up: how many of its routes are still announced.
        withdrawn: how many it has withdrawn.
    """

    id: UUID
    claim_id: UUID
    cidr: Prefix
    account_id: UUID
    account: str
    began_at: datetime
    step: Step
    up: int
    withdrawn: int


@dataclass(frozen=True, slots=True)
class AllBehind:
    """All that wait behind a trip: of which prefixes, by their ids, and how many routes are up."""

    claims: tuple[UUID, ...]
    up: int
