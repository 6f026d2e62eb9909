"""Trust, 4.1: an account that writes one row on many connections does not take the database away.

Its requests wait for each other; they hold two of the process's connections meanwhile, not all.
"""

import asyncio
from collections import Counter
from typing import Any
from uuid import uuid4

import pytest

from byoip.api.border.account_turns import AccountTurns
from byoip.api.border.refusals import RateLimited
from tests.trust.served import Customer, served

AT_ONCE = 60
BRING = {"cidr": "31.1.0.0/24", "asn": 64500}


async def _bring(customer: Customer) -> str:
    brought = await customer.ask("POST", "/prefixes", json=BRING)
    assert brought.status_code == 201, brought.text
    path: str = f"/prefixes/{brought.json()['result']['id']}"
    return path


async def test_an_account_holds_few_connections(database_url: str) -> None:
    async with served(database_url) as api:
        attacker, other = await api.customer(), await api.customer()
        theirs, own = await _bring(attacker), await _bring(other)
        pool: Any = api.backend.border.store._engine.pool
        busy: list[int] = []

        async def patch(customer: Customer, path: str, number: int) -> int:
            said = {"description": f"number {number}"}
            answered = await customer.ask("PATCH", path, json=said)
            busy.append(pool.checkedout())
            return answered.status_code

        flood = [asyncio.create_task(patch(attacker, theirs, one)) for one in range(AT_ONCE)]
        mine = [await patch(other, own, one) for one in range(5)]
        assert Counter(await asyncio.gather(*flood)) == {200: AT_ONCE}
        assert Counter(mine) == {200: 5}
        assert max(busy) <= 4  # two of each account
        assert not api.backend.turns.of


async def test_those_that_wait_are_few_and_come_in_order() -> None:
    turns, one = AccountTurns(at_once=1), uuid4()
    order: list[int] = []
    go_on = asyncio.Event()

    async def work(number: int) -> None:
        async with turns.turn(one):
            await go_on.wait()
            order.append(number)

    waiting = [asyncio.create_task(work(number)) for number in range(201)]
    await asyncio.sleep(0)
    with pytest.raises(RateLimited):
        await work(201)
    go_on.set()
    await asyncio.gather(*waiting)
    assert order == list(range(201))
