"""Trust, 5.3: a former holder that does not leave blocks the next one only until it is let go.

What the runbook says ("A prefix is contested"): revoked and suspended, it can still be withdrawn
and unbound, in its account's name.
"""

from uuid import UUID

import pytest

from byoip.domain.claims.lifecycle import Transition
from byoip.domain.routes.bgp_prefix import Contested
from tests.trust.contests import revoke, stand
from tests.usecases.conftest import routes, services, world, world_engine
from tests.usecases.routes import Routes
from tests.usecases.world import CIDR

__all__ = ["routes", "services", "world", "world_engine"]  # fixtures


async def test_revoked_and_suspended_it_is_withdrawn_and_unbound_for_the_next_holder(
    routes: Routes, services: dict[str, UUID]
) -> None:
    world, former = routes.world, routes.claim
    await routes.patch(advertised=True)
    await revoke(world, former)
    await stand(world, former, Transition.SUSPENDED)
    holder = await world.approved(account_id=await world.new_account())
    with pytest.raises(Contested):
        await world.bind(holder, CIDR, services["CDN"])
    await routes.patch(advertised=False)
    await routes.unbind()
    mine = Routes(world, holder, await world.bind(holder, CIDR, services["CDN"]))
    assert (await mine.patch(advertised=True)).bgp_prefix.desired.advertised
