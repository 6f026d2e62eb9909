from uuid import UUID

import pytest

from byoip.domain.routes import breaker

ACCOUNT = UUID(int=7)
CALM = breaker.Counted(in_run=0, by_account=0, in_minute=0, in_window=0, advertised=1000)
CEILINGS = breaker.Ceilings(per_run=3, per_account=5, per_minute=10, share=0.05, least=2)


def withdrawal(source: breaker.Source, job: str = "") -> breaker.Withdrawal:
    return breaker.Withdrawal(UUID(int=1), ACCOUNT, 3, source, job, "run" if job else "")


BY_REQUEST = withdrawal(breaker.Source.REQUEST)
BY_JOB = withdrawal(breaker.Source.JOB, "clean_up")
LEAVING = withdrawal(breaker.Source.OFFBOARDING, "offboard")
BACK = withdrawal(breaker.Source.ROLL_BACK, "roll_back")


@pytest.mark.parametrize("asked", [BY_REQUEST, BY_JOB, LEAVING, BACK])
def test_a_calm_hour_trips_nothing(asked: breaker.Withdrawal) -> None:
    assert breaker.trips(asked, CALM, CEILINGS) == ()


@pytest.mark.parametrize(
    ("asked", "counted", "tripped"),
    [
        (BY_REQUEST, breaker.Counted(0, 5, 5, 0, 1000), [(breaker.TripScope.ACCOUNT, True)]),
        (BY_REQUEST, breaker.Counted(0, 4, 10, 0, 1000), [(breaker.TripScope.GLOBAL, False)]),
        (BY_REQUEST, breaker.Counted(0, 0, 0, 999, 1000), []),
        (BY_JOB, breaker.Counted(3, 0, 3, 3, 1000), [(breaker.TripScope.JOB, True)]),
        (BY_JOB, breaker.Counted(0, 0, 10, 0, 1000), [(breaker.TripScope.GLOBAL, True)]),
        (BY_JOB, breaker.Counted(0, 0, 0, 2, 3), [(breaker.TripScope.GLOBAL, True)]),
        (BY_JOB, breaker.Counted(0, 0, 0, 1, 3), []),
        (BY_JOB, breaker.Counted(0, 5, 0, 0, 1000), [(breaker.TripScope.ACCOUNT, True)]),
        (LEAVING, breaker.Counted(3, 0, 3, 3, 1000), []),
        (LEAVING, breaker.Counted(0, 0, 0, 50, 950), [(breaker.TripScope.GLOBAL, True)]),
        (BACK, breaker.Counted(0, 0, 0, 50, 950), []),
        (BACK, breaker.Counted(3, 0, 3, 0, 1000), [(breaker.TripScope.JOB, True)]),
    ],
    ids=[
        "an account's flood",
        "all accounts' flood does not stop a request",
        "jobs' share does not count requests out",
        "one run of a job",
        "all accounts' flood stops a job",
        "a small fleet's share",
        "a small fleet may lose two in an hour",
        "a job that takes one account down",
        "a large offboarding trips nothing",
        "offboardings of many",
        "what is rolled back is no loss to the fleet",
        "too many roll-backs",
    ],
)
def test_each_ceiling_trips_its_own_scope(
    asked: breaker.Withdrawal,
    counted: breaker.Counted,
    tripped: list[tuple[breaker.TripScope, bool]],
) -> None:
    found = breaker.trips(asked, counted, CEILINGS)
    assert [(one.scope, one.stops(asked)) for one in found] == tripped


@pytest.mark.parametrize(
    ("counted", "waits"),
    [
        (breaker.Counted(0, 0, 0, 0, 1000, 2, 2), False),
        (breaker.Counted(0, 0, 0, 0, 1000, 3, 3), True),
        (breaker.Counted(0, 0, 0, 39, 961, 0, 39), False),
        (breaker.Counted(0, 0, 0, 40, 960, 0, 40), True),
        (breaker.Counted(0, 0, 0, 0, 1, 0, 0), False),
    ],
    ids=["room in the minute", "none", "room in the hour", "none left for it", "always one"],
)
def test_offboardings_of_an_account_go_at_a_pace(counted: breaker.Counted, waits: bool) -> None:
    assert breaker.awaits_room(LEAVING, counted, CEILINGS) is waits
    assert not breaker.awaits_room(BY_JOB, counted, CEILINGS)


def test_an_ordinary_customer_leaves_the_smallest_fleet_at_once() -> None:
    assert breaker.Ceilings().of_one_account(8, 0) == 8


def test_the_share_is_of_what_was_there_when_the_hour_began() -> None:
    ceilings = breaker.Ceilings(share=0.05, least=2)
    assert [ceilings.shared(100 - gone, gone) for gone in (0, 3, 5)] == [5, 5, 5]
    assert ceilings.shared(0, 0) == 2


def test_one_customers_trip_is_not_anothers() -> None:
    other = breaker.Withdrawal(UUID(int=2), UUID(int=8), 3, breaker.Source.REQUEST)
    trip = breaker.Trip(breaker.TripScope.ACCOUNT, ACCOUNT.hex, "")
    assert trip.stops(BY_REQUEST)
    assert trip.stops(BY_JOB)
    assert not trip.stops(other)
    assert not breaker.Trip(breaker.TripScope.GLOBAL, "", "").stops(BY_REQUEST)
    assert not breaker.Trip(breaker.TripScope.JOB, "offboard", "").stops(BY_REQUEST)
