"""Trust, 4.1: of hundreds of requests of one client that are there at once, few are begun.

The rest wait for the next turn of the event loop, and those of other clients do not wait for them.
"""

import asyncio
from collections import Counter

from prometheus_client import CollectorRegistry
from starlette.types import Message, Receive, Scope, Send

from byoip.api.border.access_log import AccessLog

AT_ONCE = 400


def _scope(address: str) -> Scope:
    return {
        "type": "http",
        "method": "GET",
        "path": "/nothing",
        "headers": [],
        "client": (address, 4711),
    }


async def test_a_client_begins_few_in_each_turn_of_the_loop() -> None:
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
    flood = [log(_scope("192.0.2.1"), receive, send) for _ in range(AT_ONCE)]
    other = log(_scope("2001:db8::1"), receive, send)
    await asyncio.gather(*flood, other)
    counting.cancel()
    assert begun.total() == AT_ONCE + 1
    assert max(begun.values()) <= 8
    first = min(at for _, at in begun)
    assert begun["2001:db8::1", first] == 1
