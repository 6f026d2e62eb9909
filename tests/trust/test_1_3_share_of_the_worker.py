"""Trust, 1.3: an account whose 128 zones are looked at among hostile servers stops no other."""

import asyncio
import time
from uuid import uuid4

import dns.flags
import dns.message
import dns.name
import dns.rdatatype
import dns.rrset
import pytest

from byoip.adapters.checks import dns_exchange, dns_reader
from byoip.adapters.checks.dns_message import Message
from byoip.domain.checks.reverse_dns.observation import TxtValues
from byoip.domain.checks.reverse_zone import reverse_zones
from byoip.domain.prefix import Prefix
from tests.adapters.dns_samples import LARGEST, answer_of, record
from tests.adapters.dns_script import (
    LABEL,
    NS1,
    NS2,
    REGISTRY,
    RESOLVERS,
    TOKEN,
    TOP,
    Script,
    Serve,
    playing,
    serving,
)
from tests.announcing import until
from tests.trust.served import served

HOSTILE = reverse_zones(Prefix.parse("192.0.0.0/17"))
(OTHER,) = reverse_zones(Prefix.parse("192.1.2.0/24"))
SHARE = 64  # a quarter of the 256 exchanges that may be under way
ADDRESSES = {"ns1.example.": NS1, "ns2.example.": NS2, "ns.registry.example.": REGISTRY}


def zone_of(name: dns.name.Name) -> str:
    """The zone of a /24 that holds this name."""
    return dns.name.Name(name.labels[-6:]).to_text()


def server_of(zone: str) -> str:
    """Its one name server: a hostile one for all zones but one."""
    return "ns2.example." if zone == OTHER.name else "ns1.example."


def resolve(question: dns.message.Message) -> list[bytes]:
    """A resolver that vouches for the registry's zone and for none below."""
    response = dns.message.make_response(question)
    asked = question.question[0]
    name, kind = asked.name.to_text(), dns.rdatatype.to_text(asked.rdtype)
    found = {("NS", TOP): "ns.registry.example."} | {("A", at): ADDRESSES[at] for at in ADDRESSES}
    value = found.get((kind, name))
    if kind == "NS" and name != TOP:
        value = server_of(name)
    if value:
        response.answer.append(dns.rrset.from_text(name, 60, "IN", kind, value))
    elif name.endswith(TOP):
        soa = "ns1.example. host.example. 1 60 60 60 0"
        response.authority.append(dns.rrset.from_text(zone_of(asked.name), 60, "IN", "SOA", soa))
    response.flags |= dns.flags.AD if name == TOP else 0
    return [response.to_wire()]


def refer(question: dns.message.Message) -> bytes:
    response = dns.message.make_response(question)
    zone = zone_of(question.question[0].name)
    response.authority.append(dns.rrset.from_text(zone, 60, "IN", "NS", server_of(zone)))
    return response.to_wire()


def carry_token(question: dns.message.Message) -> bytes:
    response = dns.message.make_response(question)
    response.flags |= dns.flags.AA
    asked = question.question[0]
    kind = dns.rdatatype.to_text(asked.rdtype)
    value = {"TXT": TOKEN, "NS": "ns2.example."}.get(kind)
    if value:
        response.answer.append(dns.rrset.from_text(asked.name, 60, "IN", kind, value))
    return response.to_wire()


def script_with(hostile: Serve) -> Script:
    serve = {REGISTRY: serving(refer), NS1: hostile, NS2: serving(carry_token)}
    return Script(resolve={RESOLVERS[0]: resolve}, serve=serve, query_deadline=30, zone_deadline=60)


async def test_another_accounts_zone_is_asked_while_128_zones_wait_for_silent_servers() -> None:
    held, most, over = 0, 0, asyncio.Event()

    async def hold(_: dns.message.Message, __: asyncio.StreamWriter) -> None:
        nonlocal held, most
        held += 1
        most = max(most, held)
        try:
            await over.wait()
        finally:
            held -= 1

    account_id = uuid4()
    async with playing(script_with(hold)) as adapter:
        looks = [asyncio.create_task(adapter.observe(one, LABEL, account_id)) for one in HOSTILE]
        await until(lambda: held == SHARE)
        other = await adapter.observe(OTHER, LABEL, uuid4())
        assert [one.answer for one in other.servers] == [TxtValues((TOKEN,))]
        assert most == SHARE
        assert not any(look.done() for look in looks)
        for look in looks:
            look.cancel()
        await asyncio.gather(*looks, return_exceptions=True)
        over.set()
        await until(lambda: not held)


async def test_a_customer_is_answered_while_hostile_answers_are_read(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = most = serving_now = begun = 0
    reader = dns_reader.read

    def counting(wire: bytes) -> Message:
        nonlocal reads
        reads += 1
        return reader(wire)

    async def each_turn_of_the_loop() -> None:
        nonlocal reads, most
        while True:
            most, reads = max(most, reads), 0
            await asyncio.sleep(0)

    async def empty_strings(question: dns.message.Message, writer: asyncio.StreamWriter) -> None:
        nonlocal serving_now, begun
        serving_now, begun, served_before = serving_now + 1, begun + 1, begun
        hostile = answer_of(record(16, bytes(LARGEST - 100)))
        try:
            if served_before >= SHARE:
                await until(lambda: len(seconds) > 1)  # looks last until a customer was answered
            await serving(lambda asked: asked.id.to_bytes(2, "big") + hostile[2:])(question, writer)
        finally:
            serving_now -= 1

    monkeypatch.setattr(dns_exchange, "read", counting)
    account_id, seconds = uuid4(), list[float]()
    async with served(database_url) as api, playing(script_with(empty_strings)) as adapter:
        customer = await api.customer()
        turns = asyncio.create_task(each_turn_of_the_loop())
        looks = asyncio.gather(*(adapter.observe(one, LABEL, account_id) for one in HOSTILE))
        while not looks.done():
            started = time.monotonic()
            assert (await customer.ask("GET", "/prefixes")).status_code == 200
            seconds.append(time.monotonic() - started)
        turns.cancel()
        await until(lambda: not serving_now)
    print(f"{len(seconds)} GETs, the longest {max(seconds):.2f} s; {most} answers in a turn")  # noqa: T201 - a figure
    assert len(seconds) > 1
    assert 0 < most <= 2 * SHARE
