"""Issue "Time", 3: a perspective, or who stands in its place, may answer anything: it is bounded.

Whatever comes that is not its answer to this question is no answer of the check.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from byoip.adapters.perspectives import wire
from byoip.domain.checks.evidence import Fault, Unanswered
from byoip.domain.checks.rdns_ownership import judge_zones
from byoip.domain.checks.registry import Dialect, Registry
from byoip.domain.checks.reverse_zone import reverse_zones
from byoip.domain.prefix import Prefix
from byoip.ports.checks.registry import Lookup, NoAnswer, RegistryQuestion
from tests.perspectives.agents import ACCOUNT, AMSTERDAM, LABEL, client

CORE, ITS = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
PREFIX = Prefix.parse("192.0.2.0/24")
(ZONE,) = reverse_zones(PREFIX)
TOKEN = "n5r7kq2xw4vzt3mbd6yj"
RESOLVER = ("192.0.2.53", 53)
Build = Callable[[wire.Request], wire.Answer]


def honest(answer: wire.Looked | wire.LookedUp | wire.Refused, **other: object) -> Build:
    def build(asked: wire.Request) -> wire.Answer:
        given = {"name": "ams", "region": "ripencc", "nonce": asked.nonce, "answer": answer}
        at = datetime.now(UTC).timestamp()
        return wire.Answer(**({"version": wire.VERSION, "at": at} | given | other))  # type: ignore[arg-type]

    return build


EMPTY = wire.Looked([RESOLVER], 53, [4], [])


def sent(body: bytes, request: bytes, *, key: Ed25519PrivateKey = ITS) -> bytes:
    signature = wire.sign_answer(key, request, body)
    head = f"HTTP/1.1 200 OK\r\n{wire.HEADER}: {signature}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


@asynccontextmanager
async def playing(serve: Callable[[bytes, asyncio.StreamWriter], object]) -> AsyncIterator[str]:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        size = int(head.lower().partition(b"content-length: ")[2].split()[0])
        told = serve(await reader.readexactly(size), writer)
        if asyncio.iscoroutine(told):
            await told
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def ended(
    serve: Callable[[bytes, asyncio.StreamWriter], object], *, deadline: float = 30
) -> Unanswered:
    async with playing(serve) as url:
        asks = client(AMSTERDAM, url, core=CORE, of_it=ITS, deadline=deadline)
        observed = await asks.observe(ZONE, LABEL, ACCOUNT)
    outcome = judge_zones([observed], TOKEN)
    assert isinstance(outcome, Unanswered), outcome
    return outcome


async def says(build: Build) -> Unanswered:
    return await ended(
        lambda body, out: out.write(sent(wire.written(build(wire.read(body, wire.Request))), body))
    )


@pytest.mark.parametrize(
    ("build", "why"),
    [
        (honest(EMPTY, version="2.0"), "version '2.0'"),
        (honest(EMPTY, nonce="other"), "another question"),
        (honest(EMPTY, at=0.0), "apart from ours"),
        (honest(EMPTY, at=float("9e15")), "apart from ours"),
        (honest(EMPTY, region="arin"), "it says that it is ams in arin"),
        (honest(wire.LookedUp("", "", b"")), "another question"),
        (honest(wire.Refused("\x1b[31mno")), r"\x1b[31mno"),
        (honest(wire.Looked([], 53, [4], [])), "0 resolvers"),
        (honest(wire.Looked([RESOLVER] * 9, 53, [4], [])), "9 resolvers"),
        (honest(wire.Looked([("evil.example", 53)], 53, [4], [])), "evil.example"),
    ],
)
async def test_what_is_signed_and_wrong_is_no_answer(build: Build, why: str) -> None:
    assert why in (await says(build)).seen


async def test_a_record_that_lacks_what_we_would_ask_is_no_answer() -> None:
    assert (await says(honest(EMPTY))).fault is Fault.TIMEOUT
    cut = wire.Exchanged(*RESOLVER, stream=False, asked=[(b"\0", 16, 288)], said=[])
    assert isinstance(await says(honest(wire.Looked([RESOLVER], 53, [4], [cut]))), Unanswered)


async def test_an_answer_of_another_time_does_not_fit() -> None:
    before: list[bytes] = []

    def serve(body: bytes, out: asyncio.StreamWriter) -> None:
        built = honest(EMPTY)(wire.read(body, wire.Request))
        before.append(before[0] if before else sent(wire.written(built), body))
        out.write(before[0])

    async with playing(serve) as url:
        asks = client(AMSTERDAM, url, core=CORE, of_it=ITS)
        first = await asks.observe(ZONE, LABEL, ACCOUNT)
        again = await asks.observe(ZONE, LABEL, ACCOUNT)
    assert "signature" not in str(first.resolver)
    assert "does not bear its signature" in str(again.resolver)


async def test_an_answer_of_another_key_does_not_fit() -> None:
    def serve(body: bytes, out: asyncio.StreamWriter) -> None:
        built = honest(EMPTY)(wire.read(body, wire.Request))
        out.write(sent(wire.written(built), body, key=Ed25519PrivateKey.generate()))

    assert "does not bear its signature" in (await ended(serve)).seen


async def test_an_answer_without_end_is_cut() -> None:
    async def endless(body: bytes, out: asyncio.StreamWriter) -> None:
        del body
        out.write(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while True:
                out.write(b" " * 65536)
                await out.drain()
        except ConnectionError:
            return

    outcome = await ended(endless)
    assert outcome.fault is Fault.TOO_LARGE


async def test_a_dripping_answer_ends_with_the_deadline() -> None:
    async def dripping(body: bytes, out: asyncio.StreamWriter) -> None:
        del body
        out.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        try:
            while True:
                out.write(b" ")
                await out.drain()
                await asyncio.sleep(0.05)
        except ConnectionError:
            return

    outcome = await asyncio.wait_for(ended(dripping, deadline=0.5), 60)
    assert outcome.fault is Fault.TIMEOUT


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[" * 100_000, b'{"version": "1.0", "name": 1}', b"\xff\xfe"]
)
async def test_odd_bytes_are_no_answer(body: bytes) -> None:
    outcome = await ended(lambda request, out: out.write(sent(body, request)))
    assert outcome.fault is Fault.GARBAGE


@pytest.mark.parametrize(
    "came",
    [
        wire.LookedUp("!r", "127.0.0.1:43", b"\0\xff not whois"),
        wire.LookedUp("GET", "rest", b"[[[[", status=200),
        wire.LookedUp("", "", b"", fault="no such fault", detail="\0"),
    ],
)
async def test_odd_bytes_of_a_registry_are_no_answer(came: wire.LookedUp) -> None:
    def serve(body: bytes, out: asyncio.StreamWriter) -> None:
        built = honest(came)(wire.read(body, wire.Request))
        out.write(sent(wire.written(built), body))

    registry = Registry("arin", "ARIN", "whois.invalid", Dialect.IRRD)
    async with playing(serve) as url:
        asks = client(AMSTERDAM, url, core=CORE, of_it=ITS)
        answer = await asks.look_up(
            RegistryQuestion(registry, Lookup.EXACT_ROUTES, PREFIX, ACCOUNT)
        )
    assert isinstance(answer, NoAnswer)
    assert answer.fault is Fault.GARBAGE


def test_no_part_of_a_signature_serves_for_another_kind() -> None:
    body = b"body"
    request, answer = wire.sign_request(ITS, body), wire.sign_answer(ITS, b"request", body)
    public = ITS.public_key()
    assert wire.request_is_of(public, request, body)
    assert wire.answer_is_of(public, answer, b"request", body)
    assert not wire.request_is_of(public, answer, body)
    assert not wire.answer_is_of(public, request, b"request", body)
    assert not wire.answer_is_of(public, answer, b"other", body)
    assert not wire.request_is_of(public, "!", body)
