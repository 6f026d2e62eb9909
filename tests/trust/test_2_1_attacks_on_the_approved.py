"""Trust, 2.1: more attacks on what an operator's approval shields, and on what is remembered."""

import asyncio
from functools import partial

import pytest

from byoip.domain.checks.validation_run import RunResult
from byoip.domain.claims.lifecycle import Approver, Standing
from byoip.domain.watch.dispute import Side
from byoip.usecases.claims import standing
from tests.trust.contests import OPERATOR, WHY, offboard, remove, restore, revoke
from tests.trust.test_2_1_an_approval_remembers_its_holder import (
    MOMENT,
    another,
    approve,
    proves,
    sell,
)
from tests.trust.test_2_1_space_given_up_before_the_sale import given_up
from tests.trust.test_2_1_space_left_to_an_accomplice import looked_at
from tests.usecases.routes import Routes
from tests.usecases.verbs import Verb
from tests.watch.conftest import database_url, days, routes, services, world, world_engine
from tests.watch.test_4_after_a_sale import frozen
from tests.watch.test_5_disputes import decide, disputed
from tests.watch.test_5_disputes_left_marks import bought, stands, waiting, waits
from tests.watch.test_5_disputes_won import accomplice, result
from tests.watching import DAY, HOUR, Days

__all__ = ["database_url", "days", "routes", "services", "world", "world_engine"]  # fixtures


async def test_2_1_case_1d_the_next_buyer_contests_the_one_whom_the_operator_approved(
    days: Days, routes: Routes
) -> None:
    """As it goes: sold, approved by a person, and sold on within a year."""
    buyer = await bought(days, routes)
    days.world.clock.advance(100 * DAY)
    await sell(days, to="third", files=1)
    third = await waiting(days)
    assert await stands(days, third) is Standing.CONTESTED
    assert await stands(days, buyer) is Standing.CONTESTED


async def test_2_1_case_4b_the_buyer_leaves_and_comes_back(days: Days, routes: Routes) -> None:
    buyer = await bought(days, routes)
    days.world.clock.advance(2 * DAY)
    await waiting(days)
    await offboard(days.world, buyer)
    await restore(days.world, buyer)
    assert await stands(days, buyer) is Standing.OK


@pytest.mark.parametrize("who", ["itself", "accomplice"])
@pytest.mark.parametrize("by", ["checks", "operator"])
async def test_2_1_case_7b_approved_since_while_statistics_do_not_say_whose_it_is(
    days: Days, routes: Routes, by: str, who: str
) -> None:
    await looked_at(days, routes)
    await given_up(routes)
    days.rows["apnic"] = [("31.0.0.0/23", "reserved", "")]
    days.world.clock.advance(DAY)
    await days.files()
    await days.run()
    other = await another(days)
    if by == "checks":
        assert await proves(days, other) is RunResult.APPROVED
    else:
        await approve(days, other)
    await remove(days.world, other)
    days.rows.pop("apnic", None)
    days.world.clock.advance(DAY)
    await days.files("apnic")
    await sell(days)
    account = other.account_id if who == "itself" else await days.world.new_account()
    anew = await days.world.claim(account_id=account)
    assert await proves(days, anew) is RunResult.CONTESTED


async def test_2_1_case_9a_brought_again_by_the_buyer_and_approved_by_its_proof(
    days: Days, routes: Routes
) -> None:
    buyer = await bought(days, routes)
    await remove(days.world, buyer)
    anew = await days.world.claim(account_id=buyer.account_id)
    assert await proves(days, anew) is RunResult.APPROVED
    days.world.clock.advance(2 * DAY)
    await waiting(days)
    assert await stands(days, anew) is Standing.OK


async def test_2_1_case_9b_proven_anew_by_the_buyer(days: Days, routes: Routes) -> None:
    """The operator gave its word an end, and the customer has proven it before that."""
    await frozen(days, routes)
    await given_up(routes)
    buyer = await waiting(days)
    days.world.clock.advance(MOMENT)
    ends = days.world.clock.now() + 100 * DAY
    act = partial(standing.approve, proof_ends_at=ends)
    await Verb(days.world.store, act)(buyer.id, reason=WHY, by=OPERATOR)
    days.world.clock.advance(40 * DAY)
    await days.files()
    await days.world.issue(buyer)
    await proves(days, buyer)
    now = await days.world.now(buyer)
    assert (now.approved_by, now.standing) == (Approver.CHECKS, Standing.OK)
    await waiting(days)
    assert await stands(days, buyer) is Standing.OK


async def test_2_1_case_9c_the_winner_of_a_dispute(days: Days, routes: Routes) -> None:
    claimant, dispute_id = await disputed(days, routes)
    await decide(days, dispute_id, Side.CLAIMANT, early=True)
    days.world.clock.advance(MOMENT)
    await days.world.issue(claimant)
    assert await proves(days, claimant) is RunResult.APPROVED
    days.world.clock.advance(2 * DAY)
    await waiting(days)
    assert await stands(days, claimant) is Standing.OK


async def test_2_1_case_11_a_rival_is_listed_still_where_the_operator_approved_the_wrong_one(
    days: Days, routes: Routes
) -> None:
    await frozen(days, routes)
    await given_up(routes)
    thief = await waiting(days)
    buyer = await accomplice(days, thief)
    await days.snapshot()
    assert await result(days, buyer) is RunResult.CONTESTED
    days.world.clock.advance(2 * HOUR)
    await approve(days, thief)
    assert await stands(days, buyer) is Standing.CONTESTED
    await days.files()
    await days.world.issue(buyer)
    assert await proves(days, buyer) is RunResult.CONTESTED
    assert await stands(days, buyer) is Standing.CONTESTED
    await revoke(days.world, thief)
    assert await waits(days, buyer)


async def test_2_1_case_12_approved_by_the_operator_as_a_rival_proves_it(
    days: Days, routes: Routes
) -> None:
    await frozen(days, routes)
    await given_up(routes)
    buyer = await waiting(days)
    thief = await accomplice(days, buyer)
    await days.snapshot()
    act = Verb(days.world.store, standing.approve)
    await asyncio.gather(act(buyer.id, reason=WHY, by=OPERATOR), result(days, thief))
    assert await stands(days, buyer) is Standing.OK
    assert await stands(days, thief) is Standing.CONTESTED
