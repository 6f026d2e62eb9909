"""The breaker and jobs on the wire, for operators."""

from typing import Any

from pydantic import Field

from byoip.api.accounts.operator_schemas import Reasoned
from byoip.api.border.envelope import Id, Time, Wire, example
from byoip.domain.jobs.job_history import JobKind
from byoip.domain.routes import breaker
from byoip.domain.routes.breaker import Parked, TripScope
from byoip.store.jobs.views import BreakerReport, JobReport, ParkedSet

_TRIP: dict[str, Any] = {
    "id": "5e6f708192a3b4c5d6e7f8091a2b3c4d",
    "scope": "global",
    "subject": "",
    "why": "50 withdrawals by jobs within an hour, of 950 that are still advertised",
    "at": "2026-11-02T09:30:00Z",
    "rearmed_at": None,
    "rearmed_by": None,
    "rearmed_because": None,
    "parked": None,
}
_RUN: dict[str, Any] = {
    "at": "2026-11-02T09:30:00Z",
    "request_id": "job-4711",
    "listed": 1100,
    "sample": ["2af39739cc4e3b5910c918468bb89828"],
    "acted": 0,
    "failed": 0,
    "refused": "1100 rows at once, and the largest of its last runs had 7: 35 at most",
    "allowed_at": None,
    "allowed_by": None,
    "allowed_because": None,
}
_WHY = "Looked at all of them with the customers, ticket 4711."


class Rearming(Reasoned):
    """Why withdrawals may go on, and what becomes of stopped offboardings."""

    model_config = example(parked="released", reason=_WHY)

    parked: Parked = Field(
        strict=False,
        description="released: waiting offboardings go on, no faster than the ceilings allow. "
        "cancelled: they turn back, and nothing more is withdrawn.",
    )


class BreakerCeilings(Wire):
    """How many withdrawals may pass; from the settings."""

    per_run: int = Field(
        description="By one run of a job; by an account's offboardings in a minute: others wait."
    )
    per_account: int = Field(description="Of one account, in a minute.")
    per_minute: int = Field(description="Of all, in a minute.")
    per_hour: int = Field(
        description="Of all except single requests and roll-backs, in an hour: the share."
    )


class BreakerUse(Wire):
    """How much of each ceiling is used now."""

    busiest_run: int
    busiest_account: int
    in_minute: int
    in_hour: int
    advertised: int = Field(description="Routes that are desired on the Internet now.")


class BreakerTrip(Wire):
    """One trip of the breaker."""

    model_config = example(**_TRIP)

    id: Id
    scope: TripScope = Field(
        description="account: its withdrawals stop. job: those of that kind of job. global: all "
        "but requests that name one BGP prefix. Announcements go on."
    )
    subject: str = Field(description="Id of the account, or kind of the job; empty for all.")
    why: str
    at: Time
    rearmed_at: Time | None
    rearmed_by: str | None
    rearmed_because: str | None
    parked: Parked | None = Field(description="What became of the offboardings it had stopped.")


class OpenTrip(BreakerTrip):
    """An open trip, and the offboardings that wait behind it."""

    model_config = example(**_TRIP, waiting=12, prefixes=[_RUN["sample"][0]])

    waiting: int = Field(description="How many prefixes wait.")
    prefixes: list[Id] = Field(description="The first of them.")


class Breaker(Wire):
    """The breaker before every withdrawal."""

    model_config = example(
        ceilings={"per_run": 20, "per_account": 50, "per_minute": 100, "per_hour": 50},
        use={
            "busiest_run": 20,
            "busiest_account": 3,
            "in_minute": 4,
            "in_hour": 50,
            "advertised": 950,
        },
        trips=[{**_TRIP, "waiting": 12, "prefixes": [_RUN["sample"][0]]}],
    )

    ceilings: BreakerCeilings
    use: BreakerUse
    trips: list[OpenTrip]


class JobRun(Wire):
    """A run of a job that had rows to act on."""

    model_config = example(**_RUN)

    at: Time
    request_id: str
    listed: int = Field(description="How many rows it would act on.")
    sample: list[Id] = Field(description="The first of them, prefixes.")
    acted: int
    failed: int = Field(description="Rows that failed by their own fault; each is in the log.")
    refused: str = Field(description="Why it did not act; empty if it might.")
    allowed_at: Time | None
    allowed_by: str | None
    allowed_because: str | None


class Job(Wire):
    """A kind of job."""

    model_config = example(
        kind="offboard",
        stopped=False,
        moved_at=None,
        moved_by=None,
        moved_because=None,
        most=35,
        last=None,
        waiting=_RUN,
    )

    kind: JobKind
    stopped: bool = Field(description="Whether its kill switch is thrown.")
    moved_at: Time | None
    moved_by: str | None
    moved_because: str | None
    most: int | None = Field(description="Rows that its next run may act on; null: any number.")
    last: JobRun | None
    waiting: JobRun | None = Field(description="A refused set that waits for an operator.")


def breaker_of(report: BreakerReport) -> Breaker:
    """The breaker as the wire shows it."""
    counted, ceilings = report.counted, report.ceilings
    return Breaker(
        ceilings=BreakerCeilings.showing(
            ceilings, per_hour=ceilings.shared(counted.advertised, counted.in_window)
        ),
        use=BreakerUse.showing(
            counted,
            busiest_run=counted.in_run,
            busiest_account=counted.by_account,
            in_hour=counted.in_window,
        ),
        trips=[_open_trip(trip, parked) for trip, parked in report.trips],
    )


def trip_of(kept: breaker.KeptTrip) -> BreakerTrip:
    """A trip as the wire shows it."""
    trip = kept.trip
    return BreakerTrip.showing(kept, scope=trip.scope, subject=trip.subject, why=trip.why)


def job_of(report: JobReport) -> Job:
    """A kind of job as the wire shows it."""
    switch = report.switch
    return Job.showing(
        report,
        kind=switch.kind,
        stopped=switch.stopped,
        moved_at=switch.at,
        moved_by=switch.by,
        moved_because=switch.because,
    )


def _open_trip(kept: breaker.KeptTrip, parked: ParkedSet) -> OpenTrip:
    return OpenTrip(**dict(trip_of(kept)), waiting=parked.many, prefixes=parked.claims)
