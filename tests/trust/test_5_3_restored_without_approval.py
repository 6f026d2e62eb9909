"""Trust, 5.3: a claim whose approval was revoked on its way out comes back and blocks no holder."""

from uuid import UUID

import pytest

from byoip.domain.claims.lifecycle import Standing, State
from byoip.domain.routes.bgp_prefix import Contested
from byoip.usecases.claims import standing
from tests.trust.contests import GRACE, OPERATOR, WHY, go_on, offboard, restore, revoke
from tests.usecases.conftest import routes, services, world, world_engine
from tests.usecases.routes import Routes
from tests.usecases.verbs import Verb
from tests.usecases.world import CIDR

__all__ = ["routes", "services", "world", "world_engine"]  # fixtures


async def test_it_does_not_come_back_into_space_that_another_holds_by_now(
    routes: Routes, services: dict[str, UUID]
) -> None:
    world, former = routes.world, routes.claim
    await offboard(world, former)
    await go_on(world)
    await revoke(world, former)
    holder = await world.approved(account_id=await world.new_account())
    with pytest.raises(Contested):
        await restore(world, former)
    mine = Routes(world, holder, await world.bind(holder, CIDR, services["CDN"]))
    assert (await mine.patch(advertised=True)).bgp_prefix.desired.advertised
    world.clock.advance(GRACE)
    await go_on(world)
    assert await world.state(former) == "closed"


async def test_it_comes_back_without_bindings_and_the_next_holder_is_served(
    routes: Routes, services: dict[str, UUID]
) -> None:
    world, former = routes.world, routes.claim
    await offboard(world, former)
    await go_on(world)
    await revoke(world, former)
    await restore(world, former)
    now = await world.now(former)
    assert (now.state, now.standing) == (State.PENDING, Standing.OK)
    holder = await world.approved(account_id=await world.new_account())
    mine = Routes(world, holder, await world.bind(holder, CIDR, services["CDN"]))
    assert (await mine.patch(advertised=True)).bgp_prefix.desired.advertised


async def test_revoked_by_mistake_it_is_restored_approved_and_bound_again(
    routes: Routes, services: dict[str, UUID]
) -> None:
    world, former = routes.world, routes.claim
    await offboard(world, former)
    await go_on(world)
    await revoke(world, former)
    await restore(world, former)
    await Verb(world.store, standing.approve)(former.id, reason=WHY, by=OPERATOR)
    routes.binding_id = await world.bind(former, CIDR, services["CDN"])
    assert (await routes.patch(advertised=True)).bgp_prefix.desired.advertised
