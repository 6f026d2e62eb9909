"""Trust, 5.3: what an operator has settled is not contested again because a party is resumed."""

import pytest

from byoip.domain.claims.lifecycle import Standing, Transition
from tests.trust.contests import rival, stand, stands
from tests.trust.test_5_3_settled_and_begun_again import BUYER, again, settled
from tests.usecases.conftest import routes, services, world, world_engine
from tests.usecases.routes import Routes
from tests.usecases.world import World
from tests.watch.conftest import days
from tests.watch.test_5_disputes import claimed
from tests.watch.test_5_holders import sold
from tests.watching import HOUR, Days

__all__ = ["days", "routes", "services", "world", "world_engine"]  # fixtures


@pytest.mark.parametrize("who", ["holder", "rival"])
async def test_5_3_a_settled_holder_stays_so(world: World, who: str) -> None:
    holder, other = await settled(world)
    one = {"holder": holder, "rival": other}[who]
    await stand(world, one, Transition.SUSPENDED)
    await stand(world, one, Transition.RESUMED)
    assert await stands(world, holder) is Standing.OK
    assert await stands(world, other) is Standing.CONTESTED


async def test_5_3_but_for_a_rival_that_came_since(world: World) -> None:
    holder, other = await settled(world)
    await stand(world, holder, Transition.SUSPENDED)
    await rival(world, "31.0.1.0/24")
    await again(world, other)
    await stand(world, holder, Transition.RESUMED)
    assert await stands(world, holder) is Standing.CONTESTED


async def test_5_3_or_where_the_holder_has_changed_since(days: Days, routes: Routes) -> None:
    claimant = await claimed(days)
    days.world.clock.advance(2 * HOUR)
    await stand(days.world, routes.claim, Transition.SETTLED)
    await stand(days.world, routes.claim, Transition.SUSPENDED)
    for _ in range(2):
        await sold(days, BUYER)
    await stand(days.world, routes.claim, Transition.RESUMED)
    assert await stands(days.world, routes.claim) is Standing.CONTESTED
    assert await stands(days.world, claimant) is Standing.CONTESTED
