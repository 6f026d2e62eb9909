"""Issue "Time", 3: what one account, or one place, draws out holds up no other.

A customer chooses its name servers, and they know a perspective's address: they may answer the
worker at once, and a perspective never.
"""

import asyncio
import json
from time import monotonic
from uuid import UUID

from byoip.adapters.perspectives import wire
from byoip.domain.checks.evidence import Fault
from byoip.domain.checks.reverse_dns.observation import Silent
from byoip.domain.checks.reverse_zone import reverse_zones
from byoip.domain.prefix import Prefix
from tests.perspectives.agents import ACCOUNT, AMSTERDAM, LABEL, client
from tests.perspectives.test_3_hostile_answers import (
    CORE,
    EMPTY,
    ITS,
    RESOLVER,
    ZONE,
    honest,
    playing,
    sent,
)

OTHER = UUID(int=2)
SLOW = reverse_zones(Prefix.parse("198.18.0.0/17"))


async def test_zones_of_one_account_that_never_end_keep_no_other_waiting() -> None:
    async def serve(body: bytes, out: asyncio.StreamWriter) -> None:
        asked = wire.read(body, wire.Request)
        if "198.18." in str(asked.question):
            await asyncio.sleep(60)
        out.write(sent(wire.written(honest(EMPTY)(asked)), body))

    async with playing(serve) as url:
        asks = client(AMSTERDAM, url, core=CORE, of_it=ITS, deadline=5)
        slow = [asyncio.create_task(asks.observe(zone, LABEL, ACCOUNT)) for zone in SLOW]
        await asyncio.sleep(1)
        began = monotonic()
        seen = await asks.observe(ZONE, LABEL, OTHER)
        took = monotonic() - began
        for one in slow:
            one.cancel()
        await asyncio.gather(*slow, return_exceptions=True)
    assert isinstance(seen.resolver, Silent)
    assert "not within" in seen.resolver.detail  # it came, and has no exchange
    assert took < 3


async def test_a_record_larger_than_any_look_is_not_gone_through() -> None:
    tiny = [wire.Exchanged("", port, False, [], []) for port in range(20_000)]
    many = wire.Exchanged("", 53, False, [(b"", 0, 0)] * 50_000, [])
    large = [wire.Exchanged("", 53, False, [], [wire.Said(b"\0" * 2**21)])]
    for exchanges, fault in (
        (tiny, Fault.GARBAGE),
        ([many], Fault.GARBAGE),
        (large, Fault.TOO_LARGE),
    ):
        answer = wire.Looked([RESOLVER], 53, [4], exchanges)
        told = wire.written(honest(answer)(_A_REQUEST))

        def serve(body: bytes, out: asyncio.StreamWriter, told: bytes = told) -> None:
            nonce = json.loads(body)["nonce"]
            out.write(sent(told.replace(_A_REQUEST.nonce.encode(), nonce.encode()), body))

        async with playing(serve) as url:
            asks = client(AMSTERDAM, url, core=CORE, of_it=ITS)
            seen = await asks.observe(ZONE, LABEL, ACCOUNT)
        assert isinstance(seen.resolver, Silent)
        assert seen.resolver.fault is fault, seen.resolver


_A_REQUEST = wire.Request(wire.VERSION, "ams", "0" * 32, 0.0, wire.Hello())
