"""Disputes: a holder that leaves one on purpose leaves the space to nobody else than its claimant.

Another account of its own proves the space by the old zone in that very moment, and is frozen for
no change of holder: statistics name the buyer as it is approved. So whoever has opened a dispute
comes first; where several have, a person decides which.
"""

from datetime import timedelta

import pytest

from byoip.domain.checks.validation_run import RunResult
from byoip.domain.claims.claim import UNPROVEN_AFTER, Claim
from byoip.domain.claims.lifecycle import Transition
from byoip.usecases.claims import standing
from tests.store.samples import BY
from tests.trust.contests import WHY, remove, revoke, stand
from tests.usecases.routes import Routes
from tests.usecases.verbs import Verb
from tests.watch.test_5_disputes import disputed, open_ones
from tests.watch.test_5_disputes_won import accomplice, result
from tests.watching import Days


async def left(days: Days, routes: Routes, how: str) -> None:
    """The holder gives it up; or an operator takes its approval away, and decides nothing."""
    if how == "revoked":
        await revoke(days.world, routes.claim)
        return
    await routes.patch(advertised=False)
    await routes.unbind()
    await remove(days.world, routes.claim)


@pytest.mark.parametrize("how", ["removed", "revoked"])
async def test_who_left_is_not_approved_by_another_account_of_its_own(
    days: Days, routes: Routes, how: str
) -> None:
    buyer, _ = await disputed(days, routes)
    other = await accomplice(days, buyer)
    await left(days, routes, how)
    assert await open_ones(days) == []
    assert await result(days, other) is RunResult.UNANSWERED
    assert await result(days, buyer) is RunResult.APPROVED
    assert await result(days, other) is RunResult.CONTESTED


async def two_claimants(days: Days, routes: Routes) -> tuple[Claim, Claim]:
    buyer, _ = await disputed(days, routes)
    other = await accomplice(days, buyer)
    assert await result(days, other) is RunResult.CONTESTED
    assert len(await open_ones(days)) == 2
    await left(days, routes, "removed")
    return buyer, other


async def test_nor_where_that_one_has_opened_a_dispute_as_well(days: Days, routes: Routes) -> None:
    buyer, other = await two_claimants(days, routes)
    for claim in (other, buyer):
        assert await result(days, claim) is RunResult.UNANSWERED
    await Verb(days.world.store, standing.approve)(buyer.id, reason=WHY, by=BY)
    assert (await days.world.now(buyer)).approved


@pytest.mark.parametrize("end", ["removed", "suspended"])
async def test_a_claimant_that_is_gone_bars_nobody(days: Days, routes: Routes, end: str) -> None:
    buyer, other = await two_claimants(days, routes)
    if end == "suspended":
        await stand(days.world, other, Transition.SUSPENDED)
    else:
        await remove(days.world, other)
    assert await result(days, buyer) is RunResult.APPROVED


async def test_nor_does_one_that_left_the_dispute_itself(days: Days, routes: Routes) -> None:
    buyer, _ = await disputed(days, routes)
    other = await accomplice(days)
    await remove(days.world, buyer)
    await left(days, routes, "removed")
    assert await result(days, other) is RunResult.APPROVED


async def test_it_is_kept_for_no_longer_than_a_claim_without_proof(
    days: Days, routes: Routes
) -> None:
    buyer, _ = await disputed(days, routes)
    await left(days, routes, "removed")
    days.world.clock.advance(UNPROVEN_AFTER + timedelta(seconds=1))
    other = await accomplice(days, buyer)
    await days.snapshot()
    assert await result(days, other) is RunResult.APPROVED
