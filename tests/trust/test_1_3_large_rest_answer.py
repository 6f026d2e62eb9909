"""Trust, 1.3: a large answer over REST is read beside the event loop, and only what we need."""

import gc
import json
import threading
from datetime import UTC, datetime
from uuid import UUID

import pytest

from byoip.adapters.checks import ripe_rest
from byoip.adapters.checks.ripe_rest import MAX_BYTES, RipeRest
from byoip.domain.checks.evidence import Fault
from byoip.domain.checks.registry import Dialect, Registry
from byoip.domain.checks.rpsl import RpslObject, parse_objects
from byoip.domain.prefix import Prefix
from byoip.ports.checks.registry import Found, Lookup, NoAnswer, RegistryQuestion
from tests.fakes.ripe_rest_server import RipeRestServer, http

ROUTE = {"attributes": {"attribute": [{"name": "route", "value": "192.0.2.0/24"}]}}


class Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


async def asked(raw: bytes) -> Found | NoAnswer:
    server = RipeRestServer()
    server.raw = raw
    port = await server.start()
    url = f"http://127.0.0.1:{port}"
    registry = Registry("ripencc", "RIPE", "whois.invalid", Dialect.RIPE, rest_url=url)
    prefix = Prefix.parse("192.0.2.0/24")
    question = RegistryQuestion(registry, Lookup.EXACT_ROUTES, prefix, UUID(int=1))
    answer = await RipeRest(Clock(), deadline=60).look_up(question)
    await server.stop()
    assert isinstance(answer, Found | NoAnswer)
    return answer


async def test_many_objects_are_read_in_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    threads = set()

    def telling(text: bytes) -> tuple[RpslObject, ...]:
        threads.add(threading.get_ident())
        return parse_objects(text)

    monkeypatch.setattr(ripe_rest, "parse_objects", telling)
    answer = await asked(http(200, json.dumps({"objects": {"object": [ROUTE] * 1000}}).encode()))
    assert isinstance(answer, Found)
    assert len(answer.objects) == 1000
    assert threads
    assert threading.get_ident() not in threads


async def test_what_we_do_not_need_is_not_built(monkeypatch: pytest.MonkeyPatch) -> None:
    """A million lists, which took seconds in which no other thread had a turn."""
    built = []

    def noting(_: object) -> list[str]:
        built.append(sum(type(one) is list for one in gc.get_objects()))
        return []

    monkeypatch.setattr(ripe_rest, "_errors", noting)
    count = MAX_BYTES // 4
    answer = await asked(http(200, b'{"other": [' + b"[]," * count + b"[]]}"))
    assert isinstance(answer, NoAnswer)
    assert answer.fault is Fault.SERVER_FAILURE
    assert built[0] < count / 2
