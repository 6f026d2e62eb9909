"""Of space that was left after a sale: who is listed for a person, whom a person's word counts for.

An approval by an operator is a decision: rivals that only wait themselves contest it no more.
"""

from datetime import timedelta

import pytest

from byoip.domain.checks.reverse_zone import reverse_zones
from byoip.domain.checks.validation_run import RunResult
from byoip.domain.claims.claim import Claim
from byoip.domain.claims.lifecycle import Standing, Transition
from byoip.domain.watch.dispute import Side
from byoip.usecases.claims.contests import left_to_a_person
from byoip.usecases.routes import offboarding
from tests.store.samples import BY
from tests.trust.contests import go_on, offboard, release, remove, reserve, restore, revoke, stand
from tests.trust.test_2_1_an_approval_remembers_its_holder import approve, proves, put_back, sell
from tests.trust.test_2_1_space_given_up_before_the_sale import given_up
from tests.trust.test_2_1_space_left_to_an_accomplice import looked_at
from tests.usecases.routes import Routes, valid
from tests.usecases.verbs import Verb
from tests.usecases.world import CIDR, LABEL
from tests.watch.test_4_after_a_sale import frozen
from tests.watch.test_5_disputes import claimed, decide, disputed
from tests.watch.test_5_disputes_won import accomplice, result
from tests.watching import DAY, Days


async def stands(days: Days, claim: Claim) -> Standing:
    return (await days.world.now(claim)).standing


async def waits(days: Days, claim: Claim) -> bool:
    now = await days.world.now(claim)
    async with days.world.store.transaction() as tx:
        return await left_to_a_person(tx, now)


async def waiting(days: Days) -> Claim:
    other = await accomplice(days)
    await days.snapshot()
    assert await result(days, other) is RunResult.CONTESTED
    return other


async def bought(days: Days, routes: Routes) -> Claim:
    """Sold, left, and approved by an operator for the account that has bought it."""
    await frozen(days, routes)
    await given_up(routes)
    buyer = await waiting(days)
    await approve(days, buyer)
    return buyer


async def won(days: Days, routes: Routes) -> Claim:
    """Decided for it a moment ago, and by a new token."""
    claimant, dispute_id = await disputed(days, routes)
    await decide(days, dispute_id, Side.CLAIMANT, early=True)
    days.world.clock.advance(timedelta(seconds=1))
    await days.world.issue(claimant)
    return claimant


@pytest.mark.parametrize("suspended", [False, True])
async def test_whom_the_operator_approves_may_announce_whoever_else_has_proven_it(
    days: Days, routes: Routes, *, suspended: bool
) -> None:
    await frozen(days, routes)
    thief = await claimed(days)
    await given_up(routes)
    buyer = await accomplice(days, thief)
    await days.snapshot()
    assert await result(days, buyer) is RunResult.CONTESTED
    if suspended:
        await stand(days.world, thief, Transition.SUSPENDED)
    await approve(days, buyer)
    assert await stands(days, buyer) is Standing.OK


async def test_nor_does_a_new_account_contest_it_each_time(days: Days, routes: Routes) -> None:
    buyer = await bought(days, routes)
    for _ in range(2):
        days.world.clock.advance(2 * DAY)
        thief = await waiting(days)
        assert await stands(days, thief) is Standing.CONTESTED
        assert await stands(days, buyer) is Standing.OK


async def test_whose_proof_fails_since_is_not_advised_to_be_approved(
    days: Days, routes: Routes
) -> None:
    await frozen(days, routes)
    await given_up(routes)
    thief = await waiting(days)
    assert await waits(days, thief)
    for zone in reverse_zones(thief.prefix):
        days.world.dns.withdraw(zone.owner(LABEL))
    assert await result(days, thief) is RunResult.FAILED
    assert not await waits(days, thief)


async def test_one_that_is_on_its_way_out_meanwhile_is_listed_when_it_is_restored(
    days: Days, routes: Routes
) -> None:
    await frozen(days, routes)
    await revoke(days.world, routes.claim)
    await days.world.issue(routes.claim)
    assert await proves(days, routes.claim) is RunResult.CONTESTED
    await offboard(days.world, routes.claim)
    await release(days.world, await reserve(days.world, CIDR))
    await restore(days.world, routes.claim)
    assert await stands(days, routes.claim) is Standing.CONTESTED


async def test_one_that_is_suspended_meanwhile_is_listed_when_it_is_resumed(
    days: Days, routes: Routes
) -> None:
    await frozen(days, routes)
    await given_up(routes)
    other = await waiting(days)
    await stand(days.world, other, Transition.SUSPENDED)
    await stand(days.world, other, Transition.RESUMED)
    assert await waits(days, other)


async def test_one_of_the_part_that_was_not_sold_waits_for_its_rival_alone(
    days: Days, routes: Routes
) -> None:
    wide = await days.world.approved("31.4.0.0/22")
    days.rows["ripencc"].append(("31.4.0.0/22", "allocated", "seller"))
    days.roas += [valid("31.4.0.0/22"), valid("31.4.0.0/24")]
    await looked_at(days, routes)
    await remove(days.world, wide)
    second = await days.world.approved("31.4.0.0/22", account_id=await days.world.new_account())
    await days.run()
    tenant = await days.world.claim("31.4.0.0/24", account_id=await days.world.new_account())
    assert await proves(days, tenant) is RunResult.CONTESTED
    halves = ("31.4.0.0/23", "allocated", "seller"), ("31.4.2.0/23", "allocated", "buyer")
    days.rows["ripencc"][-1:] = halves
    days.world.clock.advance(timedelta(hours=6))
    await days.files()
    await remove(days.world, second)
    assert await stands(days, tenant) is Standing.OK


async def test_the_winner_of_a_dispute_is_asked_no_more_as_the_loser_is_gone(
    days: Days, routes: Routes
) -> None:
    winner = await won(days, routes)
    assert await proves(days, winner) is RunResult.APPROVED
    for _ in range(20):
        days.world.clock.advance(DAY)
        await go_on(days.world)
    assert await days.world.state(routes.claim) == "closed"
    await remove(days.world, winner)
    anew = await days.world.claim(account_id=winner.account_id)
    assert await proves(days, anew) is RunResult.APPROVED


async def test_nor_is_who_was_approved_as_the_former_removes_what_it_had_brought_back(
    days: Days, routes: Routes
) -> None:
    await frozen(days, routes)
    await given_up(routes)
    await put_back(days, routes)
    buyer = await waiting(days)
    await approve(days, buyer)
    await remove(days.world, routes.claim)
    await remove(days.world, buyer)
    anew = await days.world.claim(account_id=buyer.account_id)
    assert await proves(days, anew) is RunResult.APPROVED


async def test_a_decision_counts_no_more_where_statistics_name_a_third(
    days: Days, routes: Routes
) -> None:
    winner = await won(days, routes)
    await sell(days, to="third")
    await days.world.issue(winner)
    assert await proves(days, winner) is RunResult.CONTESTED


async def test_nor_where_the_operator_took_the_winners_approval_away(
    days: Days, routes: Routes
) -> None:
    winner = await won(days, routes)
    assert await proves(days, winner) is RunResult.APPROVED
    await revoke(days.world, winner)
    days.world.clock.advance(timedelta(seconds=1))
    await days.world.issue(winner)
    assert await proves(days, winner) is RunResult.CONTESTED


async def test_nor_where_the_holder_was_approved_again_and_sold_it(
    days: Days, routes: Routes
) -> None:
    claimant = await won(days, routes)
    back = Verb(days.world.store, offboarding.restore)
    await back(None, routes.claim.id, reason="The decision was mistaken.", by=BY)
    await approve(days, routes.claim)
    await looked_at(days, routes)
    await sell(days, to="third")
    await revoke(days.world, routes.claim)
    await days.world.issue(claimant)
    assert await proves(days, claimant) is RunResult.CONTESTED
