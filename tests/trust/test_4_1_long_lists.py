"""Trust, 4: a customer that asks for its longest list again and again delays no other."""

import asyncio
from collections import Counter

from pydantic import BaseModel

from byoip.api.border.answers import list_answer
from byoip.api.border.lists import MOST_WAITING
from byoip.api.border.paging import everything
from tests.announcing import until
from tests.api.world import World

HOSTILE = 60  # lists at a time
ITEMS = 1000


class Item(BaseModel):
    number: int


async def test_a_long_list_is_written_in_slices() -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    other = asyncio.create_task(others())
    await asyncio.sleep(0)
    made = await list_answer(everything(range(ITEMS)), lambda number: Item(number=number))
    other.cancel()
    assert made.body.count(b'"number"') == ITEMS
    assert turns >= ITEMS // 50


async def _status(world: World, path: str) -> int:
    return (await world.call("GET", path)).status_code


async def test_an_accounts_lists_take_turns(world: World) -> None:
    async with world.backend.lists.turn(world.account_id):
        asked = [asyncio.create_task(_status(world, "/prefixes")) for _ in range(HOSTILE)]
        await until(lambda: sum(one.done() for one in asked) == HOSTILE - MOST_WAITING)
        assert {one.result() for one in asked if one.done()} == {429}
    answered = Counter(await asyncio.gather(*asked))
    assert answered == {200: MOST_WAITING, 429: HOSTILE - MOST_WAITING}
    assert await _status(world, "/prefixes") == 200
    assert not world.backend.lists.of


async def test_other_accounts_and_other_requests_do_not_wait(world: World) -> None:
    made = await world.prefix()
    async with world.backend.lists.turn(world.account_id):
        waiting = asyncio.create_task(_status(world, "/prefixes"))
        assert await _status(world, f"/prefixes/{made['id']}") == 200
        other = await world.client.get(
            world.url("/prefixes", world.other_account_id),
            headers={"authorization": f"Bearer {world.other_token}"},
        )
        assert other.status_code == 200
        polled = await world.call("GET", f"/events?wait=1&after={await _newest(world)}")
        assert polled.status_code == 200  # a long poll waits for events, not for lists
        assert not waiting.done()
    assert await waiting == 200


async def _newest(world: World) -> int:
    return await world.backend.reader.newest_account_event(world.account_id)
