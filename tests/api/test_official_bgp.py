"""The official client package announces and withdraws."""

from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from cloudflare import AsyncCloudflare, ConflictError
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.api.bound import bound, roas
from tests.api.test_bgp import engine
from tests.api.test_official_client import Counting, official, transport
from tests.api.world import World

__all__ = ["engine", "official", "transport"]  # fixtures


async def test_the_official_client_announces_a_part_and_ends_it(
    world: World, engine: AsyncEngine, official: AsyncCloudflare, tmp_path: Path
) -> None:
    path, cidr, _ = await bound(world)
    world.clock.advance(timedelta(seconds=1))
    await roas(world, engine, tmp_path, cidr)
    account, prefix_id, part = world.account_id.hex, path[-32:], cidr.replace("/23", "/24")
    routes = official.addressing.prefixes.bgp_prefixes
    made = await routes.create(prefix_id, account_id=account, cidr=part)
    assert made is not None
    assert made.id is not None
    assert [one.cidr async for one in routes.list(prefix_id, account_id=account)] == [cidr, part]
    edited = await routes.edit(
        made.id,
        account_id=account,
        prefix_id=prefix_id,
        on_demand={"advertised": True},
        asn_prepend_count=2,
    )
    assert edited is not None
    assert edited.on_demand is not None
    assert (edited.on_demand.advertised, edited.asn_prepend_count) == (True, 2)
    assert edited.on_demand.advertised_modified_at is not None
    assert await routes.get(made.id, account_id=account, prefix_id=prefix_id) == edited
    with pytest.raises(ConflictError) as refused:
        await routes.delete(made.id, account_id=account, prefix_id=prefix_id)
    assert refused.value.errors[0].code == 1309
    await routes.edit(
        made.id, account_id=account, prefix_id=prefix_id, on_demand={"advertised": False}
    )
    assert (await routes.delete(made.id, account_id=account, prefix_id=prefix_id)).success is True


async def test_the_official_client_uses_the_deprecated_status(
    world: World, engine: AsyncEngine, official: AsyncCloudflare, tmp_path: Path
) -> None:
    path, cidr, _ = await bound(world)
    await roas(world, engine, tmp_path, cidr)
    account, prefix_id = world.account_id.hex, path[-32:]
    status = official.addressing.prefixes.advertisement_status
    with pytest.warns(DeprecationWarning, match="deprecated"):
        up = await status.edit(prefix_id, account_id=account, advertised=True)
    assert up is not None
    assert up.advertised is True
    with pytest.warns(DeprecationWarning, match="deprecated"):
        read = await status.get(prefix_id, account_id=account)
    assert read is not None
    assert (read.advertised, read.advertised_modified_at) == (True, up.advertised_modified_at)
    prefix = await official.addressing.prefixes.get(prefix_id, account_id=account)
    assert prefix is not None
    assert (prefix.advertised, prefix.on_demand_enabled) == (None, True)  # there is no speaker


async def test_a_client_that_never_heard_the_answer_asks_again_and_is_content(
    world: World,
    engine: AsyncEngine,
    official: AsyncCloudflare,
    transport: Counting,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path, cidr, route = await bound(world)
    await roas(world, engine, tmp_path, cidr)
    answered = transport.inner.handle_async_request

    async def lost_once(request: httpx.Request) -> httpx.Response:
        response = await answered(request)
        if transport.count == 1:
            raise httpx.ReadTimeout("the answer is lost", request=request)
        return response

    monkeypatch.setattr(transport.inner, "handle_async_request", lost_once)
    edited = await official.addressing.prefixes.bgp_prefixes.edit(
        route[-32:],
        account_id=world.account_id.hex,
        prefix_id=path[-32:],
        on_demand={"advertised": True},
    )
    assert transport.count == 2
    assert edited is not None
    assert edited.on_demand is not None
    assert edited.on_demand.advertised is True
    events = await world.result("GET", f"{path}/events")
    assert [one["kind"] for one in events].count("bgp_prefix.announced") == 1
