"""Of space that was left after a sale nobody has proven more, and to settle that does not help."""

from byoip.domain.checks.validation_run import RunResult
from byoip.domain.claims.claim import Claim
from byoip.domain.claims.lifecycle import Standing, Transition
from byoip.usecases.claims import standing
from byoip.usecases.claims.contests import left_to_a_person
from tests.store.samples import BY
from tests.trust.contests import WHY, revoke, rival, stand, stands
from tests.usecases.routes import Routes
from tests.usecases.verbs import Verb
from tests.watch.test_4_after_a_sale import frozen
from tests.watch.test_5_disputes_won import accomplice, result
from tests.watching import Days


async def left(days: Days, claim: Claim) -> bool:
    now = await days.world.now(claim)
    async with days.world.store.transaction() as tx:
        return await left_to_a_person(tx, now)


async def test_what_is_settled_is_contested_by_its_next_proof_and_approved_is_contested_no_more(
    days: Days, routes: Routes
) -> None:
    await frozen(days, routes)
    other = await accomplice(days)
    await revoke(days.world, routes.claim)
    await days.snapshot()
    for _ in range(2):
        assert await result(days, other) is RunResult.CONTESTED
        assert await left(days, other)
        await stand(days.world, other, Transition.SETTLED)
        assert not await left(days, other)
    assert await result(days, other) is RunResult.CONTESTED
    await Verb(days.world.store, standing.approve)(other.id, reason=WHY, by=BY)
    assert await stands(days.world, other) is Standing.OK
    assert not await left(days, other)


async def test_who_has_a_rival_waits_for_it(days: Days, routes: Routes) -> None:
    other = await rival(days.world)
    assert await stands(days.world, other) is Standing.CONTESTED
    assert not await left(days, other)
    assert await stands(days.world, routes.claim) is Standing.CONTESTED
    assert not await left(days, routes.claim), "it has the space"
