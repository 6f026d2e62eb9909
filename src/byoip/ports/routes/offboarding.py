"""Prefixes on their way out, and what holds jobs back that carry such things out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from byoip.domain.jobs.job_history import JobKind, JobRun, JobSwitch
from byoip.domain.routes.breaker import Ceilings, Counted, KeptTrip
from byoip.domain.routes.offboarding import Offboarding


@dataclass(frozen=True, slots=True)
class DueOffboarding:
    """A claim of which the next step may be taken.

    Attributes:
        new: no run has taken it in yet, for this way down: withdrawing, or closing.
    """

    claim_id: UUID
    account_id: UUID
    new: bool


class Offboardings(Protocol):
    """The ways out of claims; each is written under its claim's lock."""

    async def add(self, offboarding: Offboarding) -> None:
        """Keep a new one; its claim has no other live one."""
        ...

    async def live(self, claim_id: UUID) -> Offboarding | None:
        """The claim's, until it has ended."""
        ...

    async def save(self, offboarding: Offboarding) -> None:
        """Write back how far it is."""
        ...

    async def due(self, now: datetime, limit: int) -> Sequence[DueOffboarding]:
        """Claims of which the next step may be taken, by age.

        Asked for by a recorded request, on their way out, and not waiting: for a trip, a lock or
        the end of the grace, or until nobody sees their routes.
        """
        ...

    async def enrol(self, claim_ids: Sequence[UUID]) -> None:
        """Note that a run has these in its set: they are new to none after it."""
        ...

    async def owed(self, limit: int) -> Sequence[UUID]:
        """Claims that were restored, and of which a route is still to be announced."""
        ...

    async def parked(self, trip_id: UUID) -> Sequence[UUID]:
        """Claims whose way out waits behind a trip, in the order of their ids."""
        ...


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


class JobGuards(Protocol):
    """Kill switches, and what jobs have done before."""

    async def require_running(self, kind: JobKind) -> None:
        """Go no further where an operator has thrown the switch.

        Raises:
            JobStopped: he has.
        """
        ...

    async def switch(self, moved: JobSwitch) -> None:
        """Throw a kill switch, or let the job run again."""
        ...

    async def switches(self) -> Sequence[JobSwitch]:
        """One for each kind."""
        ...

    async def report(self, kind: JobKind) -> JobReport:
        """All that is known of a kind."""
        ...

    async def past(self, kind: JobKind) -> Sequence[int]:
        """How many new rows the remembered runs of a kind acted on, newest first."""
        ...

    async def waiting(self, kind: JobKind) -> JobRun | None:
        """The refused set of a kind that waits for a word, locked."""
        ...

    async def begin(self, run: JobRun) -> None:
        """Write down what a run is going to act on."""
        ...

    async def refuse(self, run: JobRun) -> bool:
        """Write down that it will not; whether that is news.

        While one waits already, that one takes over the set, and any word given on another set is
        void.
        """
        ...

    async def allow(self, run: JobRun) -> None:
        """Write back an operator's word on a refused set."""
        ...

    async def used(self, run_id: UUID, now: datetime) -> None:
        """A word was made use of: its rows have been taken in."""
        ...

    async def acted(self, run_id: UUID, many: int, failed: int) -> None:
        """On how many rows it has acted, and how many were at fault themselves."""
        ...


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


class GuardReader(Protocol):
    """What operators are shown of breakers and jobs."""

    async def breaker(self) -> BreakerReport:
        """Ceilings, what is used of them now, and the open trips."""
        ...

    async def jobs(self) -> Sequence[JobReport]:
        """One report for each kind of job."""
        ...
