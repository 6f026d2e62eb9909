"""The adapter among hostile name servers (resolvers: test_dns_looks_resolving.py)."""

import asyncio
import re
from collections.abc import Callable
from uuid import uuid4

import dns.flags
import dns.message
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import pytest

from byoip.adapters.checks.dns_exchange import DnsConcurrency
from byoip.domain.checks.evidence import Fault
from byoip.domain.checks.reverse_dns import observation
from tests.adapters.dns_script import (
    ACCOUNT,
    LABEL,
    NS1,
    NS2,
    OWNER,
    RESOLVERS,
    TOKEN,
    ZONE,
    ZONE_RECORDS,
    Script,
    Serve,
    answer,
    honest,
    playing,
    resolving,
    serving,
)
from tests.announcing import until
from tests.leaping import leap

Question = dns.message.Message
GOOD = observation.TxtValues((TOKEN,))
HEADER = 12


async def look(script: Script) -> observation.ZoneObservation:
    async with playing(script) as adapter:
        return await adapter.observe(ZONE, LABEL, ACCOUNT)


async def says(serve: Serve) -> observation.ServerAnswer | observation.Beneath:
    """What the adapter makes of one odd name server, beside a good one."""
    observed = await look(Script(serve={NS1: serve, NS2: honest()}))
    assert observed.security is observation.ZoneSecurity.INSECURE
    odd, good = observed.servers
    assert good.answer == GOOD
    return odd.answer


def own(question: Question) -> dns.message.Message:
    return answer(question, ZONE_RECORDS, flags=dns.flags.AA)


def with_other_id(question: Question) -> bytes:
    response = own(question)
    response.id ^= 1
    return response.to_wire()


def to_other_question(question: Question) -> bytes:
    response = own(question)
    response.question = [
        dns.rrset.RRset(question.question[0].name, dns.rdataclass.IN, dns.rdatatype.SPF)
    ]
    return response.to_wire()


def about_other_names(question: Question) -> bytes:
    response = own(question)
    response.answer = [dns.rrset.from_text("other.example.", 60, "IN", "TXT", TOKEN)]
    return response.to_wire()


def compression_loop(question: Question) -> bytes:
    wire = bytearray(own(question).to_wire())
    wire[HEADER : HEADER + 2] = b"\xc0\x0c"  # the first name points at itself
    return bytes(wire)


def with_records(owner: str, kind: str, *values: str) -> Callable[[Question], bytes]:
    def build(question: Question) -> bytes:
        response = own(question)
        response.answer = [dns.rrset.from_text(owner, 60, "IN", kind, *values)]
        return response.to_wire()

    return build


def flagged(*, add: int = 0, drop: int = 0, rcode: int = 0) -> Callable[[Question], bytes]:
    def build(question: Question) -> bytes:
        response = own(question)
        response.flags = response.flags & ~drop | add
        response.set_rcode(dns.rcode.Rcode(rcode))
        return response.to_wire()

    return build


@pytest.mark.parametrize(
    ("build", "fault"),
    [
        pytest.param(with_other_id, Fault.GARBAGE, id="another id"),
        pytest.param(to_other_question, Fault.GARBAGE, id="another question"),
        pytest.param(about_other_names, Fault.GARBAGE, id="other names in the answer"),
        pytest.param(flagged(drop=dns.flags.QR), Fault.GARBAGE, id="a question back"),
        pytest.param(flagged(rcode=dns.rcode.NXDOMAIN), Fault.GARBAGE, id="NXDOMAIN with a value"),
        pytest.param(compression_loop, Fault.GARBAGE, id="compression loop"),
        pytest.param(lambda q: own(q).to_wire() + b"x", Fault.GARBAGE, id="trailing bytes"),
        pytest.param(lambda _: b"HTTP/1.1 400 Bad Request", Fault.GARBAGE, id="not DNS"),
        pytest.param(lambda _: b"", Fault.GARBAGE, id="an empty message"),
        pytest.param(flagged(add=dns.flags.TC), Fault.TRUNCATED, id="cut short over TCP"),
        pytest.param(flagged(drop=dns.flags.AA), Fault.LAME, id="without authority"),
        pytest.param(flagged(rcode=dns.rcode.NOTAUTH), Fault.LAME, id="NOTAUTH"),
        pytest.param(flagged(rcode=dns.rcode.REFUSED), Fault.REFUSED, id="REFUSED"),
        pytest.param(flagged(rcode=dns.rcode.SERVFAIL), Fault.SERVER_FAILURE, id="SERVFAIL"),
        pytest.param(
            with_records(OWNER, "TXT", *(f"value{i}" for i in range(70))),
            Fault.TOO_LARGE,
            id="more values than anyone needs",
        ),
        pytest.param(
            with_records(OWNER, "TXT", *(f"{i}" for i in range(600))),
            Fault.TOO_LARGE,
            id="too many records to parse",
        ),
        pytest.param(lambda q: own(q).to_wire() + bytes(4096), Fault.TOO_LARGE, id="above 4 kB"),
        pytest.param(lambda q: own(q).to_wire() + bytes(60_000), Fault.TOO_LARGE, id="huge"),
    ],
)
async def test_what_does_not_answer_the_question_is_no_answer(
    build: Callable[[Question], bytes], fault: Fault
) -> None:
    heard = await says(serving(build))
    assert isinstance(heard, observation.Silent)
    assert heard.fault is fault


@pytest.mark.parametrize(
    ("build", "heard"),
    [
        pytest.param(
            with_records(OWNER, "CNAME", "evil.example."),
            observation.Alias("evil.example."),
            id="CNAME",
        ),
        pytest.param(
            with_records(ZONE.name, "DNAME", "evil.example."),
            observation.Alias("evil.example."),
            id="DNAME",
        ),
        pytest.param(
            with_records(OWNER.upper(), "TXT", TOKEN), GOOD, id="a name in capitals (RFC 4343)"
        ),
        pytest.param(
            with_records(OWNER, "TXT", f'"{TOKEN[:5]}" "{TOKEN[5:]}"'), GOOD, id="two strings"
        ),
        pytest.param(
            with_records(OWNER, "TXT", r'"\000\255\092 a"'),
            observation.TxtValues((r"\000\255\092 a",)),
            id="bytes that are no text",
        ),
        pytest.param(
            with_records(OWNER, "TXT", " ".join(["x" * 255] * 8)),
            observation.TxtValues(("x" * 1024,)),
            id="a value kept in part",
        ),
    ],
)
async def test_what_a_server_says_is_kept_as_it_is(
    build: Callable[[Question], bytes], heard: observation.ServerAnswer
) -> None:
    assert await says(serving(build)) == heard


async def drip(question: Question, writer: asyncio.StreamWriter) -> None:
    wire = own(question).to_wire()
    for byte in len(wire).to_bytes(2, "big") + wire:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.1)


async def hang_up(question: Question, writer: asyncio.StreamWriter) -> None:
    wire = own(question).to_wire()
    writer.write(len(wire).to_bytes(2, "big") + wire[:20])
    await writer.drain()


async def reset(_: Question, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def test_a_server_that_drips_bytes_runs_into_the_deadline() -> None:
    async def drips(question: Question, writer: asyncio.StreamWriter) -> None:
        for _ in range(50):  # the good one has its turns meanwhile
            await asyncio.sleep(0.01)
        wire = own(question).to_wire()
        for byte in len(wire).to_bytes(2, "big") + wire:
            writer.write(bytes([byte]))
            await writer.drain()
            leap(10)
            await asyncio.sleep(0.1)

    heard = await says(drips)
    assert heard == observation.Silent(Fault.TIMEOUT, "no answer over TCP within 30 s")


async def test_half_an_answer_is_no_answer() -> None:
    heard = await says(hang_up)
    assert isinstance(heard, observation.Silent)
    assert heard.fault is Fault.TRUNCATED


async def test_a_server_that_is_not_there_is_unreachable() -> None:
    observed = await look(Script(serve={NS2: honest()}))
    silent = observed.servers[0].answer
    assert isinstance(silent, observation.Silent)
    assert silent.fault is Fault.UNREACHABLE


async def test_the_zone_deadline_ends_everything() -> None:
    silent: list[dns.message.Message] = []

    async def both_drip(question: Question, writer: asyncio.StreamWriter) -> None:
        silent.append(question)
        if len(silent) == 2:
            leap(300)
        await drip(question, writer)

    script = Script(serve={NS1: both_drip, NS2: both_drip}, query_deadline=1000)
    observed = await look(script)
    assert [server.answer for server in observed.servers] == [
        observation.Silent(Fault.TIMEOUT, "not within 300 s of a zone")
    ] * 2


async def test_silent_servers_hold_up_their_own_account_only() -> None:
    script = Script(serve={NS1: drip, NS2: drip}, query_deadline=30)
    async with playing(script) as adapter:
        adapter.server_turns = DnsConcurrency(4)
        task = asyncio.create_task(adapter.observe(ZONE, LABEL, ACCOUNT))
        await until(lambda: bool(script.met))
        async with asyncio.timeout(20), adapter.server_turns.of(uuid4()).turn():
            assert not task.done()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1), adapter.server_turns.of(ACCOUNT).turn():
                pass
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_of_a_long_answer_the_evidence_keeps_the_start_and_says_so() -> None:
    long = {**ZONE_RECORDS, (OWNER, "TXT"): [" ".join(["x" * 255] * 4)]}
    observed = await look(
        Script(resolve={RESOLVERS[0]: resolving(long)}, serve={NS1: honest(long)})
    )
    at_resolver, at_server = (
        next(one for one in observed.exhibits if f"TXT @{address}/" in one.asked)
        for address in (RESOLVERS[0], NS1)
    )
    assert len(at_resolver.answer) == 1024
    assert len(at_server.answer) == 512
    for exhibit in (at_resolver, at_server):
        assert re.search(r"/(udp|tcp) \(cut from 1\d{3} bytes\)$", exhibit.asked)


async def test_of_a_short_answer_the_evidence_keeps_all() -> None:
    observed = await look(Script())
    (exhibit, *_) = (one for one in observed.exhibits if f"@{NS1}/" in one.asked)
    assert exhibit.asked == f"{OWNER} TXT @{NS1}/tcp"
    assert dns.message.from_wire(exhibit.answer).answer


async def test_being_cancelled_ends_a_look() -> None:
    async with playing(Script(serve={NS1: drip, NS2: drip}, query_deadline=30)) as adapter:
        task = asyncio.create_task(adapter.observe(ZONE, LABEL, ACCOUNT))
        await asyncio.sleep(0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
