"""Who still has the zone above one of a prefix hides with it that it has lost another."""

import asyncio
import json
from inspect import signature
from types import SimpleNamespace
from typing import Any

import dns.message
import pytest

from byoip.adapters.checks.dns_looks import DnsLooks
from byoip.domain.checks.reverse_zone import reverse_zones
from byoip.domain.prefix import Prefix
from byoip.domain.watch.levels import Signal
from byoip.domain.watch.watch import Watch
from byoip.domain.watch.zones import hear_zones
from byoip.usecases.watch import look
from tests.adapters.dns_script import ACCOUNT, LABEL, REGISTRY, TOP, Script, playing, referring
from tests.leaping import leap
from tests.trust.dns_tree import EVIL1, WIDE, holds, resolver
from tests.watch.test_1_real_servers import AT

PREFIX = Prefix.parse("192.0.2.0/23")
LOST, KEPT = (one.name for one in reverse_zones(PREFIX))
BEFORE = json.dumps({LOST: ["evil1.example."], KEPT: ["evil1.example."]})
ZONE_SECONDS = 300.0


async def registry(question: dns.message.Message, writer: asyncio.StreamWriter) -> None:
    kept = question.question[0].name.to_text().endswith(KEPT)
    to = referring("evil1.example.", zone=WIDE) if kept else holds(TOP, says=None)
    await to(question, writer)


async def silent(question: dns.message.Message, writer: asyncio.StreamWriter) -> None:
    del question, writer
    for _ in range(50):  # what is asked about the other zone has its turns meanwhile
        await asyncio.sleep(0.01)
    leap(ZONE_SECONDS)
    await asyncio.sleep(1)


async def test_a_zone_that_is_lost_is_seen_beside_one_that_does_not_answer_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at_most = signature(DnsLooks).parameters["zone_deadline"].default
    monkeypatch.setattr(look, "_FOR_ZONES", ZONE_SECONDS * look._FOR_ZONES / at_most)
    script = Script(resolve=resolver(), serve={REGISTRY: registry, EVIL1: silent})
    script.zone_deadline = ZONE_SECONDS
    claim: Any = SimpleNamespace(prefix=PREFIX, account_id=ACCOUNT)
    nothing: Any = None
    async with playing(script) as adapter:
        seen = await look.Look(nothing, nothing, adapter, LABEL)._zones(claim, {})
    zones, servers = Watch(Signal.REVERSE_ZONE, baseline=BEFORE), Watch(Signal.ZONE_SERVERS)
    zones, _ = hear_zones(zones, servers, seen, AT)
    assert zones.seen == f"Delegated no more: {LOST}"
