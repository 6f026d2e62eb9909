"""Trust, 4.1: of hundreds of requests that are there at once, few are begun, and fewer of a client.

The rest wait for the next turn of the event loop; those of other clients wait for few of them.
"""

import asyncio
from collections import Counter

import pytest
from prometheus_client import CollectorRegistry
from starlette.types import Message, Receive, Scope, Send

from byoip.api.border.access_log import AccessLog
from byoip.api.border.account_turns import client_at

AT_ONCE = 400


def _scope(address: str) -> Scope:
    return {
        "type": "http",
        "method": "GET",
        "path": "/nothing",
        "query_string": b"",
        "headers": [],
        "client": (address, 4711),
    }


async def _begun(*flood: Scope) -> Counter[tuple[str, int]]:
    """How many requests of an address were begun, in which turn of the loop."""
    turn, begun = 0, Counter[tuple[str, int]]()

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        begun[scope["client"][0], turn] += 1

    async def receive() -> Message:
        raise AssertionError("no body was asked for")

    async def send(_: Message) -> None:
        raise AssertionError("there is no answer")

    async def count() -> None:
        nonlocal turn
        while True:
            await asyncio.sleep(0)
            turn += 1

    log = AccessLog(app, CollectorRegistry())
    counting = asyncio.create_task(count())
    await asyncio.gather(*(log(one, receive, send) for one in flood))
    counting.cancel()
    return begun


async def test_a_client_begins_few_in_each_turn_of_the_loop() -> None:
    flood = [_scope("192.0.2.1")] * AT_ONCE
    begun = await _begun(*flood, _scope("2001:db8::1"))
    assert begun.total() == AT_ONCE + 1
    assert max(begun.values()) <= 8
    first = min(at for _, at in begun)
    assert begun["2001:db8::1", first] == 1


async def test_many_clients_begin_few_in_each_turn_and_one_that_comes_is_among_the_next() -> None:
    flood = [_scope(f"192.0.2.{one % 100}") for one in range(AT_ONCE)]
    begun = await _begun(*flood, _scope("2001:db8::1"))
    turns = Counter[int]()
    for (_, at), count in begun.items():
        turns[at] += count
    assert begun.total() == AT_ONCE + 1
    assert max(turns.values()) <= 16
    (mine,) = (at for address, at in begun if address == "2001:db8::1")
    assert sum(count for at, count in turns.items() if at < mine) <= 100 + 16


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::a:b:c:d", True),  # written short, and of the same 64 bits
        ("2001:db8:1:2:3::", "2001:db8:1:2::9", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("192.0.2.1", "192.0.2.2", False),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("unknown", "198.51.100.7:4711", False),
    ],
)
def test_a_client_is_an_address_or_64_bits_of_it(one: str, other: str, *, same: bool) -> None:
    assert (client_at(one) == client_at(other)) is same


async def test_4_1_of_many_that_waited_for_one_thing_few_are_answered_in_a_turn() -> None:
    turn, sent = 0, Counter[tuple[str, int]]()
    there = asyncio.Event()

    async def app(scope: Scope, _receive: Receive, send: Send) -> None:
        await there.wait()
        sent[scope["client"][0], -1] += 1
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"a", "more_body": True})
        await send({"type": "http.response.body", "body": b"b"})

    async def receive() -> Message:
        raise AssertionError("no body was asked for")

    def sending(client: str) -> Send:
        async def send(message: Message) -> None:
            if message.get("body") != b"b":
                sent[client, turn] += 1

        return send

    log = AccessLog(app, CollectorRegistry())
    clients = [*["192.0.2.1"] * AT_ONCE, "2001:db8::1"]
    asking = asyncio.gather(*(log(_scope(one), receive, sending(one)) for one in clients))
    while sum(count for (_, at), count in sent.items() if at < 0) < len(clients):
        await asyncio.sleep(0)
        turn += 1
        if turn == AT_ONCE:  # all wait
            assert not sent
            there.set()
    first = min(at for _, at in sent if at > 0)
    while not asking.done():
        await asyncio.sleep(0)
        turn += 1
    of_turns = {one: count for one, count in sent.items() if one[1] >= 0}
    assert sum(of_turns.values()) == 2 * len(clients)
    assert max(of_turns.values()) <= 8
    assert min(at for whose, at in of_turns if whose != "192.0.2.1") - first <= 2
