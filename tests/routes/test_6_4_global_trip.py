"""Routes 6.4: the breaker trips for all; what waits behind it is cancelled, or goes at its pace."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from byoip.domain.prefix import Prefix
from tests.announcing import until
from tests.failover.owners import announce, offboard
from tests.many_routes import OwnedRoute
from tests.real.announcing import own_postgres
from tests.routes.judging import FLAWLESS
from tests.routes.rolling_back import put_back
from tests.routes.scenarios import Scene, scene

pytestmark = [pytest.mark.real, pytest.mark.long, pytest.mark.timeout(400)]

_PER_MINUTE = "3"
_PACE = 2  # offboarded routes of an account in a minute
_WITHDRAWN = "SELECT bgp_prefix_id, at FROM withdrawals WHERE source = 'offboarding'"


async def test_what_waits_behind_a_global_trip_is_cancelled_or_released(tmp_path: Path) -> None:
    with own_postgres() as server:
        async with scene(
            server.database_url, tmp_path, up=16, BYOIP_BREAKER_PER_MINUTE=_PER_MINUTE
        ) as here:
            staying, leaving = here.up[14:]
            trip = await tripped(here, here.up[:5])
            await here.owners.send(offboard(staying))
            await until_parked(here, staying)
            await rearm(here, trip, "cancelled")
            await here.owners.send(announce(staying, up=True))  # it never went
            trip = await tripped(here, here.up[5:10])
            await here.owners.send(offboard(leaving))
            await until_parked(here, leaving)
            await rearm(here, trip, "released")
            await here.until_quiet()
            assert await here.lists() == FLAWLESS
            assert here.history() >= {"breaker.tripped", "breaker.rearmed"}
            await put_back(here)


async def test_a_release_goes_at_its_pace_and_the_rest_of_it_can_be_cancelled(
    tmp_path: Path,
) -> None:
    """Six prefixes of an account are let go, two in a minute; a second trip stops the last ones."""
    with own_postgres() as server:
        async with scene(
            server.database_url,
            tmp_path,
            up=28,
            BYOIP_BREAKER_PER_MINUTE=_PER_MINUTE,
            BYOIP_BREAKER_PER_RUN=str(_PACE),
        ) as here:
            leaving, others = here.up[3::4][:6], here.up[0::4] + here.up[1::4]
            trip = await tripped(here, others[:5])
            await here.owners.send(*map(offboard, leaving))
            await until_parked(here, *leaving)
            await rearm(here, trip, "released")
            await until(lambda: len(gone(here, leaving)) > _PACE, seconds=150)
            await until_said(here, leaving, "at this pace")
            trip = await tripped(here, others[5:10])
            stay = [one for one in leaving if one not in gone(here, leaving)]
            await until_parked(here, *stay)
            await rearm(here, trip, "cancelled")
            await here.owners.send(*(announce(one, up=True) for one in stay))  # they never went
            await here.until_quiet()
            assert await here.lists() == FLAWLESS
            assert pace(gone(here, leaving)) <= _PACE
            await put_back(here)


def gone(here: Scene, routes: list[OwnedRoute]) -> dict[OwnedRoute, datetime]:
    """When offboarding withdrew them."""
    with psycopg.connect(here.service.database_url) as connection:
        at: dict[UUID, datetime] = dict(connection.execute(_WITHDRAWN).fetchall())
    return {one: at[one.bgp_prefix_id] for one in routes if one.bgp_prefix_id in at}


def pace(times: Mapping[OwnedRoute, datetime]) -> int:
    """How many of them went within a minute, at most."""
    minute = timedelta(minutes=1)
    return max(
        sum(0 <= (one - each) / minute < 1 for one in times.values()) for each in times.values()
    )


async def until_said(here: Scene, routes: list[OwnedRoute], words: str) -> None:
    """Return once an owner is told so of one of them."""

    async def said() -> bool:
        shown = [await here.want(one, "GET") for one in routes]
        return any(words in str(one) for _, one in shown)

    await until(said)


async def tripped(here: Scene, routes: list[OwnedRoute]) -> str:
    """By as many single withdrawals, which all pass; the trip's id."""
    await here.owners.send(*(announce(one, up=False) for one in routes))
    (trip,) = await trips(here)
    assert trip["scope"] == "global"
    assert await here.gauge('byoip_breaker_open{scope="global"}') == 1
    await here.service.edge.until_gone(*(Prefix.parse(one.cidr) for one in routes))
    return str(trip["id"])


async def trips(here: Scene) -> list[Any]:
    status, shown = await here.order("GET", "/breaker")
    assert status == 200
    return list(shown["trips"])


async def until_parked(here: Scene, *routes: OwnedRoute) -> None:
    """Return once these alone wait for the trip, and their owners are told so; they stay up."""
    noted = here.service.edge.router.noted()

    async def parked() -> bool:
        (trip,) = await trips(here)
        return {*trip["prefixes"]} == {one.claim_id.hex for one in routes}

    await until(parked)
    for one in routes:
        await until_said(here, [one], "breaker")
    assert await here.gauge("byoip_offboardings_parked") == len(routes)
    assert here.service.edge.router.changes(after=noted) == []


async def rearm(here: Scene, trip: str, parked: str) -> None:
    status, told = await here.order("POST", f"/breaker/{trip}/rearm", parked=parked)
    assert status == 200, told
