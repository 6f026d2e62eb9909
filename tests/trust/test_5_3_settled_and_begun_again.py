"""Trust, 5.3: whose contest an operator has settled does not begin it again, as often as it likes.

It may prove the space as often as it likes, and stays contested itself: an operator sees it there.
"""

from datetime import timedelta

from byoip.domain.claims.claim import SETTLED_FOR, Claim
from byoip.domain.claims.lifecycle import Standing, Transition
from byoip.domain.watch.dispute import Side
from tests.trust.contests import prove, remove, revoke, rival, stand, stands
from tests.usecases.conftest import routes, services, world, world_engine
from tests.usecases.routes import Routes
from tests.usecases.world import World
from tests.watch.conftest import days
from tests.watch.test_5_disputes import claimed, decide, disputed, open_ones
from tests.watch.test_5_holders import sold
from tests.watching import HOUR, Days

__all__ = ["days", "routes", "services", "world", "world_engine"]  # fixtures

DAY, BUYER = timedelta(days=1), ("31.0.0.0/23", "allocated", "buyer")


async def settled(world: World) -> tuple[Claim, Claim]:
    """A holder, and a rival whose contest an operator has settled."""
    holder = await world.approved()
    other = await rival(world)
    world.clock.advance(DAY)
    await stand(world, holder, Transition.SETTLED)
    world.clock.advance(DAY)
    return holder, other


async def again(world: World, claim: Claim) -> None:
    await world.issue(claim)
    await prove(world, claim)


async def test_the_same_proof_and_a_new_one_leave_the_holder_as_it_is(world: World) -> None:
    holder, other = await settled(world)
    await again(world, other)
    assert await stands(world, holder) is Standing.OK
    assert await stands(world, other) is Standing.CONTESTED


async def test_nor_does_the_same_account_by_a_new_claim_of_it_or_of_a_part(world: World) -> None:
    holder, other = await settled(world)
    await remove(world, other)
    for cidr in ("31.0.0.0/23", "31.0.1.0/24"):
        new = await world.claim(cidr, account_id=other.account_id)
        await prove(world, new)
        assert await stands(world, holder) is Standing.OK
        assert await stands(world, new) is Standing.CONTESTED
        await remove(world, new)


async def test_another_account_contests_it(world: World) -> None:
    holder, _ = await settled(world)
    await rival(world, "31.0.1.0/24")
    assert await stands(world, holder) is Standing.CONTESTED


async def test_so_does_one_that_had_left_before_it_was_settled(world: World) -> None:
    holder = await world.approved()
    left, _ = await rival(world), await rival(world, "31.0.1.0/24")
    await remove(world, left)
    world.clock.advance(DAY)
    await stand(world, holder, Transition.SETTLED)
    await prove(world, await world.claim(account_id=left.account_id))
    assert await stands(world, holder) is Standing.CONTESTED


async def test_a_contest_that_ended_by_itself_bars_nobody(world: World) -> None:
    holder, other = await world.approved(), await rival(world)
    await remove(world, other)
    await prove(world, await world.claim(account_id=other.account_id))
    assert await stands(world, holder) is Standing.CONTESTED


async def test_a_season_later_it_may(world: World) -> None:
    holder, other = await settled(world)
    await remove(world, other)
    world.clock.advance(SETTLED_FOR)
    await prove(world, await world.claim(account_id=other.account_id))
    assert await stands(world, holder) is Standing.CONTESTED


async def test_what_was_settled_for_an_approval_that_is_gone_bars_nobody(world: World) -> None:
    holder, other = await settled(world)
    await remove(world, other)
    await revoke(world, holder)
    world.clock.advance(DAY)
    await again_approved(world, holder)
    await prove(world, await world.claim(account_id=other.account_id))
    assert await stands(world, holder) is Standing.CONTESTED


async def again_approved(world: World, claim: Claim) -> None:
    await world.issue(claim)
    await world.prove(claim)
    await world.validate(claim)
    assert (await world.now(claim)).approved


async def test_one_that_came_as_it_was_settled_was_not_seen_and_contests_it(world: World) -> None:
    holder = await world.approved()
    await rival(world)
    world.clock.advance(DAY)
    late = await rival(world, "31.0.1.0/24")
    world.clock.advance(HOUR / 2)
    await stand(world, holder, Transition.SETTLED)
    await again(world, late)
    assert await stands(world, holder) is Standing.CONTESTED


async def test_a_dispute_that_was_decided_for_the_holder_is_not_begun_again_as_a_contest(
    days: Days, routes: Routes
) -> None:
    claimant, dispute_id = await disputed(days, routes)
    days.world.clock.advance(2 * HOUR)
    await decide(days, dispute_id, Side.HOLDER)
    await days.world.validate(claimant)
    assert await stands(days.world, routes.claim) is Standing.OK
    await routes.patch(advertised=False)
    route = (await routes.patch(advertised=True)).bgp_prefix  # as a customer under attack does
    assert route.desired.advertised


async def test_but_where_the_holder_changed_since_it_is_a_dispute(
    days: Days, routes: Routes
) -> None:
    claimant = await claimed(days)
    days.world.clock.advance(2 * HOUR)
    await stand(days.world, routes.claim, Transition.SETTLED)
    await days.world.validate(claimant)
    assert (await stands(days.world, routes.claim), await open_ones(days)) == (Standing.OK, [])
    for _ in range(2):
        await sold(days, BUYER)
    await again(days.world, claimant)
    assert len(await open_ones(days)) == 1
    assert await stands(days.world, routes.claim) is Standing.CONTESTED
