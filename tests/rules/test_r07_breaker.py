"""R7: ceilings for all accounts, counted in the database; a trip stops its own scope."""

import asyncio
from dataclasses import replace

import pytest

from byoip.domain.claims.claim import Claim
from byoip.domain.history import Actor
from byoip.domain.routes.breaker import (
    Ceilings,
    Parked,
    Source,
    TripNotFound,
    TripScope,
    WithdrawalsStopped,
)
from byoip.usecases.routes import breaker
from byoip.usecases.routes.withdraw import tripping, withdraw
from tests.rules.estate import OPERATOR, WIDE, Estate
from tests.usecases.verbs import Verb


def of(estate: Estate, ceilings: Ceilings) -> Estate:
    return Estate(estate.engine, estate.clock, ceilings)


async def request(estate: Estate, claim: Claim, name: str = "request-1") -> None:
    """What a PATCH of its owner does."""
    await _take_down(estate, claim, Actor("credential:1", name), Source.REQUEST)


async def take_back(estate: Estate, claim: Claim) -> None:
    """What becomes of an announcement that no listener sees."""
    by, job = Actor("worker", "roll_back-1"), "roll_back"
    await _take_down(estate, claim, by, Source.ROLL_BACK, job=job, run="an hour")


async def _take_down(
    estate: Estate, claim: Claim, by: Actor, source: Source, *, job: str = "", run: str = ""
) -> None:
    async with tripping(estate.store), estate.store.transaction(actor=by) as tx:
        await tx.claims.lock(claim.id)
        for route in await tx.bgp_prefixes.of(claim.id):
            if route.desired.advertised:
                await withdraw(tx, route, source=source, job=job, run=run)


async def of_many(estate: Estate, many: int) -> list[Claim]:
    """Prefixes, each of an account of its own."""
    return [await estate.advertised(await estate.account()) for _ in range(many)]


async def open_scopes(estate: Estate) -> list[TripScope]:
    return [trip.trip.scope for trip, _ in (await estate.guards.breaker()).trips]


async def test_one_customers_flood_never_blocks_anothers_urgent_withdrawal(estate: Estate) -> None:
    estate = of(estate, replace(WIDE, per_account=3, per_minute=3))
    flooding, urgent = await estate.account(), await estate.account()
    flood = [await estate.advertised(flooding) for _ in range(5)]
    attacked = await estate.advertised(urgent)
    for claim in flood[:3]:
        await request(estate, claim)
    for claim in flood[3:]:
        with pytest.raises(WithdrawalsStopped):
            await request(estate, claim)
    assert await estate.up(*flood) == 2
    await request(estate, attacked)  # although the ceiling of all is reached as well
    assert await estate.up(attacked) == 0
    assert set(await open_scopes(estate)) == {TripScope.ACCOUNT, TripScope.GLOBAL}
    with pytest.raises(WithdrawalsStopped):
        await request(estate, flood[3])


async def test_a_trip_is_told_to_operators_once_with_its_reason(estate: Estate) -> None:
    estate = of(estate, replace(WIDE, per_account=1))
    account_id = await estate.account()
    claims = [await estate.advertised(account_id) for _ in range(3)]
    await request(estate, claims[0])
    for claim in claims[1:]:
        with pytest.raises(WithdrawalsStopped):
            await request(estate, claim)
    assert await estate.operators() == ["breaker.tripped"]
    reason = await estate.one("SELECT reason FROM operator_events")
    assert reason == "1 withdrawals of one account within a minute"


async def test_jobs_take_no_more_than_their_share_and_the_rest_is_parked(estate: Estate) -> None:
    estate = of(estate, replace(WIDE, share=0.1, least=2))
    claims = await of_many(estate, 30)
    for claim in claims[:10]:
        await estate.offboard(claim)
    await estate.go_on()
    await estate.go_on()
    assert await estate.up(*claims) == 27
    [(trip, parked)] = (await estate.guards.breaker()).trips
    assert (trip.trip.scope, parked.many) == (TripScope.GLOBAL, 7)
    await request(estate, claims[20])  # an owner may still withdraw
    assert await estate.up(claims[20]) == 0
    assert {await estate.bound(claim) for claim in claims[3:10]} == {1}


async def test_a_small_fleet_loses_ten_in_an_hour_and_then_a_person_looks(estate: Estate) -> None:
    estate = of(estate, Ceilings())
    claims = await of_many(estate, 12)
    for claim in claims:
        await estate.offboard(claim)
    await estate.go_on()
    assert await estate.up(*claims) == 2
    assert await open_scopes(estate) == [TripScope.GLOBAL]


async def test_one_customer_leaves_a_small_fleet_and_the_next_one_too(estate: Estate) -> None:
    estate = of(estate, Ceilings())
    first, second = await estate.account(), await estate.account()
    large = [await estate.advertised(first, 1, 2, 3) for _ in range(2)]
    small = await estate.advertised(second, 1)
    for claim in (*large, small):
        await estate.offboard(claim)
    await estate.go_on()
    assert await estate.up(*large, small) == 0
    assert await open_scopes(estate) == []


async def test_a_large_offboarding_goes_at_its_pace_and_holds_no_other_up(estate: Estate) -> None:
    estate = of(estate, replace(WIDE, per_run=2))
    account_id = await estate.account()
    large, other = await estate.advertised(account_id, 1, 2, 3), await estate.advertised(account_id)
    others = await estate.advertised(await estate.account())
    for claim in (large, others):
        await estate.offboard(claim)
    for left in (2, 0):
        await estate.go_on()
        await estate.go_on()
        assert await estate.up(large) == left
        await estate.later(minutes=61)
    assert await estate.up(others) == 0
    await request(estate, other)
    await estate.go_on()
    assert await estate.step(large) == "grace"
    assert await estate.operators() == []


async def test_one_accounts_offboardings_leave_room_in_the_hours_share(estate: Estate) -> None:
    estate = of(estate, replace(WIDE, share=0.1, least=5))
    first, second = await estate.account(), await estate.account()
    large = [await estate.advertised(first) for _ in range(7)]
    small = await estate.advertised(second)
    for claim in (*large, small):
        await estate.offboard(claim)
    await estate.go_on()
    assert (await estate.up(*large), await estate.up(small)) == (3, 0)
    assert await open_scopes(estate) == []
    await estate.later(minutes=61)
    await estate.go_on()
    assert await estate.up(*large) == 0


async def test_roll_backs_count_for_their_own_job_and_not_in_the_share(estate: Estate) -> None:
    estate = of(estate, replace(WIDE, per_run=3, share=0.1, least=2))
    claims = await of_many(estate, 6)
    for claim in claims[:3]:
        await take_back(estate, claim)
    with pytest.raises(WithdrawalsStopped):
        await take_back(estate, claims[3])
    assert await open_scopes(estate) == [TripScope.JOB]
    for claim in claims[4:]:
        await estate.offboard(claim)
    await estate.go_on()
    assert await estate.up(*claims[4:]) == 0


async def test_what_is_released_goes_on_at_the_ceilings_pace_and_trips_nothing(
    estate: Estate,
) -> None:
    estate = of(estate, replace(WIDE, share=0.1, least=2))
    claims = await of_many(estate, 20)
    for claim in claims[:8]:
        await estate.offboard(claim)
    await estate.go_on()
    assert await estate.up(*claims) == 18
    await estate.rearm(Parked.RELEASED)
    for _ in range(3):
        await estate.go_on()
    assert await estate.up(*claims) == 16  # two more in this hour
    assert await open_scopes(estate) == []
    await estate.later(minutes=61)
    await estate.go_on()
    assert await estate.up(*claims) == 14
    assert await estate.operators() == ["breaker.tripped", "breaker.rearmed"]


async def test_what_is_cancelled_turns_back_and_nothing_more_is_withdrawn(estate: Estate) -> None:
    estate = of(estate, replace(WIDE, share=0.1, least=2))
    claims = await of_many(estate, 10)
    for claim in claims[:5]:
        await estate.offboard(claim)
    await estate.go_on()
    await estate.rearm(Parked.CANCELLED)
    for _ in range(3):
        await estate.go_on()
    assert await estate.up(*claims) == 8
    for claim in claims[2:5]:
        assert await estate.state(claim) == ("approved", "ok")
        assert (await estate.kinds(claim))[-1][0] == "offboarding.cancelled"


async def test_a_named_person_rearms_once(estate: Estate) -> None:
    estate = of(estate, replace(WIDE, per_account=1))
    account_id = await estate.account()
    claims = [await estate.advertised(account_id) for _ in range(2)]
    await request(estate, claims[0])
    with pytest.raises(WithdrawalsStopped):
        await request(estate, claims[1])
    [(trip, _)] = (await estate.guards.breaker()).trips
    rearm = Verb(estate.store, breaker.rearm)
    kept = await rearm(trip.id, parked=Parked.RELEASED, reason="looked", name="Ada", by=OPERATOR)
    assert (kept.rearmed_by, kept.rearmed_because) == ("Ada (operator:1)", "looked")
    await request(estate, claims[1])  # what was counted before counts no longer
    with pytest.raises(TripNotFound):
        await rearm(trip.id, parked=Parked.RELEASED, reason="again", name="Ada", by=OPERATOR)


async def test_a_retry_is_not_counted_twice(estate: Estate) -> None:
    claim = await estate.advertised(await estate.account())
    for _ in range(5):
        await request(estate, claim)
    assert await estate.one("SELECT count(*) FROM withdrawals") == 1


async def test_many_at_once_never_pass_the_ceiling(estate: Estate) -> None:
    estate = of(estate, replace(WIDE, per_account=4))
    account_id = await estate.account()
    claims = [await estate.advertised(account_id) for _ in range(12)]
    ended = await asyncio.gather(
        *(request(estate, claim) for claim in claims), return_exceptions=True
    )
    assert sum(isinstance(one, WithdrawalsStopped) for one in ended) == 8
    assert await estate.up(*claims) == 8


async def test_announcements_go_on(estate: Estate) -> None:
    estate = of(estate, replace(WIDE, per_account=1))
    account_id = await estate.account()
    first, second = [await estate.advertised(account_id) for _ in range(2)]
    await estate.offboard(first)
    await estate.go_on()
    with pytest.raises(WithdrawalsStopped):
        await request(estate, second)
    assert (await estate.restore(first)).withheld == ()
    assert await estate.up(first, second) == 2
