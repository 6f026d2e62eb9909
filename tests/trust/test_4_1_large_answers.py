"""Trust, 4.1: a customer that asks for large answers again and again delays no other."""

import asyncio
import secrets
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from uuid import uuid4

import pytest
from pydantic import BaseModel
from starlette.types import Message, Scope

from byoip.api.border.answers import list_answer
from byoip.api.border.large_answers import BYTES_OF_AN_ACCOUNT, OF_AN_ACCOUNT
from byoip.api.border.paging import everything
from tests.announcing import until
from tests.api.world import World

HOSTILE = 60  # requests at a time
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


async def test_an_accounts_large_answers_are_made_one_by_one(world: World) -> None:
    async with world.backend.large.turn(world.account_id):
        asked = [asyncio.create_task(_status(world, "/prefixes")) for _ in range(HOSTILE)]
        await until(lambda: sum(one.done() for one in asked) == HOSTILE - OF_AN_ACCOUNT)
        assert {one.result() for one in asked if one.done()} == {429}
    answered = Counter(await asyncio.gather(*asked))
    assert answered == {200: OF_AN_ACCOUNT, 429: HOSTILE - OF_AN_ACCOUNT}
    assert await _status(world, "/prefixes") == 200
    assert not world.backend.large.of


@pytest.mark.parametrize(
    "path", ["/loa_documents/{}/download", "/prefixes/{}/validations/{}", "/events?per_page=1000"]
)
async def test_documents_and_evidence_count_as_well(world: World, path: str) -> None:
    async with world.backend.large.turn(world.account_id):
        waiting = asyncio.create_task(
            _status(world, path.format(world.account_id.hex, uuid4().hex))
        )
        await until(lambda: world.backend.large.of[world.account_id] == 1)
        assert not waiting.done()
    assert await waiting in {200, 404}


async def test_other_accounts_and_other_requests_do_not_wait(world: World) -> None:
    made = await world.prefix()
    async with world.backend.large.turn(world.account_id):
        waiting = asyncio.create_task(_status(world, "/prefixes"))
        assert await _status(world, f"/prefixes/{made['id']}") == 200
        other = await world.client.get(
            world.url("/prefixes", world.other_account_id),
            headers={"authorization": f"Bearer {world.other_token}"},
        )
        assert other.status_code == 200
        newest = await world.backend.reader.newest_account_event(world.account_id)
        polled = await world.call("GET", f"/events?wait=1&after={newest}")
        assert polled.status_code == 200  # it waits for events, not for large answers
        assert not waiting.done()
    assert await waiting == 200


async def test_who_reads_slowly_holds_few_answers_and_none_twice(world: World) -> None:
    """Of a client that stops reading after a while, as uvicorn has its application wait."""
    await world.prefix(description="x" * 1000)
    scope = _scope(world, "/prefixes")
    goes_on, sent = asyncio.Event(), 0

    async def send(message: Message) -> None:
        nonlocal sent
        sent += len(message.get("body", b""))
        await goes_on.wait()

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    reading = [asyncio.create_task(world.app(scope(), receive, send)) for _ in range(OF_AN_ACCOUNT)]
    await until(lambda: world.backend.large.of[world.account_id] == OF_AN_ACCOUNT)
    await until(lambda: not world.backend.large._turns)  # all are made, and none is read
    assert await _status(world, "/prefixes") == 429
    goes_on.set()
    await asyncio.gather(*reading)
    assert await _status(world, "/prefixes") == 200


async def test_who_reads_slowly_holds_so_many_bytes(world: World) -> None:
    large, whose = world.backend.large, world.account_id
    with large.holding(whose, BYTES_OF_AN_ACCOUNT):
        assert await _status(world, "/prefixes") == 429
        other = await world.client.get(
            world.url("/prefixes", world.other_account_id),
            headers={"authorization": f"Bearer {world.other_token}"},
        )
        assert other.status_code == 200
    with large.holding(whose, 2 * BYTES_OF_AN_ACCOUNT):
        pass  # one that is alone may be as large as it is
    assert await _status(world, "/prefixes") == 200
    assert not large.bytes_of


async def test_what_was_waited_for_counts_once_it_is_large(world: World) -> None:
    made = await world.prefix()
    for _ in range(40):
        change = {"description": secrets.token_hex(500)}
        await world.result("PATCH", f"/prefixes/{made['id']}", json=change)
    with ExitStack() as held:
        for _ in range(OF_AN_ACCOUNT):
            held.enter_context(world.backend.large.one_more(world.account_id))
        assert await _status(world, "/events?wait=1&per_page=1000") == 429
        assert await _status(world, "/events?wait=1&per_page=1") == 200
    assert await _status(world, "/events?wait=1&per_page=1000") == 200


def _scope(world: World, path: str) -> Callable[[], Scope]:
    """Each request needs one of its own."""
    return lambda: {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "path": world.url(path),
        "raw_path": world.url(path).encode(),
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "headers": [(b"authorization", f"Bearer {world.token}".encode())],
        "state": {"request_id": "slow"},
    }
