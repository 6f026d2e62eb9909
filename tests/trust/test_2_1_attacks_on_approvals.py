"""Trust, 2.1: attacks on what an approval remembers, and on what an operator's approval shields."""

from functools import partial

import pytest

from byoip.domain.checks.validation_run import RunResult
from byoip.domain.claims.claim import Claim
from byoip.domain.claims.lifecycle import Standing, Transition
from byoip.domain.watch.dispute import Side
from byoip.domain.watch.levels import Signal
from byoip.usecases.claims import moves
from tests.store.samples import BY
from tests.trust.contests import go_on, remove, stand
from tests.trust.test_2_1_an_approval_remembers_its_holder import (
    MOMENT,
    another,
    approve,
    proves,
    put_back,
    sell,
)
from tests.trust.test_2_1_space_given_up_before_the_sale import given_up
from tests.trust.test_2_1_space_left_to_an_accomplice import looked_at
from tests.usecases.routes import Routes, valid
from tests.usecases.verbs import Verb
from tests.watch.conftest import database_url, days, routes, services, world, world_engine
from tests.watch.test_5_disputes import decide, disputed
from tests.watch.test_5_disputes_left_marks import bought, stands, waiting
from tests.watch.test_5_holders import sold
from tests.watching import DAY, Days

__all__ = ["database_url", "days", "routes", "services", "world", "world_engine"]  # fixtures


# 1. An operator's approval of before the sale.
async def approved_before_the_sale(days: Days, routes: Routes) -> Claim:
    """One account of the seller left it; the other one the operator approved, with good papers."""
    await looked_at(days, routes)
    await given_up(routes)
    days.world.clock.advance(MOMENT)
    other = await another(days)
    await days.world.prove(other)
    await approve(days, other)
    return other


async def test_2_1_case_1_an_operators_approval_of_before_the_sale_is_contested_by_the_buyer(
    days: Days, routes: Routes
) -> None:
    other = await approved_before_the_sale(days, routes)
    days.world.clock.advance(100 * DAY)
    await sell(days, files=1)
    buyer = await another(days)
    assert await proves(days, buyer) is RunResult.CONTESTED
    assert await stands(days, other) is Standing.CONTESTED


async def test_2_1_case_1b_and_so_it_is_where_it_has_moved_to_a_third(
    days: Days, routes: Routes
) -> None:
    """The operator approved it for another account than has it now."""
    other = await approved_before_the_sale(days, routes)
    third = await days.world.new_account()
    made = await Verb(days.world.store, moves.offer)(
        other.account_id, other.id, to_account_id=third, by=BY
    )
    accept = Verb(days.world.store, partial(moves.accept, terms=days.world.terms))
    await accept(third, made.id, by=BY)
    await sell(days, files=1)
    buyer = await another(days)
    assert await proves(days, buyer) is RunResult.CONTESTED
    async with days.world.store.transaction() as tx:
        now = await tx.claims.get(other.id, third)
    assert now.standing is Standing.CONTESTED


async def test_2_1_case_1c_also_where_the_freeze_is_behind_it_already(
    days: Days, routes: Routes
) -> None:
    other = await approved_before_the_sale(days, routes)
    await sell(days, files=2)
    assert await days.frozen_for(other) == {Signal.HOLDER}
    buyer = await another(days)
    assert await proves(days, buyer) is RunResult.CONTESTED
    assert await stands(days, other) is Standing.CONTESTED


# 2. Winner of a dispute that is slow.
async def test_2_1_case_2_a_winner_that_validates_after_the_loser_is_closed_is_approved(
    days: Days, routes: Routes
) -> None:
    claimant, dispute_id = await disputed(days, routes)
    await decide(days, dispute_id, Side.CLAIMANT, early=True)
    for _ in range(20):
        days.world.clock.advance(DAY)
        await go_on(days.world)
    assert await days.world.state(routes.claim) == "closed"
    await days.files()
    await days.world.issue(claimant)
    assert await proves(days, claimant) is RunResult.APPROVED


# 4. Standing of the approved one.
async def test_2_1_case_4_a_thief_is_resumed(days: Days, routes: Routes) -> None:
    buyer = await bought(days, routes)
    days.world.clock.advance(2 * DAY)
    thief = await waiting(days)
    assert await stands(days, buyer) is Standing.OK
    await stand(days.world, thief, Transition.SUSPENDED)
    await stand(days.world, thief, Transition.RESUMED)
    assert await stands(days, buyer) is Standing.OK


# 5. A part of a part.
@pytest.mark.parametrize("who", ["itself", "accomplice"])
async def test_2_1_case_5_a_part_of_what_one_of_two_holders_had_goes_to_the_other(
    days: Days, routes: Routes, who: str
) -> None:
    """The seller holds two rows of it, and sells the one to whom the third is."""
    account = await days.world.new_account()
    wide = await days.world.approved("31.4.0.0/22", account_id=account)
    of = days.rows["ripencc"]
    of += [("31.4.0.0/23", "allocated", "seller"), ("31.4.2.0/23", "allocated", "lender")]
    days.roas += [valid("31.4.0.0/22"), valid("31.4.0.0/24")]
    await looked_at(days, routes)
    await remove(days.world, wide)
    of[-2:] = [
        ("31.4.0.0/24", "allocated", "lender"),
        ("31.4.1.0/24", "allocated", "seller"),
        ("31.4.2.0/23", "allocated", "lender"),
    ]
    for _ in range(2):
        days.world.clock.advance(DAY)
        await looked_at(days, routes)
    if who == "accomplice":
        account = await days.world.new_account()
    half = await days.world.claim("31.4.0.0/24", account_id=account)
    assert await proves(days, half) is RunResult.CONTESTED


# 7. Statistics that say nothing at the approval.
@pytest.mark.parametrize("who", ["itself", "accomplice"])
@pytest.mark.parametrize("how", ["listed twice", "in part in none"])
async def test_2_1_case_7_approved_again_while_statistics_do_not_say_whose_it_is(
    days: Days, routes: Routes, how: str, who: str
) -> None:
    """An override names the registry; what was known before is known no more."""
    await looked_at(days, routes)
    await given_up(routes)
    if how == "listed twice":
        days.rows["apnic"] = [("31.0.0.0/23", "reserved", "")]
    else:
        await sold(days, ("31.0.0.0/24", "allocated", "seller"))
    days.world.clock.advance(DAY)
    await days.files()
    await days.run()
    await put_back(days, routes)
    assert await proves(days, routes.claim) is RunResult.APPROVED
    await remove(days.world, routes.claim)
    days.rows.pop("apnic", None)
    await sell(days)
    other = await (days.world.claim() if who == "itself" else another(days))
    assert await proves(days, other) is RunResult.CONTESTED
