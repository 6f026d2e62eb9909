from dataclasses import replace
from uuid import UUID

import pytest

from byoip.domain.claims.lifecycle import Standing
from tests.api.world import World


async def ids(world: World, **params: str) -> list[str]:
    return [one["id"] for one in await world.result("GET", "/prefixes", params=params)]


async def contested(world: World, prefix_id: str) -> None:
    async with world.store.transaction() as tx:
        claim = await tx.claims.lock(UUID(prefix_id))
        await tx.claims.save(replace(claim, standing=Standing.CONTESTED))


async def test_a_prefix_is_found_by_exactly_its_cidr_however_it_is_written(world: World) -> None:
    await world.prefix("31.0.0.0/16")
    small = (await world.prefix("31.1.0.0/23"))["id"]
    six = (await world.prefix("2a00:1::/32"))["id"]
    assert await ids(world, cidr="31.1.0.0/23") == [small]
    assert await ids(world, cidr="2A00:0001::/32") == [six]
    assert await ids(world, cidr="31.1.0.0/24") == []
    assert await ids(world, cidr="31.0.0.0/8") == []


async def test_approved_and_pending_ones_are_told_apart(world: World) -> None:
    pending = (await world.prefix())["id"]
    approved, _ = await world.approved()
    assert await ids(world, approved="true") == [approved]
    assert await ids(world, approved="false") == [pending]
    assert set(await ids(world)) == {pending, approved}


async def test_filters_hold_together_and_with_pages_and_are_counted(world: World) -> None:
    made = [(await world.prefix(f"31.{number}.0.0/16"))["id"] for number in range(7)]
    for one in made[::2]:
        await contested(world, one)
    approved, cidr = await world.approved()
    await contested(world, approved)
    params = {"standing": "contested", "approved": "false", "per_page": "3"}
    seen = []
    while True:
        page = (await world.call("GET", "/prefixes", params=params)).json()
        assert page["result_info"]["total_count"] == 4
        seen += [one["id"] for one in page["result"]]
        if page["result_info"]["cursor"] is None:
            break
        params["cursor"] = page["result_info"]["cursor"]
    assert sorted(seen) == sorted(made[::2])
    assert await ids(world, standing="contested", cidr=cidr) == [approved]
    assert await ids(world, standing="ok", cidr=cidr) == []
    assert await ids(world, standing="suspended") == []


@pytest.mark.parametrize(
    "query",
    [
        "approved=V",
        "approved=1",
        "approved=",
        "approved=true&approved=true",
        "standing=fine",
        "standing=",
        "cidr=31.0.0.1/23",
        "cidr=31.0.0.0",
        "cidr=31.0.0.0/33",
        "cidr=*",
    ],
)
async def test_a_filter_that_is_not_understood_is_refused(world: World, query: str) -> None:
    assert await world.errors("GET", f"/prefixes?{query}") == [(422, "query_parameter_invalid", "")]


async def test_only_ones_own_prefixes_are_found(world: World) -> None:
    await world.prefix("31.0.0.0/23")
    response = await world.client.get(
        world.url("/prefixes?cidr=31.0.0.0/23", world.other_account_id),
        headers={"authorization": f"Bearer {world.other_token}"},
    )
    assert response.json()["result"] == []
