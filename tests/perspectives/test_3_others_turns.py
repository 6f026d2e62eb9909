"""Issue "Time", 3: what one account, or one place, draws out holds up no other.

A customer chooses its name servers, and they know a perspective's address: they may answer the
worker at once, and a perspective never.
"""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.adapters.perspectives import wire
from byoip.adapters.perspectives.within_budget import WithinBudget
from byoip.domain.checks.evidence import Fault
from byoip.domain.checks.registry import Dialect, Registry
from byoip.domain.checks.reverse_dns.observation import Silent
from byoip.domain.checks.reverse_zone import reverse_zones
from byoip.domain.prefix import Prefix
from byoip.ports.checks.registry import Lookup, NoAnswer, NoEntries, RegistryQuestion
from byoip.store.checks.registry_budget import PostgresRegistryBudget
from tests.announcing import until
from tests.perspectives.agents import ACCOUNT, AMSTERDAM, LABEL, SystemTime, agent, client
from tests.perspectives.test_3_hostile_answers import (
    CORE,
    EMPTY,
    ITS,
    PREFIX,
    RESOLVER,
    ZONE,
    honest,
    playing,
    sent,
)

OTHER = UUID(int=2)
SLOW = reverse_zones(Prefix.parse("198.18.0.0/17"))


async def test_zones_of_one_account_that_never_end_keep_no_other_waiting() -> None:
    held, over = 0, asyncio.Event()

    async def serve(body: bytes, out: asyncio.StreamWriter) -> None:
        nonlocal held
        asked = wire.read(body, wire.Request)
        if "198.18." in str(asked.question):
            held += 1
            await over.wait()
        out.write(sent(wire.written(honest(EMPTY)(asked)), body))

    async with playing(serve) as url:
        asks = client(AMSTERDAM, url, core=CORE, of_it=ITS, deadline=100)
        slow = [asyncio.create_task(asks.observe(zone, LABEL, ACCOUNT)) for zone in SLOW]
        await until(lambda: held >= 32)
        await asyncio.sleep(0.5)
        seen = await asyncio.wait_for(asks.observe(ZONE, LABEL, OTHER), 60)
        assert not any(one.done() for one in slow)
        over.set()
        for one in slow:
            one.cancel()
        await asyncio.gather(*slow, return_exceptions=True)
    assert isinstance(seen.resolver, Silent)
    assert "not within" in seen.resolver.detail  # it came, and has no exchange


async def test_one_account_does_not_use_up_what_registries_allow_a_place(
    tmp_path: Path, world_engine: AsyncEngine
) -> None:
    budget = PostgresRegistryBudget(world_engine, remember=timedelta(0))
    registry = Registry("ripencc", "RIPE", "asked.there.invalid", Dialect.RIPE)
    async with agent(tmp_path, AMSTERDAM, CORE) as one:
        asks = WithinBudget(one.client, budget, SystemTime())
        mine = RegistryQuestion(registry, Lookup.EXACT_ROUTES, PREFIX, ACCOUNT)
        came = [await asks.look_up(mine) for _ in range(registry.budget.per_minute + 1)]
        other = await asks.look_up(replace(mine, account_id=OTHER))
    assert isinstance(came[0], NoEntries)
    assert isinstance(came[-1], NoAnswer)
    assert came[-1].fault is Fault.OUT_OF_BUDGET
    assert isinstance(other, NoEntries), other


async def test_a_record_larger_than_any_look_is_not_gone_through() -> None:
    tiny = [wire.Exchanged("", port, stream=False, asked=[], said=[]) for port in range(20_000)]
    many = wire.Exchanged("", 53, stream=False, asked=[(b"", 0, 0)] * 50_000, said=[])
    large = [wire.Exchanged("", 53, stream=False, asked=[], said=[wire.Said(b"\0" * 2**21)])]
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
