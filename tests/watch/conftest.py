from uuid import UUID

import pytest

from byoip.domain.checks.reverse_zone import reverse_zones
from byoip.domain.prefix import Prefix
from tests.fakes.dns import SERVERS
from tests.usecases.conftest import database_url, services, world, world_engine
from tests.usecases.routes import Routes, valid
from tests.usecases.world import CIDR, World
from tests.watching import Days, spare

__all__ = ["database_url", "services", "world", "world_engine"]  # fixtures


@pytest.fixture
async def routes(world: World, services: dict[str, UUID]) -> Routes:
    """An approved claim with its default binding, announced."""
    claim = await world.approved()
    made = Routes(world, claim, await world.bind(claim, CIDR, services["CDN"]))
    await made.patch(advertised=True)
    return made


@pytest.fixture
async def days(routes: Routes) -> Days:
    """It is watched: all that was proven is there, and was looked at."""
    made = Days(routes.world)
    made.rows["ripencc"] = [(CIDR, "allocated", "seller"), *spare(60)]
    made.roas = [valid(CIDR)]
    for zone in reverse_zones(Prefix.parse(CIDR)):
        routes.world.dns.delegate(zone.name, *(name for name, _ in SERVERS))
    await made.files()
    await made.snapshot()
    await made.run()
    return made
