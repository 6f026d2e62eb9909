"""Trust, 4.1: one event wakes all requests that wait for it; few of an account read at a time."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from byoip.api.border import account_turns
from byoip.store.claims.reader import CustomerReader
from tests.trust.served import served

BRING = {"cidr": "31.1.0.0/24", "asn": 64500}
MOST = 30


async def test_those_that_an_event_wakes_read_two_at_a_time(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, most, read = 0, 0, CustomerReader.account_events

    async def counted(*asked: Any, **how: Any) -> Any:
        nonlocal reading, most
        reading += 1
        most = max(most, reading)
        try:
            return await read(*asked, **how)
        finally:
            reading -= 1

    monkeypatch.setattr(CustomerReader, "account_events", counted)
    monkeypatch.setattr(account_turns, "MOST_LISTENING", MOST)
    async with served(database_url) as api, api.backend.notifier.listening():
        customer = await api.customer()
        listening = [
            asyncio.create_task(customer.ask("GET", "/events?wait=30")) for _ in range(MOST)
        ]
        async with asyncio.timeout(60):
            while api.backend.turns.listening.total() < MOST:  # noqa: ASYNC110 - it has no event for it
                await asyncio.sleep(0.05)
        refused = await customer.ask("GET", "/events?wait=30")
        assert refused.status_code == 429, refused.text
        await asyncio.sleep(0.5)
        assert (await customer.ask("POST", "/prefixes", json=BRING)).status_code == 201
        answers = Counter(one.status_code for one in await asyncio.gather(*listening))
        assert answers == {200: MOST}
        assert most <= 2
        assert not api.backend.turns.listening
        assert (await customer.ask("GET", "/events?wait=1")).status_code == 200
