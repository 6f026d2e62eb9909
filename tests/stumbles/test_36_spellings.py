"""Stumble 36, the rest: what is spelt otherwise is refused as before, and says what was meant."""

import pytest

from tests.api.world import World


async def message(world: World, path: str) -> tuple[int, str]:
    headers = {"authorization": f"Bearer {world.token}"}
    found = await world.client.get(path, headers=headers)
    return found.status_code, found.json()["errors"][0]["message"]


@pytest.mark.parametrize("wrong", ["{path}/", "{path}//", "/{path}", "/client//{rest}"])
async def test_36_surplus_slashes_are_named(world: World, wrong: str) -> None:
    path = f"/client/v4/accounts/{world.account_id.hex}/addressing/prefixes"
    rest = path.removeprefix("/client/")
    given = wrong.format(path=path, rest=rest)
    status, said = await message(world, f"http://byoip.test{given}")
    assert status == 404
    assert said == f"There is nothing at this path: without its surplus slashes it is {path}."


@pytest.mark.parametrize("path", ["/nothing/", "//evil.example/x", "/client/v4/", "/%0d%0a/"])
async def test_36_where_slashes_are_not_all_that_is_wrong_nothing_is_repeated(
    world: World, path: str
) -> None:
    status, said = await message(world, f"http://byoip.test{path}")
    assert (status, said) == (404, "There is nothing at this path: see /openapi.json.")


async def test_36_another_spelling_of_an_id_is_named(world: World) -> None:
    made = (await world.prefix())["id"]
    hyphens = f"{made[:8]}-{made[8:12]}-{made[12:16]}-{made[16:20]}-{made[20:]}"
    for other in (hyphens, made.upper(), hyphens.upper()):
        status, said = await message(world, world.url(f"/prefixes/{other}"))
        assert status == 400
        assert said == f"prefix_id in the path must be 32 lowercase hexadecimal digits: {made}."
    _, said = await message(world, world.url("/prefixes/none"))
    assert said == "prefix_id in the path must be 32 lowercase hexadecimal digits."


async def test_36_a_page_that_is_counted_is_refused_with_what_a_list_has(world: World) -> None:
    status, said = await message(world, world.url("/prefixes?page=1"))
    assert status == 422
    assert "cursor" in said
    assert "per_page" in said
