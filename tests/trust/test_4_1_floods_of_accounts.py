"""Trust, 4.1: a dozen accounts, or a host of addresses, that ask without end keep no other waiting.

All share connections to the database, and the time of the event loop.
"""

import asyncio
import gc
from collections import Counter
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import sqlalchemy as sa
from pydantic import BaseModel

from byoip.api.border.answers import list_answer
from byoip.api.border.paging import everything
from byoip.store.autocommit import autocommit_pool
from byoip.store.engine import PoolSize, begun, make_engine
from byoip.store.sharing import in_slices, working_for
from byoip.store.statements import from_text
from tests.announcing import until
from tests.trust.served import NO_TLS, Customer, Served, served

ACCOUNTS = 12
EACH = 10  # requests that wait at a time
PLACES = 4
SLEEP = "SELECT pg_sleep(0.005)"
ADDRESSES = [f"127.0.1.{last}" for last in range(1, 41)]


class Item(BaseModel):
    number: int


@pytest.mark.parametrize("transactions", [True, False])
async def test_one_that_comes_waits_for_few_of_a_dozen_others(
    database_url: str, *, transactions: bool
) -> None:
    engine = make_engine(database_url, pool=PoolSize(kept=PLACES, more=0, autocommit=PLACES))
    order: list[UUID] = []

    async def ask(whose: UUID) -> None:
        with working_for(whose):
            if transactions:
                async with begun(engine) as connection:
                    order.append(whose)
                    await connection.execute(sa.text(SLEEP))
            else:
                await autocommit_pool(engine).ask(from_text(SLEEP))
                order.append(whose)

    others, one = [uuid4() for _ in range(ACCOUNTS)], uuid4()
    flood = [asyncio.create_task(ask(whose)) for whose in others for _ in range(EACH)]
    await until(lambda: len(order) >= ACCOUNTS)
    before = len(order)
    await ask(one)
    assert order.index(one) - before <= ACCOUNTS + PLACES
    await asyncio.gather(*flood)
    await engine.dispose()


def _held(api: Served) -> Counter[Any]:
    places: Any = autocommit_pool(api.backend.border.store._engine)._places
    held: Counter[Any] = places.held
    return held


async def _stranger(api: Served, address: str) -> int:
    transport = httpx.AsyncHTTPTransport(local_address=address, verify=NO_TLS)
    headers = {"authorization": f"Bearer {uuid4().hex}"}
    base = f"http://127.0.0.1:{api.port}"
    async with httpx.AsyncClient(base_url=base, transport=transport, timeout=60) as client:
        path = f"/client/v4/accounts/{'0' * 32}/addressing/prefixes"
        return (await client.get(path, headers=headers)).status_code


async def test_unknown_tokens_hold_half_of_the_connections(database_url: str) -> None:
    async with served(database_url) as api:
        most = 0

        async def look() -> None:
            nonlocal most
            while True:
                most = max(most, _held(api).total())
                await asyncio.sleep(0)

        looking = asyncio.create_task(look())
        answers = await asyncio.gather(*(_stranger(api, one) for one in ADDRESSES))
        looking.cancel()
        assert set(answers) == {401}
        assert 1 <= most <= PoolSize().autocommit // 2
        assert not _held(api)


async def _reads(customer: Customer) -> int:
    return (await customer.ask("GET", "/prefixes")).status_code


async def test_a_customer_who_was_here_does_not_wait_for_unknown_tokens(database_url: str) -> None:
    async with served(database_url) as api:
        known, new = await api.customer(), await api.customer()
        assert await _reads(known) == 200
        turns, scope = api.backend.client_turns, {"client": ("127.0.0.1", 4711)}
        async with turns.turn(scope), turns.turn(scope):  # of strangers at the same address
            waiting = asyncio.create_task(_reads(new))
            assert await _reads(known) == 200
            assert not waiting.done()
        assert await waiting == 200


@pytest.mark.parametrize("what", ["an answer", "views"])
async def test_of_long_lists_one_slice_is_made_in_a_turn_of_the_loop(what: str) -> None:
    turn, made = 0, Counter[int]()

    def show(number: int) -> Item:
        made[turn] += 1
        return Item(number=number)

    async def count() -> None:
        nonlocal turn
        while True:
            turn += 1
            await asyncio.sleep(0)

    async def make() -> None:
        if what == "views":
            await in_slices(range(1000), show, size=25)
        else:
            await list_answer(everything(range(1000)), show)

    counting = asyncio.create_task(count())
    await asyncio.gather(*(make() for _ in range(ACCOUNTS)))
    counting.cancel()
    assert made.total() == 1000 * ACCOUNTS
    assert max(made.values()) == 25


async def test_what_was_imported_is_not_looked_through_for_garbage(database_url: str) -> None:
    gc.unfreeze()
    async with served(database_url):
        assert len(gc.get_objects()) < gc.get_freeze_count()
