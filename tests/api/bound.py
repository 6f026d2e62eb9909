"""An approved prefix with a service and a ROA, over the API."""

from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.adapters.checks.vrp_json import JsonVrps
from byoip.store.checks.vrp_snapshots import VrpSnapshots
from byoip.usecases.checks.refresh_roas import RefreshRoas
from tests.api.world import World
from tests.fakes.rpki import FakeVrpSource, export_text
from tests.usecases.world import GATES


async def roas(
    world: World,
    engine: AsyncEngine,
    directory: Path,
    *cidrs: str,
    longest: int = 24,
    origin: int = 64500,
) -> None:
    """Make these the snapshot in use, all for one ASN: the operator's."""
    listed: list[dict[str, Any]] = [
        {"prefix": cidr, "asn": origin, "maxLength": longest, "ta": "ripe"} for cidr in cidrs
    ]
    source = FakeVrpSource(directory, export_text(listed, world.clock.now()))
    snapshots = VrpSnapshots(engine)
    await RefreshRoas(source, JsonVrps(), snapshots, GATES, world.clock)()


async def bound(world: World, cidr: str = "") -> tuple[str, str, str]:
    """Its path, its cidr, and the path of the BGP prefix that spans it."""
    prefix_id, cidr = await world.approved(cidr)
    service = next(one for one in await world.services() if one.name == "CDN")
    path = f"/prefixes/{prefix_id}"
    body = {"cidr": cidr, "service_id": service.id.hex}
    await world.result("POST", f"{path}/bindings", json=body)
    [spanning] = await world.result("GET", f"{path}/bgp/prefixes")
    return path, cidr, f"{path}/bgp/prefixes/{spanning['id']}"
