"""R7: ceilings for everybody, counted in the database; a trip stops its own scope."""

import asyncio
from dataclasses import replace

import pytest

from byoip.domain.breaker import Ceilings, Parked, Scope, Source, TripNotFound, WithdrawalsStopped
from byoip.domain.claim import Claim
from byoip.ports.store import By
from byoip.usecases.rearm_breaker import RearmBreaker
from byoip.usecases.withdrawing import tripping, withdraw
from tests.rules.fleet import OPERATOR, WIDE, Fleet


def of(fleet: Fleet, ceilings: Ceilings) -> Fleet:
    return Fleet(fleet.engine, fleet.clock, ceilings)


async def request(fleet: Fleet, claim: Claim, name: str = "request-1") -> None:
    """What a PATCH of its owner does."""
    by, now = By("credential:1", name), fleet.clock.now()
    async with tripping(fleet.store, fleet.clock), fleet.store.transaction() as shelf:
        await shelf.claims.lock(claim.id)
        for route in await shelf.bgp_prefixes.of(claim.id):
            if route.desired.advertised:
                await withdraw(shelf, route, by=by, now=now, source=Source.REQUEST)


async def open_scopes(fleet: Fleet) -> list[Scope]:
    return [trip.trip.scope for trip, _ in (await fleet.guards.breaker()).trips]


async def test_one_customers_flood_never_blocks_anothers_urgent_withdrawal(fleet: Fleet) -> None:
    fleet = of(fleet, replace(WIDE, per_account=3, per_minute=3))
    flooding, urgent = await fleet.account(), await fleet.account()
    flood = [await fleet.advertised(flooding) for _ in range(5)]
    attacked = await fleet.advertised(urgent)
    for claim in flood[:3]:
        await request(fleet, claim)
    for claim in flood[3:]:
        with pytest.raises(WithdrawalsStopped):
            await request(fleet, claim)
    assert await fleet.up(*flood) == 2
    await request(fleet, attacked)  # although everybody's ceiling is reached as well
    assert await fleet.up(attacked) == 0
    assert set(await open_scopes(fleet)) == {Scope.ACCOUNT, Scope.GLOBAL}
    with pytest.raises(WithdrawalsStopped):
        await request(fleet, flood[3])


async def test_a_trip_is_told_to_operators_once_with_its_reason(fleet: Fleet) -> None:
    fleet = of(fleet, replace(WIDE, per_account=1))
    account_id = await fleet.account()
    claims = [await fleet.advertised(account_id) for _ in range(3)]
    await request(fleet, claims[0])
    for claim in claims[1:]:
        with pytest.raises(WithdrawalsStopped):
            await request(fleet, claim)
    assert await fleet.operators() == ["breaker.tripped"]
    reason = await fleet.one("SELECT reason FROM operator_events")
    assert reason == "1 withdrawals of one account within a minute"


async def test_jobs_take_no_more_than_their_share_and_the_rest_is_parked(fleet: Fleet) -> None:
    fleet = of(fleet, replace(WIDE, share=0.1, least=2))
    account_id = await fleet.account()
    claims = [await fleet.advertised(account_id) for _ in range(30)]
    for claim in claims[:10]:
        await fleet.offboard(claim)
    await fleet.go_on()
    await fleet.go_on()
    assert await fleet.up(*claims) == 27
    [(trip, parked)] = (await fleet.guards.breaker()).trips
    assert (trip.trip.scope, parked.many) == (Scope.GLOBAL, 7)
    await request(fleet, claims[20])  # an owner may still withdraw
    assert await fleet.up(claims[20]) == 0
    assert {await fleet.bound(claim) for claim in claims[3:10]} == {1}


async def test_a_small_fleet_loses_two_in_an_hour_and_then_a_person_looks(fleet: Fleet) -> None:
    fleet = of(fleet, Ceilings())
    account_id = await fleet.account()
    claims = [await fleet.advertised(account_id) for _ in range(4)]
    for claim in claims:
        await fleet.offboard(claim)
    await fleet.go_on()
    assert await fleet.up(*claims) == 2


async def test_what_is_released_goes_on_at_the_ceilings_pace_and_trips_nothing(
    fleet: Fleet,
) -> None:
    fleet = of(fleet, replace(WIDE, share=0.1, least=2))
    account_id = await fleet.account()
    claims = [await fleet.advertised(account_id) for _ in range(20)]
    for claim in claims[:8]:
        await fleet.offboard(claim)
    await fleet.go_on()
    assert await fleet.up(*claims) == 18
    await fleet.rearm(Parked.RELEASED)
    for _ in range(3):
        await fleet.go_on()
    assert await fleet.up(*claims) == 16  # two more in this hour
    assert await open_scopes(fleet) == []
    await fleet.run(_AN_HOUR_LATER)
    await fleet.go_on()
    assert await fleet.up(*claims) == 14
    assert await fleet.operators() == ["breaker.tripped", "breaker.rearmed"]


async def test_what_is_cancelled_turns_back_and_nothing_more_is_withdrawn(fleet: Fleet) -> None:
    fleet = of(fleet, replace(WIDE, share=0.1, least=2))
    account_id = await fleet.account()
    claims = [await fleet.advertised(account_id) for _ in range(10)]
    for claim in claims[:5]:
        await fleet.offboard(claim)
    await fleet.go_on()
    await fleet.rearm(Parked.CANCELLED)
    for _ in range(3):
        await fleet.go_on()
    assert await fleet.up(*claims) == 8
    for claim in claims[2:5]:
        assert await fleet.state(claim) == ("approved", "ok")
        assert (await fleet.kinds(claim))[-1][0] == "offboarding.cancelled"


async def test_a_run_of_one_job_stops_that_job_only(fleet: Fleet) -> None:
    fleet = of(fleet, replace(WIDE, per_run=2))
    account_id = await fleet.account()
    large, other = await fleet.advertised(account_id, 1, 2, 3), await fleet.advertised(account_id)
    await fleet.offboard(large)
    await fleet.go_on()
    assert await fleet.up(large) == 2
    assert await open_scopes(fleet) == [Scope.JOB]
    await request(fleet, other)
    await fleet.rearm(Parked.RELEASED)
    await fleet.go_on()
    assert await fleet.up(large) == 0


async def test_a_named_person_rearms_once(fleet: Fleet) -> None:
    fleet = of(fleet, replace(WIDE, per_account=1))
    account_id = await fleet.account()
    claims = [await fleet.advertised(account_id) for _ in range(2)]
    await request(fleet, claims[0])
    with pytest.raises(WithdrawalsStopped):
        await request(fleet, claims[1])
    [(trip, _)] = (await fleet.guards.breaker()).trips
    rearm = RearmBreaker(fleet.store, fleet.clock)
    kept = await rearm(trip.id, parked=Parked.RELEASED, reason="looked", name="Ada", by=OPERATOR)
    assert (kept.rearmed_by, kept.rearmed_because) == ("Ada (operator:1)", "looked")
    await request(fleet, claims[1])  # what was counted before counts no longer
    with pytest.raises(TripNotFound):
        await rearm(trip.id, parked=Parked.RELEASED, reason="again", name="Ada", by=OPERATOR)


async def test_a_retry_is_not_counted_twice(fleet: Fleet) -> None:
    claim = await fleet.advertised(await fleet.account())
    for _ in range(5):
        await request(fleet, claim)
    assert await fleet.one("SELECT count(*) FROM withdrawals") == 1


async def test_many_at_once_never_pass_the_ceiling(fleet: Fleet) -> None:
    fleet = of(fleet, replace(WIDE, per_account=4))
    account_id = await fleet.account()
    claims = [await fleet.advertised(account_id) for _ in range(12)]
    ended = await asyncio.gather(
        *(request(fleet, claim) for claim in claims), return_exceptions=True
    )
    assert sum(isinstance(one, WithdrawalsStopped) for one in ended) == 8
    assert await fleet.up(*claims) == 8


async def test_announcements_go_on(fleet: Fleet) -> None:
    fleet = of(fleet, replace(WIDE, per_account=1))
    account_id = await fleet.account()
    first, second = [await fleet.advertised(account_id) for _ in range(2)]
    await fleet.offboard(first)
    await fleet.go_on()
    with pytest.raises(WithdrawalsStopped):
        await request(fleet, second)
    assert (await fleet.restore(first)).withheld == ()
    assert await fleet.up(first, second) == 2


# The ledger is only added to; for a test, time has passed on the database's clock.
_AN_HOUR_LATER = """
DO $$ BEGIN
    ALTER TABLE withdrawals DISABLE TRIGGER USER;
    ALTER TABLE breaker_trips DISABLE TRIGGER USER;
    UPDATE withdrawals SET at = at - interval '61 minutes';
    UPDATE breaker_trips SET rearmed_at = rearmed_at - interval '61 minutes';
    ALTER TABLE withdrawals ENABLE TRIGGER USER;
    ALTER TABLE breaker_trips ENABLE TRIGGER USER;
END $$
"""
