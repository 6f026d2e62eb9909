"""Routes 6.4: the breaker trips for all; what waits behind it is cancelled, or goes at its pace."""

from pathlib import Path
from typing import Any

import pytest

from tests.announcing import until
from tests.failover.owners import announce, offboard
from tests.many_routes import OwnedRoute
from tests.real.announcing import own_postgres
from tests.routes.judging import FLAWLESS
from tests.routes.scenarios import Scene, scene

pytestmark = [pytest.mark.real, pytest.mark.long, pytest.mark.timeout(240)]

_PER_MINUTE = "3"


async def test_what_waits_behind_a_global_trip_is_cancelled_or_released(tmp_path: Path) -> None:
    with own_postgres() as server:
        async with scene(
            server.database_url, tmp_path, up=16, BYOIP_BREAKER_PER_MINUTE=_PER_MINUTE
        ) as here:
            staying, leaving = here.up[14:]
            trip = await tripped(here, here.up[:5])
            await until_parked(here, staying)
            await rearm(here, trip, "cancelled")
            await here.owners.send(announce(staying, up=True))  # it never went
            trip = await tripped(here, here.up[5:10])
            await until_parked(here, leaving)
            await rearm(here, trip, "released")
            await here.until_quiet()
            assert await here.lists() == FLAWLESS
            assert here.history() >= {"breaker.tripped", "breaker.rearmed"}


async def tripped(here: Scene, routes: list[OwnedRoute]) -> str:
    """By as many single withdrawals, which all pass; the trip's id."""
    await here.owners.send(*(announce(one, up=False) for one in routes))
    (trip,) = await trips(here)
    assert trip["scope"] == "global"
    await here.service.until_everything_is_as_wanted()
    return str(trip["id"])


async def trips(here: Scene) -> list[Any]:
    status, shown = await here.order("GET", "/breaker")
    assert status == 200
    return list(shown["trips"])


async def until_parked(here: Scene, route: OwnedRoute) -> None:
    """Its owner wants it gone, and is told why it is not; it stays up."""
    noted = here.service.edge.router.noted()
    await here.owners.send(offboard(route))

    async def parked() -> bool:
        (trip,) = await trips(here)
        return bool(trip["prefixes"] == [route.claim_id.hex])

    await until(parked)

    async def said() -> bool:
        _, shown = await here.want(route, "GET")
        return "breaker" in str(shown["blockers"])

    await until(said)
    assert here.service.edge.router.changes(after=noted) == []


async def rearm(here: Scene, trip: str, parked: str) -> None:
    status, told = await here.order("POST", f"/breaker/{trip}/rearm", parked=parked)
    assert status == 200, told
