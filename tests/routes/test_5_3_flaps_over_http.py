"""Routes 5.3 as customers see it: 429 with Retry-After at the announcement, and a blocker."""

from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.api.bound import bound, roas
from tests.api.conftest import document, judge, own_engine, world
from tests.api.world import World

__all__ = ["document", "judge", "own_engine", "world"]  # fixtures

UP, DOWN = {"on_demand": {"advertised": True}}, {"on_demand": {"advertised": False}}


@pytest.fixture
def engine(own_engine: AsyncEngine) -> AsyncEngine:
    return own_engine


async def test_forty_eight_flips_of_one_route_stop_nothing_else(
    world: World,
    engine: AsyncEngine,
    tmp_path: Path,
) -> None:
    path, cidr, flapping = await bound(world)
    _, other, urgent = await bound(world)
    await roas(world, engine, tmp_path, cidr, other)
    assert (await world.call("PATCH", urgent, json=UP)).is_success
    told = [await world.call("PATCH", flapping, json=one) for one in [UP, DOWN] * 48]
    accepted = [one.json()["result"]["desired"]["advertised"] for one in told if one.is_success]
    assert (accepted.count(True), accepted.count(False)) == (6, 48)
    refused = [one for one in told if not one.is_success]
    assert {one.status_code for one in refused} == {429}
    assert 50 < int(refused[0].headers["retry-after"]) <= 60
    [blocker] = (await world.result("GET", path))["blockers"]
    assert blocker["name"] == refused[0].json()["errors"][0]["name"] == "announced_too_often"
    assert (await world.call("PATCH", urgent, json=DOWN)).is_success
    assert (await world.result("GET", flapping))["desired"]["advertised"] is False
