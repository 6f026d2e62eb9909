"""Trust, 5.4: a name of the v4 API means what it means there, and states say what is so now."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from cloudflare import AsyncCloudflare
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.claims.lifecycle import Approver
from tests.api.bound import bound, roas
from tests.api.operators import Operator
from tests.api.test_official_client import official, transport
from tests.api.world import World

__all__ = ["official", "transport"]  # fixtures

UP = {"on_demand": {"advertised": True}}


async def edge(engine: AsyncEngine, *, acknowledged: int) -> None:
    """One edge in service, that has come so far."""
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE edges SET removed_at = now() WHERE live"))
        await connection.execute(
            text(
                "INSERT INTO edges (id, name, acknowledged, joins_at, counts, drained, "
                "registered_at, heard_at) "
                "VALUES (gen_random_uuid(), 'fra1', :number, 0, true, false, now(), now())"
            ),
            {"number": acknowledged},
        )


async def test_a_default_binding_that_is_being_deployed_asks_to_wait_and_retry(
    world: World, engine: AsyncEngine, tmp_path: Path
) -> None:
    path, cidr, route = await bound(world)
    await roas(world, engine, tmp_path, cidr)
    await edge(engine, acknowledged=0)
    for where, body in ((route, UP), (f"{path}/bgp/status", {"advertised": True})):
        answer = await world.call("PATCH", where, json=body)
        [error] = answer.json()["errors"]
        assert (answer.status_code, error["code"]) == (409, 1705)
        assert error["name"] == "advertise_state_locked"
        assert "x-should-retry" not in answer.headers
        assert int(answer.headers["retry-after"]) > 0
        assert "fra1" in error["message"]
    await edge(engine, acknowledged=10**6)
    assert (await world.call("PATCH", route, json=UP)).is_success


async def test_the_official_client_waits_by_itself(
    world: World, engine: AsyncEngine, official: AsyncCloudflare, tmp_path: Path
) -> None:
    path, cidr, route = await bound(world)
    await roas(world, engine, tmp_path, cidr)
    await edge(engine, acknowledged=0)
    seen: list[int] = []

    async def deployed_meanwhile(response: httpx.Response) -> None:
        if response.request.method == "PATCH":
            seen.append(response.status_code)
            await edge(engine, acknowledged=10**6)

    world.client.event_hooks["response"].append(deployed_meanwhile)
    client = official.with_options(http_client=world.client, max_retries=2)
    edited = await client.addressing.prefixes.bgp_prefixes.edit(
        route[-32:],
        account_id=world.account_id.hex,
        prefix_id=path[-32:],
        on_demand={"advertised": True},
    )
    assert edited is not None
    assert edited.on_demand is not None
    assert (edited.on_demand.advertised, seen) == (True, [409, 200])


async def test_no_default_binding_and_a_lock_have_names_of_their_own_and_are_final(
    world: World, engine: AsyncEngine, operator: Operator, tmp_path: Path
) -> None:
    prefix_id, _ = await world.approved()
    status = f"/prefixes/{prefix_id}/bgp/status"
    refused = await world.call("PATCH", status, json={"advertised": True})
    [error] = refused.json()["errors"]
    assert (error["code"], error["name"]) == (1004, "incomplete_bgp_deployment")
    assert refused.headers["x-should-retry"] == "false"
    path, cidr, route = await bound(world)
    await roas(world, engine, tmp_path, cidr)
    await operator.act(f"{route}/lock")
    locked = await world.call("PATCH", route, json=UP)
    [error] = locked.json()["errors"]
    assert (error["code"], error["name"]) == (1711, "locked_by_operator")
    assert locked.headers["x-should-retry"] == "false"
    shown = await world.result("GET", path)
    assert [one["name"] for one in shown["blockers"]] == ["locked_by_operator"]


@pytest.mark.parametrize("by", Approver)
async def test_rpki_validation_state_is_what_the_newest_snapshot_says(
    world: World, engine: AsyncEngine, tmp_path: Path, by: Approver
) -> None:
    prefix_id, cidr = await world.approved()
    async with world.store.transaction() as tx:
        claim = await tx.claims.lock(UUID(prefix_id))
        await tx.claims.save(replace(claim, approved_by=by))

    async def state() -> str:
        world.clock.advance(timedelta(minutes=1))  # snapshots are newer than those before
        [listed] = await world.result("GET", f"/prefixes?cidr={cidr}")
        shown = await world.result("GET", f"/prefixes/{prefix_id}")
        assert listed == shown
        return str(shown["rpki_validation_state"])

    await roas(world, engine, tmp_path)
    assert await state() == "missing"
    await roas(world, engine, tmp_path, cidr)
    assert await state() == "valid"
    wide = cidr.split(".")
    await roas(world, engine, tmp_path, f"{wide[0]}.{wide[1]}.0.0/16", longest=16)
    assert await state() == "invalid"
    await roas(world, engine, tmp_path, cidr, origin=64501)
    assert await state() == "mismatch_asn"
    world.clock.advance(timedelta(days=2))
    assert await state() == "valid", "by no answer the state stays as the checks have left it"
