"""Who sold its space, and brings it again, is not shown as one that a person has to approve."""

import pytest

from byoip.domain.checks.validation_run import RunResult
from byoip.domain.claims.claim import Claim
from byoip.usecases.claims.contests import lost_by_its_account
from tests.trust.contests import rival
from tests.trust.test_2_1_space_given_up_before_the_sale import given_up
from tests.usecases.routes import Routes
from tests.watch.test_4_after_a_sale import frozen
from tests.watch.test_5_disputes_won import accomplice, result
from tests.watching import Days


async def lost(days: Days, claim: Claim) -> bool:
    now = await days.world.now(claim)
    async with days.world.store.transaction() as tx:
        return await lost_by_its_account(tx, now)


@pytest.mark.parametrize("again", [True, False])
async def test_it_is_told_from_another_account(days: Days, routes: Routes, again: bool) -> None:
    await frozen(days, routes)
    await given_up(routes)
    if again:
        account_id = routes.claim.account_id
        claim = await days.world.claim(account_id=account_id)
        await days.world.prove(claim)
    else:
        claim = await accomplice(days)
    await days.snapshot()
    assert not await lost(days, claim), "it is not contested"
    assert await result(days, claim) is RunResult.CONTESTED
    assert await lost(days, claim) is again


async def test_who_has_the_space_lost_none(days: Days, routes: Routes) -> None:
    other = await rival(days.world)
    assert not await lost(days, other)
    assert not await lost(days, routes.claim)
