import asyncio
import random

import pytest

from byoip.domain.claim import Claim
from byoip.ports.accounts import Account
from byoip.store.reader import PostgresReader
from byoip.store.transaction import PostgresStore
from tests.store.samples import claim, event


@pytest.fixture
async def kept(store: PostgresStore, customer: Account) -> list[Claim]:
    made = [claim(customer.id, f"198.18.{number}.0/24") for number in range(2)]
    async with store.transaction() as shelf:
        for one in made:
            await shelf.claims.add(one)
    return made


async def test_numbers_follow_the_order_in_which_events_were_added(
    store: PostgresStore, reader: PostgresReader, kept: list[Claim]
) -> None:
    one, other = kept
    async with store.transaction() as shelf:
        await shelf.events.add(event(one, "a"), event(other, "b"))
        await shelf.events.add(event(one, "c"))
    seen = await reader.events(one.account_id, one.id, after=0, limit=9)
    assert [(line.number, line.kind) for line in seen] == [(1, "a"), (2, "c")]
    seen = await reader.events(other.account_id, other.id, after=0, limit=9)
    assert [(line.number, line.kind) for line in seen] == [(1, "b")]


async def test_a_reader_that_follows_the_numbers_misses_nothing(
    store: PostgresStore, reader: PostgresReader, kept: list[Claim]
) -> None:
    one = kept[0]
    patience = random.Random(7)  # noqa: S311 - any order will do

    async def write(pause: float) -> None:
        async with store.transaction() as shelf:
            await shelf.events.add(event(one), event(one))
            await asyncio.sleep(pause)
            if pause > 0.04:
                raise ZeroDivisionError

    writing = [asyncio.create_task(write(patience.random() / 20)) for _ in range(30)]
    seen: list[int] = []
    while True:
        done = all(task.done() for task in writing)
        page = await reader.events(
            one.account_id, one.id, after=seen[-1] if seen else 0, limit=1000
        )
        seen += [line.number for line in page]
        if done and not page:
            break
    ended = await asyncio.gather(*writing, return_exceptions=True)
    kept_writes = sum(result is None for result in ended)
    assert 0 < kept_writes < 30
    assert seen == list(range(1, 2 * kept_writes + 1))


async def test_two_that_write_about_the_same_two_claims_do_not_deadlock(
    store: PostgresStore, reader: PostgresReader, kept: list[Claim]
) -> None:
    async def write(order: list[Claim]) -> None:
        async with store.transaction() as shelf:
            await shelf.events.add(*(event(one) for one in order))

    await asyncio.gather(*(write(order) for order in [kept, kept[::-1]] * 10))
    for one in kept:
        assert len(await reader.events(one.account_id, one.id, after=0, limit=99)) == 20
