"""Space that a holder leaves after a sale, on purpose or not, goes to nobody by a proof.

Another account of its own proves the space by its old zone in that very moment, and is frozen for
no change of holder: statistics name the buyer as it is approved. So a person decides. Whether there
was a dispute says nothing: the second account may have opened it.
"""

from datetime import timedelta

import pytest

from byoip.domain.checks.validation_run import RunResult
from byoip.domain.claims.claim import UNPROVEN_AFTER
from byoip.domain.claims.lifecycle import Standing
from byoip.domain.watch.dispute import Side
from byoip.usecases.claims import standing
from tests.store.samples import BY
from tests.trust.contests import OPERATOR, WHY, remove, revoke
from tests.usecases.routes import Routes
from tests.usecases.verbs import Verb
from tests.usecases.world import CIDR
from tests.watch.test_4_after_a_sale import NEW, frozen, look_now, move
from tests.watch.test_5_disputes import claimed, decide, disputed, open_ones
from tests.watch.test_5_disputes_won import accomplice, result
from tests.watch.test_5_holders import sold
from tests.watching import Days


async def left(days: Days, routes: Routes, how: str = "removed") -> None:
    """The holder gives it up; or an operator takes its approval away, and decides nothing."""
    if how == "revoked":
        await revoke(days.world, routes.claim)
        return
    await routes.patch(advertised=False)
    await routes.unbind()
    await remove(days.world, routes.claim)


@pytest.mark.parametrize("how", ["removed", "revoked"])
async def test_no_other_account_is_approved_by_the_old_zone(
    days: Days, routes: Routes, how: str
) -> None:
    await frozen(days, routes)
    other = await accomplice(days)
    await left(days, routes, how)
    await days.snapshot()
    assert await result(days, other) is RunResult.CONTESTED
    assert (await days.world.now(other)).standing is Standing.CONTESTED
    await Verb(days.world.store, standing.approve)(other.id, reason=WHY, by=BY)
    assert (await days.world.now(other)).approved


async def test_nor_one_that_opened_a_dispute_with_it(days: Days, routes: Routes) -> None:
    await frozen(days, routes)
    other = await claimed(days)
    assert len(await open_ones(days)) == 1
    await left(days, routes)
    assert await open_ones(days) == []
    await days.world.issue(other)
    await days.world.prove(other)
    assert await result(days, other) is RunResult.CONTESTED


async def test_whoever_proves_it_by_whatever_and_an_operator_approves_the_right_one(
    days: Days, routes: Routes
) -> None:
    await frozen(days, routes)
    other = await claimed(days)
    await left(days, routes)
    move(days, *NEW)
    buyer = await accomplice(days, other)
    await days.snapshot()
    assert await result(days, buyer) is RunResult.CONTESTED
    await Verb(days.world.store, standing.approve)(buyer.id, reason=WHY, by=OPERATOR)
    assert (await days.world.now(buyer)).approved


async def test_one_whose_holder_one_file_told_is_left_so_as_well(
    days: Days, routes: Routes
) -> None:
    await look_now(days, routes)
    await sold(days, (CIDR, "allocated", "buyer"))
    assert await days.frozen_for(routes.claim) == set()
    await left(days, routes)
    move(days, *NEW)  # what stood there is not known
    other = await accomplice(days)
    await days.snapshot()
    assert await result(days, other) is RunResult.CONTESTED


async def test_whom_an_operator_decided_for_is_approved_by_any_proof(
    days: Days, routes: Routes
) -> None:
    buyer, dispute_id = await disputed(days, routes)
    await decide(days, dispute_id, Side.CLAIMANT, early=True)
    await days.world.issue(buyer)
    await days.world.prove(buyer)
    await days.snapshot()
    assert await result(days, buyer) is RunResult.APPROVED


async def test_space_that_was_not_sold_is_free_at_once(days: Days, routes: Routes) -> None:
    await left(days, routes)
    other = await accomplice(days)
    await days.snapshot()
    assert await result(days, other) is RunResult.APPROVED


async def test_it_ends_after_thirty_days(days: Days, routes: Routes) -> None:
    await frozen(days, routes)
    await left(days, routes)
    days.world.clock.advance(UNPROVEN_AFTER + timedelta(seconds=1))
    other = await accomplice(days)
    await days.snapshot()
    assert await result(days, other) is RunResult.APPROVED
