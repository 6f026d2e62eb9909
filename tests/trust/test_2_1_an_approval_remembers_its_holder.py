"""Trust, 2.1: who holds the space by the registries' files is known from the very approval on.

Not from the next run of a job: a minute is enough to leave, to sell, or for a new file to come, and
what was known of the space before the approval is known no more.
"""

from datetime import timedelta
from functools import partial

import pytest

from byoip.domain.checks.validation_run import RunResult
from byoip.domain.claims.claim import Claim
from byoip.domain.watch.levels import Signal
from byoip.usecases.claims import moves, prefixes, reopen, standing
from tests.store.samples import BY
from tests.trust.contests import OPERATOR, WHY, remove, revoke
from tests.trust.test_2_1_space_given_up_before_the_sale import given_up
from tests.trust.test_2_1_space_left_to_an_accomplice import looked_at
from tests.usecases.routes import Routes, valid
from tests.usecases.verbs import Verb
from tests.usecases.world import CIDR
from tests.watch.conftest import database_url, days, routes, services, world, world_engine
from tests.watch.test_5_disputes import open_ones
from tests.watch.test_5_disputes_won import result
from tests.watch.test_5_holders import sold
from tests.watching import DAY, Days

__all__ = ["database_url", "days", "routes", "services", "world", "world_engine"]  # fixtures

MOMENT = timedelta(seconds=1)


async def proves(days: Days, claim: Claim) -> RunResult | None:
    await days.world.prove(claim)
    await days.snapshot()
    return await result(days, claim)


async def another(days: Days, cidr: str = CIDR) -> Claim:
    return await days.world.claim(cidr, account_id=await days.world.new_account())


async def approve(days: Days, claim: Claim) -> None:
    days.world.clock.advance(MOMENT)
    await Verb(days.world.store, standing.approve)(claim.id, reason=WHY, by=OPERATOR)
    days.world.clock.advance(MOMENT)


async def sell(days: Days, *, to: str = "buyer", files: int = 2) -> None:
    for _ in range(files):
        await sold(days, (CIDR, "allocated", to))


async def put_back(days: Days, routes: Routes) -> None:
    again = Verb(routes.store, partial(reopen.reopen, terms=days.world.terms))
    await again(*routes.ids, by=BY)


async def approved_again(days: Days, routes: Routes, how: str) -> None:
    """Brought back and proven, as no job runs."""
    await looked_at(days, routes)
    if how == "removed":
        await given_up(routes)
        await put_back(days, routes)
    else:
        await routes.patch(advertised=False)
        await routes.unbind()
        await revoke(days.world, routes.claim)
    days.world.clock.advance(MOMENT)
    await days.world.issue(routes.claim)
    assert await proves(days, routes.claim) is RunResult.APPROVED


@pytest.mark.parametrize("who", ["itself", "accomplice"])
@pytest.mark.parametrize("how", ["removed", "revoked"])
async def test_2_1_of_one_that_is_approved_again_and_leaves_within_the_minute(
    days: Days, routes: Routes, how: str, who: str
) -> None:
    await approved_again(days, routes, how)
    await remove(days.world, routes.claim)
    await sell(days)
    other = await (days.world.claim() if who == "itself" else another(days))
    assert await proves(days, other) is RunResult.CONTESTED


async def test_2_1_of_one_that_moves_away_within_the_minute(days: Days, routes: Routes) -> None:
    await approved_again(days, routes, "removed")
    third = await days.world.new_account()
    offer = Verb(days.world.store, moves.offer)
    made = await offer(*routes.ids, to_account_id=third, by=BY)
    accept = Verb(days.world.store, partial(moves.accept, terms=days.world.terms))
    await accept(third, made.id, by=BY)
    await Verb(days.world.store, prefixes.remove)(third, routes.claim.id, by=BY)
    await sell(days)
    assert await proves(days, await days.world.claim()) is RunResult.CONTESTED


async def test_2_1_of_an_accomplice_that_is_approved_for_a_moment_before_the_sale(
    days: Days, routes: Routes
) -> None:
    """It is no account that was approved since: by what it proved then it has no say now."""
    await looked_at(days, routes)
    await given_up(routes)
    days.world.clock.advance(MOMENT)
    other = await another(days)
    assert await proves(days, other) is RunResult.APPROVED
    await remove(days.world, other)
    await sell(days)
    anew = await days.world.claim(account_id=other.account_id)
    assert await proves(days, anew) is RunResult.CONTESTED


async def test_2_1_of_one_that_the_operator_has_approved(days: Days, routes: Routes) -> None:
    await looked_at(days, routes)
    await sell(days)
    await given_up(routes)
    buyer = await another(days)
    assert await proves(days, buyer) is RunResult.CONTESTED
    await approve(days, buyer)
    await remove(days.world, buyer)
    await sell(days, to="third")
    anew = await days.world.claim(account_id=buyer.account_id)
    assert await proves(days, anew) is RunResult.CONTESTED


async def test_2_1_a_file_that_comes_in_that_minute_names_another(
    days: Days, routes: Routes
) -> None:
    await looked_at(days, routes)
    await given_up(routes)
    days.world.clock.advance(MOMENT)
    anew = await days.world.claim()
    assert await proves(days, anew) is RunResult.APPROVED
    await sell(days, files=3)
    assert await days.frozen_for(anew) == {Signal.HOLDER}
    assert await proves(days, await another(days)) is RunResult.CONTESTED
    assert len(await open_ones(days)) == 1


@pytest.mark.parametrize("who", ["itself", "accomplice"])
async def test_2_1_one_of_two_holders_of_a_prefix_who_has_all_of_it_since_is_another(
    days: Days, routes: Routes, who: str
) -> None:
    """One half was the seller's, the other lent by who buys the first: no id is new there."""
    account = await days.world.new_account()
    wide = await days.world.approved("31.4.0.0/22", account_id=account)
    of = days.rows["ripencc"]
    of += [("31.4.0.0/23", "allocated", "seller"), ("31.4.2.0/23", "allocated", "lender")]
    days.roas += [valid("31.4.0.0/22"), valid("31.4.0.0/23")]
    await looked_at(days, routes)
    await remove(days.world, wide)
    of[-2:] = [("31.4.0.0/22", "allocated", "lender")]
    for _ in range(2):
        days.world.clock.advance(DAY)
        await looked_at(days, routes)
    if who == "accomplice":
        account = await days.world.new_account()
    half = await days.world.claim("31.4.0.0/23", account_id=account)
    assert await proves(days, half) is RunResult.CONTESTED


async def test_2_1_a_prefix_of_two_holders_waits_though_both_are_named_still(
    days: Days, routes: Routes
) -> None:
    """Which part was whose is not kept: one may have sold a part of its half to the other."""
    account = await days.world.new_account()
    wide = await days.world.approved("31.4.0.0/22", account_id=account)
    of = days.rows["ripencc"]
    of += [("31.4.0.0/23", "allocated", "seller"), ("31.4.2.0/23", "allocated", "lender")]
    days.roas += [valid("31.4.0.0/22"), valid("31.4.0.0/23")]
    await looked_at(days, routes)
    await remove(days.world, wide)
    days.world.clock.advance(DAY)
    await looked_at(days, routes)
    half = await days.world.claim("31.4.0.0/23", account_id=await days.world.new_account())
    assert await proves(days, half) is RunResult.CONTESTED
