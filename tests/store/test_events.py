import asyncio
import random
from uuid import UUID, uuid4

import pytest

from byoip.domain.claims.claim import Claim
from byoip.store.claims.reader import CustomerReader
from byoip.store.transaction import Store
from tests.accounts import Accounts
from tests.store.samples import account, claim, event


async def test_numbers_follow_the_order_in_which_events_were_added(
    store: Store, reader: CustomerReader, several: list[Claim]
) -> None:
    one, other, *_ = several
    async with store.transaction() as tx:
        tx.events.note(event(one, "a"), event(other, "b"))
        tx.events.note(event(one, "c"))
    seen = await reader.events(one.account_id, one.id, after=0, limit=9)
    assert [(line.number, line.kind) for line in seen] == [(1, "a"), (2, "c")]
    seen = await reader.events(other.account_id, other.id, after=0, limit=9)
    assert [(line.number, line.kind) for line in seen] == [(1, "b")]


@pytest.mark.parametrize("of", [1, 2], ids=["a claim", "an account"])
async def test_who_follows_the_numbers_misses_nothing(
    store: Store, reader: CustomerReader, several: list[Claim], of: int
) -> None:
    account_id, claim_id = several[0].account_id, several[0].id
    patience = random.Random(7)  # noqa: S311 - any order will do

    async def write(one: Claim, pause: float) -> None:
        async with store.transaction() as tx:
            tx.events.note(event(one), event(one))
            await asyncio.sleep(pause)
            if pause > 0.04:
                raise ZeroDivisionError

    async def after(last: int) -> list[int]:
        if of == 1:
            page = await reader.events(account_id, claim_id, after=last, limit=1000)
            return [line.number for line in page]
        return await numbers(reader, account_id, after=last)

    pauses = [patience.random() / 20 for _ in range(30)]
    writing = [asyncio.create_task(write(several[n % of], pause)) for n, pause in enumerate(pauses)]
    seen: list[int] = []
    while True:
        done = all(task.done() for task in writing)
        page = await after(seen[-1] if seen else 0)
        seen += page
        if done and not page:
            break
    ended = await asyncio.gather(*writing, return_exceptions=True)
    written = sum(result is None for result in ended)
    assert 0 < written < 30
    assert seen == list(range(1, 2 * written + 1))


async def test_two_that_write_about_the_same_two_claims_do_not_deadlock(
    store: Store, reader: CustomerReader, several: list[Claim]
) -> None:
    async def write(order: list[Claim]) -> None:
        async with store.transaction() as tx:
            tx.events.note(*(event(one) for one in order))

    await asyncio.gather(*(write(order) for order in [several, several[::-1]] * 10))
    for one in several:
        assert len(await reader.events(one.account_id, one.id, after=0, limit=99)) == 20


async def numbers(reader: CustomerReader, account_id: UUID, after: int = 0) -> list[int]:
    page = await reader.account_events(account_id, after=after, limit=1000)
    return [line.number for line in page]


async def test_an_accounts_numbers_count_over_all_its_claims_in_the_order_of_adding(
    store: Store, reader: CustomerReader, several: list[Claim]
) -> None:
    one, other, *_ = several
    async with store.transaction() as tx:
        tx.events.note(event(other, "a"), event(one, "b"), event(other, "c"))
    async with store.transaction() as tx:
        tx.events.note(event(one, "d"))
    seen = await reader.account_events(one.account_id, after=0, limit=9)
    assert [(line.number, line.claim_id, line.event.number, line.event.kind) for line in seen] == [
        (1, other.id, 1, "a"),
        (2, one.id, 1, "b"),
        (3, other.id, 2, "c"),
        (4, one.id, 2, "d"),
    ]
    assert await reader.account_events(one.account_id, after=2, limit=1) == seen[2:3]
    assert await reader.account_events(uuid4(), after=0, limit=9) == []


async def test_writers_about_claims_of_two_accounts_in_any_order_do_not_deadlock(
    store: Store, reader: CustomerReader, accounts: Accounts, several: list[Claim]
) -> None:
    await accounts.create(second := account())
    theirs = [claim(second.id, f"198.18.{number}.0/24") for number in range(2)]
    async with store.transaction() as tx:
        for one in theirs:
            await tx.claims.add(one)
    everything = [*several, *theirs]
    patience = random.Random(3)  # noqa: S311 - any order will do

    async def write() -> None:
        async with store.transaction() as tx:
            chosen = patience.sample(everything, 3)
            tx.events.note(*(event(one) for one in chosen))

    await asyncio.gather(*(write() for _ in range(40)))
    ours = await numbers(reader, several[0].account_id)
    others = await numbers(reader, second.id)
    assert len(ours) + len(others) == 120
    assert ours == list(range(1, len(ours) + 1))
    assert others == list(range(1, len(others) + 1))
