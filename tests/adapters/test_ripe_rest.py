import asyncio
import json
import socket
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from byoip.adapters.checks.ripe_rest import PreferTls, RipeRest
from byoip.domain.checks.evidence import Fault
from byoip.domain.checks.registry import Dialect, Registry
from byoip.domain.prefix import Prefix
from byoip.ports.checks.registry import Found, Lookup, NoAnswer, RegistryAnswer, RegistryQuestion
from tests.fakes.registry import FakeRouteRegistry
from tests.fakes.ripe_rest_server import RipeRestServer, document, errors, http, nothing

ROUTE = "route: 192.0.2.0/24\ndescr: one\n  two # aside\n+ three\norigin: AS64500\nsource: RIPE"


class Clock:
    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
async def server() -> AsyncIterator[RipeRestServer]:
    running = RipeRestServer()
    running.port = await running.start()
    yield running
    await running.stop()


def question(port: int, lookup: Lookup = Lookup.EXACT_ROUTES) -> RegistryQuestion:
    url = f"http://127.0.0.1:{port}"
    registry = Registry("ripencc", "RIPE", "whois.invalid", Dialect.RIPE, rest_url=url)
    return RegistryQuestion(registry, lookup, Prefix.parse("192.0.2.0/24"), UUID(int=1))


async def look_up(port: int, *, deadline: float = 30, max_bytes: int = 100_000) -> RegistryAnswer:
    asks = RipeRest(Clock(), deadline=deadline, max_bytes=max_bytes)
    return await asks.look_up(question(port))


@pytest.mark.parametrize(
    ("lookup", "flags", "wanted"),
    [
        (Lookup.EXACT_ROUTES, ["exact"], "route"),
        (Lookup.MORE_SPECIFIC_ROUTES, ["all-more"], "route"),
        (Lookup.COVERING_ROUTES, ["all-less"], "route"),
        (Lookup.SMALLEST_HOLDER, [], "inetnum"),
    ],
)
async def test_the_question_is_a_search_for_one_class(
    server: RipeRestServer, lookup: Lookup, flags: list[str], wanted: str
) -> None:
    await RipeRest(Clock(), deadline=30).look_up(question(server.port, lookup))
    target = urlsplit(server.requests[0].split()[1])
    assert target.path == "/search.json"
    assert parse_qs(target.query) == {
        "source": ["RIPE", "RIPE-NONAUTH"] if flags == ["all-less"] else ["RIPE"],
        "type-filter": [wanted],
        "flags": ["no-referenced", "no-filtering", "no-grouping", *flags],
        "unformatted": ["true"],
        "query-string": ["192.0.2.0/24"],
    }


async def test_lines_of_a_value_are_read_as_they_were_registered(server: RipeRestServer) -> None:
    server.objects.put("RIPE", ROUTE.encode())
    answer = await look_up(server.port)
    assert isinstance(answer, Found)
    assert answer.objects[0].all("descr")[0].lines == ("one", "two", "three")


def page(*attributes: tuple[str, str]) -> bytes:
    described = [{"name": name, "value": value} for name, value in attributes]
    whole = {"objects": {"object": [{"attributes": {"attribute": described}}]}}
    return http(200, json.dumps(whole).encode())


def said(text: str) -> dict[str, Any]:
    return {"severity": "Error", "text": text}


NONE = json.dumps(nothing("RIPE")).encode()
FOUND = document([ROUTE])


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        pytest.param(http(404, b"<html>not here</html>"), Fault.GARBAGE, id="a 404 of others"),
        pytest.param(http(404, b"{}"), Fault.SERVER_FAILURE, id="a 404 without the words"),
        pytest.param(http(200, NONE), Fault.SERVER_FAILURE, id="the words without a 404"),
        pytest.param(http(200, b"{}"), Fault.SERVER_FAILURE, id="neither"),
        pytest.param(http(200, b"[]"), Fault.GARBAGE, id="other JSON"),
        pytest.param(http(200, b"[" * 50_000), Fault.GARBAGE, id="deep JSON"),
        pytest.param(http(429, b"{}"), Fault.REFUSED, id="429"),
        pytest.param(http(500, b"{}"), Fault.SERVER_FAILURE, id="500"),
        pytest.param(http(400, b"{}"), Fault.SERVER_FAILURE, id="400"),
        pytest.param(
            b"HTTP/1.1 302 X\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n",
            Fault.GARBAGE,
            id="redirect",
        ),
        pytest.param(
            http(200, json.dumps(FOUND | errors(said("ERROR:201: access denied"))).encode()),
            Fault.REFUSED,
            id="denied after the first object",
        ),
        pytest.param(
            http(200, json.dumps(FOUND | errors(said("something"))).encode()),
            Fault.SERVER_FAILURE,
            id="an error after the first object",
        ),
        pytest.param(
            page(("route", "192.0.2.0/24\norigin: AS1")), Fault.GARBAGE, id="an attribute hidden"
        ),
        pytest.param(page(("route: x", "y")), Fault.GARBAGE, id="a name that is none"),
        pytest.param(page(("person", "Somebody")), Fault.GARBAGE, id="another class"),
        pytest.param(http(200, b"{}" * 99)[:-20], Fault.TRUNCATED, id="cut short"),
        pytest.param(b"% whois\n\n\n", Fault.GARBAGE, id="not HTTP"),
        pytest.param(http(200, b" " * 200_000), Fault.TOO_LARGE, id="too large"),
    ],
)
async def test_what_is_no_answer_is_never_taken_for_nothing_found(
    server: RipeRestServer, raw: bytes, fault: Fault
) -> None:
    server.raw = raw
    answer = await look_up(server.port)
    assert isinstance(answer, NoAnswer)
    assert answer.fault is fault, answer.detail
    assert len(answer.exhibit.answer) <= 100_001
    assert len(server.requests) == 1


async def test_silence_meets_the_deadline(server: RipeRestServer) -> None:
    server.silent = True
    answer = await look_up(server.port, deadline=0.2)
    assert isinstance(answer, NoAnswer)
    assert answer.fault is Fault.TIMEOUT


async def test_a_closed_port_is_unreachable() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    answer = await look_up(port)
    assert isinstance(answer, NoAnswer)
    assert answer.fault is Fault.UNREACHABLE


@pytest.fixture
def self_signed(tmp_path: Path) -> ssl.SSLContext:
    """A server's side of TLS, for 127.0.0.1, that no authority signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    today = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "server.pem"
    pem.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + certificate.public_bytes(Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


async def test_a_server_that_cannot_prove_its_name_is_not_listened_to(
    self_signed: ssl.SSLContext,
) -> None:
    server = RipeRestServer()
    port = await server.start(tls=self_signed)
    asked = question(port)
    registry = replace(asked.registry, rest_url=f"https://127.0.0.1:{port}")
    asks = RipeRest(Clock(), deadline=30)
    answer = await asks.look_up(replace(asked, registry=registry))
    await server.stop()
    assert isinstance(answer, NoAnswer)
    assert answer.fault is Fault.UNREACHABLE
    assert "certificate" in answer.detail.lower()
    assert server.requests == []


async def test_plain_text_is_asked_only_where_there_is_no_rest() -> None:
    plain, tls = FakeRouteRegistry(), FakeRouteRegistry(fault=Fault.UNREACHABLE)
    both = PreferTls(over_tls=tls, in_plain_text=plain)
    rest = question(1)
    whois = RegistryQuestion(
        Registry("arin", "ARIN", "rr.invalid", Dialect.IRRD),
        rest.lookup,
        rest.prefix,
        rest.account_id,
    )
    first, second = await asyncio.gather(both.look_up(rest), both.look_up(whois))
    assert isinstance(first, NoAnswer)
    assert not isinstance(second, NoAnswer)
    assert (tls.asked, plain.asked) == ([rest], [whois])
