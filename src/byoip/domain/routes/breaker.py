"""The breaker: how many routes may be withdrawn, and how fast, before a person has to look.

Theory of operation. Every withdrawal has an entry in a ledger in the database, whether a request,
an offboarding, a roll-back or another job asks for it. Entries are made one at a time, under a
lock, and before its entry a withdrawal passes three gates. This file decides from the counts:

    withdrawal --> 1. open trip? --> 2. no room? --> 3. ceiling? --> ledger entry, then withdrawn
                       | yes            | yes           | yes
                       v                v               v
               WithdrawalsStopped   RoomAwaited    CeilingReached: a trip opens, and stops what
               until an operator    offboardings   it covers until an operator re-arms it; what
               re-arms the trip     go on later    was counted before then counts no longer

A trip covers one account, one kind of job, or (GLOBAL) everything except requests that name one
BGP prefix; these may open a GLOBAL trip, and still pass. So one customer's flood never blocks
another's urgent withdrawal, and no job takes the fleet down. Offboardings wait for room, at the
pace of one account, before they would reach a ceiling. Announcements always go on. What counts are
routes: one that flaps counts once, and waits before it is announced again (`flaps.py`).

The refused transaction is rolled back, so the trip is kept in one of its own: see `tripping` in
`usecases/routes/withdraw.py`. The counting is in `store/routes/breaker.py`.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil
from types import MappingProxyType
from typing import Final
from uuid import UUID

from byoip.domain.errors import Refusal

MINUTE = timedelta(minutes=1)
SHARE_WINDOW = timedelta(hours=1)
_ONE_ACCOUNTS = 0.8  # of the share: while one account leaves, others can leave in the same hour


class Source(StrEnum):
    """What withdraws a route."""

    REQUEST = "request"  # an authenticated request that names one BGP prefix
    OFFBOARDING = "offboarding"
    ROLL_BACK = "roll_back"  # of an announcement that was answered "absent"
    JOB = "job"  # any other job: none withdraws today, and each that comes is counted


# Not counted in the share of an hour: an owner's own request, and a route that never worked.
UNSHARED: Final = frozenset({Source.REQUEST, Source.ROLL_BACK})


class TripScope(StrEnum):
    """What a trip stops."""

    ACCOUNT = "account"  # all withdrawals of one account
    JOB = "job"  # one kind of job
    GLOBAL = "global"  # everything but requests that name one BGP prefix


class WithdrawalsStopped(Refusal):
    """The breaker is open: nothing was changed, and what is announced stays announced."""

    name = "withdrawals_stopped"

    def __init__(self, scope: TripScope) -> None:
        whose = {
            TripScope.ACCOUNT: "of this account are",
            TripScope.JOB: "by this job are",
            TripScope.GLOBAL: "by jobs and offboarding are",
        }[scope]
        super().__init__(
            f"Withdrawals {whose} stopped: too many in too short a time. Nothing was changed; the "
            "operator has to look at them and re-arm the breaker."
        )


class TripNotFound(Refusal):
    """There is no such trip, or it was re-armed before."""

    name = "trip_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such open trip: see GET /operator/breaker.")


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A request to withdraw one route.

    Attributes:
        change: the number of the desired change that does it; each is counted once.
        job: the kind of job, where one does it; else empty.
        run: the name of that job's run; else empty.
    """

    bgp_prefix_id: UUID
    account_id: UUID
    change: int
    source: Source
    job: str = ""
    run: str = ""


@dataclass(frozen=True, slots=True)
class Counted:
    """Of how many other routes the ledger has withdrawals, since the breaker was re-armed.

    Attributes:
        in_run: by the same run of the same job.
        by_account: of the account, in the last minute.
        in_minute: of all, in the last minute.
        in_window: of all except single requests and roll-backs (what is rolled back never worked),
            in the last hour.
        advertised: routes that are desired on the Internet now.
        leaving_in_minute: by the account's offboardings, in the last minute.
        leaving_in_window: by the account's offboardings, in the last hour.
    """

    in_run: int
    by_account: int
    in_minute: int
    in_window: int
    advertised: int
    leaving_in_minute: int = 0
    leaving_in_window: int = 0


@dataclass(frozen=True, slots=True)
class Ceilings:
    """How many withdrawals may pass.

    Attributes:
        per_run: by one run of a job; and by all offboardings of an account in a minute.
        per_account: of one account, in a minute.
        per_minute: of all, in a minute.
        share: of what is advertised, by anything but single requests and roll-backs, in an hour.
        least: that share is at least so many, or no customer could leave a small fleet.
    """

    per_run: int = 20
    per_account: int = 50
    per_minute: int = 100
    share: float = 0.05
    least: int = 10

    def shared(self, advertised: int, gone: int) -> int:
        """The share as a number of routes, of those that were advertised when the hour began."""
        return max(self.least, ceil(self.share * (advertised + gone)))

    def of_one_account(self, advertised: int, gone: int) -> int:
        """How many of those the offboardings of one account may use."""
        return max(1, int(_ONE_ACCOUNTS * self.shared(advertised, gone)))


@dataclass(frozen=True, slots=True)
class Trip:
    """An open breaker.

    Attributes:
        subject: the account as 32 hex digits, or the kind of job; empty for all.
        why: the ceiling, for people.
    """

    scope: TripScope
    subject: str
    why: str

    def stops(self, asked: Withdrawal) -> bool:
        """Whether this withdrawal must wait for a person."""
        match self.scope:
            case TripScope.ACCOUNT:
                return self.subject == asked.account_id.hex
            case TripScope.JOB:
                return bool(asked.job) and self.subject == asked.job
            case TripScope.GLOBAL:
                return asked.source is not Source.REQUEST


class Parked(StrEnum):
    """What becomes of the offboardings that a trip has stopped, when it is re-armed."""

    RELEASED = "released"  # they go on, no faster than the ceilings allow
    CANCELLED = "cancelled"  # they turn back: nothing more is withdrawn


@dataclass(frozen=True, slots=True)
class KeptTrip:
    """A trip as the database keeps it.

    Attributes:
        rearmed_by: the name and id of the operator's credential.
        parked: what became of the offboardings that it stopped; None while it is open.
    """

    id: UUID
    trip: Trip
    at: datetime
    rearmed_at: datetime | None = None
    rearmed_by: str | None = None
    rearmed_because: str | None = None
    parked: Parked | None = None


class CeilingReached(Exception):  # noqa: N818 - becomes a trip, in a transaction of its own
    """One more would be too many. Nothing was counted.

    Attributes:
        actor, request_id: of the withdrawal; the trip's event names them.
    """

    def __init__(
        self, trips: Collection[Trip], asked: Withdrawal, *, actor: str = "", request_id: str = ""
    ) -> None:
        super().__init__("; ".join(one.why for one in trips))
        self.trips = tuple(trips)
        self.asked = asked
        self.actor = actor
        self.request_id = request_id

    @property
    def refusal(self) -> WithdrawalsStopped:
        """What the caller is told."""
        return WithdrawalsStopped(next(one for one in self.trips if one.stops(self.asked)).scope)


class RoomAwaited(Exception):  # noqa: N818 - a state of affairs: it goes on when time has passed
    """The account's offboardings have used their part for now. Nothing was counted or tripped.

    No person has to look when an owner leaves with hundreds of routes: they go at this pace, and
    other accounts are not held up.
    """


WINDOWS: Final[Mapping[str, timedelta]] = MappingProxyType(
    {
        "leaving_in_minute": MINUTE,
        "by_account": MINUTE,
        "in_minute": MINUTE,
        "leaving_in_window": SHARE_WINDOW,
        "in_window": SHARE_WINDOW,
    }
)
"""For how long each count of `Counted` counts a withdrawal."""


def crowded(counted: Counted, ceilings: Ceilings) -> Mapping[str, int]:
    """By count: how many of its routes have to be past before one more of an offboarding goes."""
    most = {
        "leaving_in_minute": ceilings.per_run,
        "by_account": ceilings.per_account,
        "in_minute": ceilings.per_minute,
        "leaving_in_window": ceilings.of_one_account(counted.advertised, counted.in_window),
        "in_window": ceilings.shared(counted.advertised, counted.in_window),
    }
    over = {name: getattr(counted, name) + 1 - many for name, many in most.items()}
    return {name: many for name, many in over.items() if many > 0}


def awaits_room(asked: Withdrawal, counted: Counted, ceilings: Ceilings) -> bool:
    """Whether an offboarding has to wait for a minute, or an hour, to pass."""
    if asked.source is not Source.OFFBOARDING:
        return False
    part = ceilings.of_one_account(counted.advertised, counted.in_window)
    return counted.leaving_in_minute >= ceilings.per_run or counted.leaving_in_window >= part


def trips(asked: Withdrawal, counted: Counted, ceilings: Ceilings) -> tuple[Trip, ...]:
    """The breakers that one more withdrawal would trip, whether they stop it or not."""
    return tuple(_trips(asked, counted, ceilings))


def _trips(asked: Withdrawal, counted: Counted, ceilings: Ceilings) -> Iterator[Trip]:
    if counted.by_account >= ceilings.per_account:
        why = f"{counted.by_account} withdrawals of one account within a minute"
        yield Trip(TripScope.ACCOUNT, asked.account_id.hex, why)
    # Offboardings go at a pace instead: see `awaits_room`.
    run_ends = asked.job and asked.source is not Source.OFFBOARDING
    if run_ends and counted.in_run >= ceilings.per_run:
        yield Trip(
            TripScope.JOB, asked.job, f"{counted.in_run} withdrawals by one run of {asked.job}"
        )
    if counted.in_minute >= ceilings.per_minute:
        yield Trip(TripScope.GLOBAL, "", f"{counted.in_minute} withdrawals within a minute")
    share = ceilings.shared(counted.advertised, counted.in_window)
    if asked.source not in UNSHARED and counted.in_window >= share:
        why = f"{counted.in_window} withdrawals by jobs within an hour, of {counted.advertised}"
        yield Trip(TripScope.GLOBAL, "", f"{why} that are still advertised")
