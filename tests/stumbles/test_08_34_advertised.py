"""Stumbles 8, 33, 34: what follows `advertisable`, and whether asked means announced."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.api.bound import bound, roas
from tests.api.test_bgp import DOWN, UP
from tests.api.world import World
from tests.stumbles.runs import states


def speaking(world: World) -> None:
    """As with a speaker in the settings."""
    advice = replace(world.backend.advice, speaks=True)
    backend = replace(world.backend, speaks=True, advice=advice)
    for route in world.app.router.routes:
        if hasattr(route, "backend"):
            route.backend = backend


async def hold(engine: AsyncEngine, route: str, *, holds: bool) -> None:
    """A speaker confirms what it holds of a route."""
    async with engine.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO applied_routes "
                "VALUES ('a', CAST(:route AS uuid), :holds, :holds, 1, now()) ON CONFLICT "
                "(speaker, bgp_prefix_id) DO UPDATE SET may_hold = :holds, advertised = :holds"
            ),
            {"route": route.rpartition("/")[2], "holds": holds},
        )


async def told(world: World, method: str, path: str, **more: Any) -> set[str]:
    """Names of the messages of an answer that succeeds."""
    answered = await world.call(method, path, **more)
    assert answered.is_success, answered.text
    return {one["name"] for one in answered.json()["messages"]}


async def step(world: World, path: str) -> tuple[str | None, bool | None]:
    """The name of what is next, and whether it is advertised."""
    shown = await world.result("GET", path)
    return shown["next"] and shown["next"]["name"], shown["advertised"]


async def test_08_next_says_what_follows(world: World, engine: AsyncEngine, tmp_path: Path) -> None:
    path, cidr, route = await bound(world)
    speaking(world)
    assert await step(world, path) == (None, False)  # not advertisable yet
    await roas(world, engine, tmp_path, cidr)
    shown = await world.result("GET", path)
    assert shown["advertisable"] is True
    assert shown["next"]["message"] == (
        f"Announce it: PATCH .../bgp/prefixes/{route.rpartition('/')[2]} "
        '{"on_demand": {"advertised": true}}.'
    )
    await world.result("PATCH", route, json=UP)
    assert await step(world, path) == ("wait_for_speakers", False)
    await hold(engine, route, holds=True)
    assert await step(world, path) == (None, True)
    await world.result("PATCH", route, json=DOWN)
    assert (await step(world, path))[1] is True  # a speaker still holds it


async def test_34_without_a_speaker_nothing_reads_as_advertised(
    world: World, engine: AsyncEngine, tmp_path: Path
) -> None:
    path, cidr, route = await bound(world)
    await roas(world, engine, tmp_path, cidr)
    status = f"{path}/bgp/status"
    assert await told(world, "GET", route) == set()
    assert await told(world, "PATCH", route, json=UP) == {"no_speakers", "no_speaker"}
    assert await told(world, "GET", route) == await told(world, "GET", status) == {"no_speaker"}
    assert (await world.result("GET", status))["advertised"] is True  # as it was asked
    assert (await world.result("GET", route))["on_demand"]["advertised"] is True
    assert await step(world, path) == ("no_speaker", None)


async def test_34_what_is_not_applied_yet_says_so_until_it_is(
    world: World, engine: AsyncEngine, tmp_path: Path
) -> None:
    path, cidr, route = await bound(world)
    await roas(world, engine, tmp_path, cidr)
    speaking(world)
    assert await told(world, "PATCH", route, json=UP) == {"not_yet_applied"}
    assert await told(world, "GET", f"{path}/bgp/status") == {"not_yet_applied"}
    await hold(engine, route, holds=True)
    assert await told(world, "GET", route) == set()
    assert await told(world, "PATCH", route, json=DOWN) == {"not_yet_applied"}
    await hold(engine, route, holds=False)
    assert await told(world, "GET", f"{path}/bgp/status") == set()


async def test_33_drift_shows_in_the_state_at_once(
    world: World, engine: AsyncEngine, tmp_path: Path
) -> None:
    path, cidr, _ = await bound(world)
    await roas(world, engine, tmp_path, cidr)
    assert states(await world.result("GET", path))[1] == "valid"
    await roas(world, engine, tmp_path, cidr, origin=64999)
    assert states(await world.result("GET", path))[1] == "mismatch_asn"
