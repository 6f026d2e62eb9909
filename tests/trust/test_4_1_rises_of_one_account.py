"""Trust, 4.1: prefixes of one account that rise leave others of the registry what a day may bring.

A customer has its own warned as often as it likes: it signs its ROAs for another origin, and then
as they were. What is beyond the breaker of levels is held, and no other account's for that. Where
many accounts rise together it is the registry, or our copy of its data, and the limit is for all.
"""

from datetime import timedelta

from byoip.domain.claims.claim import Claim
from byoip.domain.watch.levels import Level, Signal
from byoip.domain.watch.rises import RiseState
from tests.usecases.routes import Routes, valid
from tests.watch.conftest import database_url, days, routes, services, world, world_engine
from tests.watch.test_3_the_day_slides import rise
from tests.watching import DAY, Days

__all__ = ["database_url", "days", "routes", "services", "world", "world_engine"]  # fixtures

ALLOWED = 5
STEP = timedelta(hours=4)
DONE, HELD = RiseState.DONE, RiseState.HELD


async def of_another(days: Days, *places: int) -> list[Claim]:
    """Prefixes of an account of their own, approved and watched as the first is."""
    account = await days.world.new_account()
    made = []
    for place in places:
        cidr = f"31.{place}.0.0/24"
        made.append(await days.world.approved(cidr, account_id=account))
        days.roas.append(valid(cidr))
        days.rows["ripencc"].append((cidr, "allocated", f"holder-{place}"))
    await days.files()
    await days.snapshot()
    await days.run()
    return made


async def signed(days: Days, origin: int, *claims: Claim) -> None:
    """Their ROAs are for this origin from now on."""
    theirs = {str(one.prefix) for one in claims}
    days.roas = [{**one, "asn": origin} if one["prefix"] in theirs else one for one in days.roas]
    await days.go_on(STEP, step=STEP)


async def warned(days: Days, *claims: Claim) -> int:
    levels = [await days.level(one, Signal.ROA_INVALID) for one in claims]
    return levels.count(Level.WARN)


async def test_4_1_whose_roas_come_and_go_keeps_no_other_account_from_a_warning_and_a_freeze(
    days: Days, routes: Routes
) -> None:
    flood = await days.beside(routes.claim, ALLOWED + 1)
    (other,) = await of_another(days, 61)
    await signed(days, 64501, *flood)
    assert await warned(days, *flood) == ALLOWED
    await signed(days, 64500, *flood)
    await signed(days, 64501, *flood)
    assert await warned(days, *flood) == ALLOWED
    await signed(days, 64501, other)
    assert await warned(days, other) == 1
    (held,) = await days.world.reader.watches.held_rises()
    assert held.rises == 1, "its own beyond the limit is held alone"
    assert not {other.id}.intersection(held.sample)
    await days.go_on(DAY, step=STEP)
    assert await days.frozen_for(other) == {Signal.ROA_INVALID}


async def test_4_1_an_account_counts_for_half_of_what_a_day_allows_and_its_own_for_itself(
    days: Days, routes: Routes
) -> None:
    flood = await days.beside(routes.claim, ALLOWED + 2)
    second, third = await of_another(days, 61, 62, 63, 64), await of_another(days, 65, 66)
    (fourth,) = await of_another(days, 67)
    assert [await rise(days, one) for one in flood] == [DONE] * ALLOWED + [HELD] * 2
    assert [await rise(days, one) for one in second] == [DONE] * 3 + [HELD]
    assert [await rise(days, one) for one in third] == [DONE, HELD]
    assert await rise(days, fourth) is HELD
    assert await rise(days, flood[0]) is DONE, "it is one of those that rose"


async def test_4_1_accounts_that_rise_together_are_held_beyond_the_limit_as_one(
    days: Days, routes: Routes
) -> None:
    together = [routes.claim]
    for place in range(61, 61 + ALLOWED + 1):
        together += await of_another(days, place)
    await signed(days, 64501, *together)
    assert await warned(days, *together) == ALLOWED
    (held,) = await days.world.reader.watches.held_rises()
    assert held.rises == len(together) - ALLOWED == 2
