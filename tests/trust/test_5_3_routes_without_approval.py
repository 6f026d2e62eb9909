"""Trust, 5.3: the route of an approval that is gone stays as it is, or goes; it gains nothing."""

import pytest

from byoip.domain.bindings.service_binding import PrefixNotApproved
from tests.trust.contests import revoke
from tests.usecases.conftest import routes, services, world, world_engine
from tests.usecases.routes import Routes

__all__ = ["routes", "services", "world", "world_engine"]  # fixtures


async def test_it_is_not_made_more_attractive(routes: Routes) -> None:
    await routes.patch(advertised=True, prepend=3)
    await revoke(routes.world, routes.claim)
    before = (await routes.view()).bgp_prefix
    with pytest.raises(PrefixNotApproved):
        await routes.patch(prepend=0)
    with pytest.raises(PrefixNotApproved):
        await routes.patch(advertised=True, prepend=0)
    assert (await routes.view()).bgp_prefix == before
    gone = (await routes.patch(advertised=False, prepend=0)).bgp_prefix.desired
    assert (gone.advertised, gone.prepend) == (False, 0)
