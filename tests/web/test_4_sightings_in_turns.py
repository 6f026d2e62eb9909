"""Page, 4: one customer's prefixes, about which perspectives do not agree, hide nobody else's."""

from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.accounts.people import Role
from byoip.store.checks import place_sightings
from byoip.store.checks.place_sightings import PlaceSightings
from byoip.web.operator.network import perspectives
from tests.api.world import World
from tests.perspectives.agents import PLACES
from tests.web.browser import signed_in
from tests.web.places import CONTRADICTS, PERSPECTIVES, saw

OF_ONE = ["31.2.0.0/23", "31.4.0.0/23", "31.6.0.0/23"]
ANOTHERS = "31.8.0.0/23"


@pytest.fixture
async def flooded(world: World, engine: AsyncEngine) -> World:
    """Another account's is the oldest."""
    answer = await world.client.post(
        world.url("/prefixes", world.other_account_id),
        headers={"authorization": f"Bearer {world.other_token}"},
        json={"cidr": ANOTHERS, "asn": 64500},
    )
    await saw(world, engine, answer.json()["result"]["id"], tyo=CONTRADICTS)
    for one in OF_ONE:
        await newest(world, engine, one)
    return world


async def newest(world: World, engine: AsyncEngine, cidr: str) -> str:
    """One more of the first account's; its id."""
    world.clock.advance(timedelta(minutes=1))
    made = await world.prefix(cidr)
    await saw(world, engine, made["id"], tyo=CONTRADICTS)
    return str(made["id"])


async def listed(world: World, engine: AsyncEngine, most: int) -> list[str]:
    found = await PlaceSightings(engine).apart(most, world.clock.now())
    return list(dict.fromkeys(one.subject for one in found))


async def test_4_accounts_take_turns_in_what_is_shown(
    flooded: World, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await listed(flooded, engine, 100) == [OF_ONE[2], ANOTHERS, OF_ONE[1], OF_ONE[0]]
    assert await listed(flooded, engine, 2 * len(PLACES)) == [OF_ONE[2], ANOTHERS]
    monkeypatch.setattr(perspectives, "_SHOWN", 2)
    shown = (await (await signed_in(flooded, Role.OPERATOR)).read(PERSPECTIVES)).text
    assert (ANOTHERS in shown, OF_ONE[1] in shown) == (True, False)


async def test_4_accounts_take_turns_in_what_is_kept(
    flooded: World, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place_sightings, "_MOST", 2 * len(PLACES))
    again = await newest(flooded, engine, "31.10.0.0/23")
    assert await listed(flooded, engine, 100) == ["31.10.0.0/23", ANOTHERS]
    await flooded.result("DELETE", f"/prefixes/{again}")
    await newest(flooded, engine, "31.12.0.0/23")
    assert await listed(flooded, engine, 100) == ["31.12.0.0/23", ANOTHERS]
