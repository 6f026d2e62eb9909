"""Space that a holder leaves after a sale, on purpose or not, goes to nobody by a proof.

Another account of its own proves the space by its old zone in that very moment, and is frozen for
no change of holder: statistics name the buyer as it is approved. So a person decides. Whether there
was a dispute says nothing: the second account may have opened it.
"""

from datetime import timedelta

import pytest

from byoip.domain.checks.reverse_zone import reverse_zones
from byoip.domain.checks.validation_run import RunResult
from byoip.domain.claims.claim import UNPROVEN_AFTER
from byoip.domain.claims.lifecycle import Standing
from byoip.domain.watch.dispute import Side
from byoip.domain.watch.validity import LONGEST
from byoip.usecases.claims import standing
from tests.store.samples import BY
from tests.trust.contests import OPERATOR, WHY, remove, revoke
from tests.usecases.routes import Routes, valid
from tests.usecases.verbs import Verb
from tests.usecases.world import CIDR, LABEL
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


async def test_who_contested_it_before_stays_so_and_is_listed_until_a_person_decides(
    days: Days, routes: Routes
) -> None:
    """The holder that leaves was its rival, and takes no mark along: nothing else would list it."""
    await frozen(days, routes)
    other = await claimed(days)
    await left(days, routes)
    assert (await days.world.now(other)).standing is Standing.CONTESTED
    assert "prefix.ok" not in await days.world.kinds(other)
    for _ in range(2):
        days.world.clock.advance(UNPROVEN_AFTER + timedelta(seconds=1))
        await days.world.issue(other)
        await days.world.prove(other)
        await days.snapshot()
        assert await result(days, other) is RunResult.CONTESTED
    await Verb(days.world.store, standing.approve)(other.id, reason=WHY, by=BY)
    assert (await days.world.now(other)).standing is Standing.OK


async def test_another_rival_that_goes_takes_no_mark_along_either(
    days: Days, routes: Routes
) -> None:
    await frozen(days, routes)
    await left(days, routes)
    wider = await days.world.claim("31.0.0.0/22", account_id=await days.world.new_account())
    beside = await days.world.approved("31.0.2.0/24", account_id=await days.world.new_account())
    days.roas += [valid("31.0.0.0/22"), valid("31.0.2.0/24")]
    await days.world.prove(wider)
    await days.snapshot()
    assert await result(days, wider) is RunResult.CONTESTED
    await remove(days.world, beside)
    assert (await days.world.now(wider)).standing is Standing.CONTESTED


async def test_whose_proof_fails_since_is_listed_no_more(days: Days, routes: Routes) -> None:
    """Who loses what it has proven has no mark of a contest: it would hold up the right one."""
    await frozen(days, routes)
    other = await claimed(days)
    for zone in reverse_zones(other.prefix):
        days.world.dns.withdraw(zone.owner(LABEL))
    await days.snapshot()
    assert await result(days, other) is RunResult.FAILED
    await left(days, routes)
    assert (await days.world.now(other)).standing is Standing.OK


@pytest.mark.parametrize(("again", "ends"), [(CIDR, True), ("31.0.0.0/22", False)])
async def test_who_was_approved_since_has_no_more_than_that_by_its_proof(
    days: Days, routes: Routes, again: str, *, ends: bool
) -> None:
    await frozen(days, routes)
    await left(days, routes)
    buyer = await accomplice(days)
    days.world.clock.advance(timedelta(seconds=1))
    await Verb(days.world.store, standing.approve)(buyer.id, reason=WHY, by=BY)
    await remove(days.world, buyer)
    days.roas.append(valid("31.0.0.0/22"))
    anew = await days.world.claim(again, account_id=buyer.account_id)
    await days.world.prove(anew)
    await days.snapshot()
    assert (await result(days, anew) is RunResult.APPROVED) is ends


async def test_it_ends_with_what_the_longest_proof_is_valid_for(days: Days, routes: Routes) -> None:
    await frozen(days, routes)
    await left(days, routes)
    days.world.clock.advance(LONGEST - timedelta(seconds=1))
    other = await accomplice(days)
    await days.snapshot()
    assert await result(days, other) is RunResult.CONTESTED
    days.world.clock.advance(timedelta(seconds=2))
    await days.snapshot()
    assert await result(days, other) is RunResult.APPROVED
