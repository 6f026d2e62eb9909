"""Webhooks 2: where a name leads is judged before each attempt, and connected to as judged."""

import ssl
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from byoip.adapters.hooks.addresses import MOST_ADDRESSES, Addresses, NoWay
from byoip.adapters.hooks.pinned_post import PinnedPost
from byoip.adapters.network_policy import NetworkPolicy
from byoip.domain.hooks.destination import Destination, DestinationRules
from byoip.ports.hooks.sending import Said
from tests.hooks.names import Names
from tests.hooks.receivers import Receiver, receiver

HOST = "hooks.example.net"
PUBLIC = NetworkPolicy(never=(ip_network("31.0.0.0/16"),))
LOOPBACK = NetworkPolicy(allowed=(ip_network("127.0.0.0/8"),))
RULES = DestinationRules(frozenset(), plain=True)


def to(url: str) -> Destination:
    return Destination.parse(url, RULES)


async def post(
    names: Names,
    url: str,
    policy: NetworkPolicy = LOOPBACK,
    tls: ssl.SSLContext | None = None,
    seconds: float = 30,
) -> Said:
    sender = PinnedPost(Addresses([names.server], policy), tls=tls, seconds=seconds)
    return await sender.post(to(url), {"webhook-id": "evt_1"}, b"{}")


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "0.0.0.0",
        "192.0.0.192",
        "192.88.99.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "31.0.0.1",  # the operator's
        "::1",
        "::",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "64:ff9b::7f00:1",
        "64:ff9b:1::7f00:1",
        "2002:7f00:1::",
        "2001:0:7f00:1::",
        "fd00::1",
        "fe80::1",
        "ff02::1",
        "3fff::1",
        "5f00::1",
        "2001:db8::1",
    ],
)
@pytest.mark.parametrize("beside", [(), ("8.8.8.8", "2606:4700::1111")])
async def test_a_name_with_one_address_that_nothing_is_sent_to(
    names: Names, address: str, beside: tuple[str, ...]
) -> None:
    names.known[f"{HOST}."] = (*beside, address)
    judged = Addresses([names.server], PUBLIC)
    with pytest.raises(NoWay, match="that nothing is sent to") as refused:
        await judged.judged(to(f"https://{HOST}/"))
    assert address not in str(refused.value), "the inside is not told to customers"


@pytest.mark.parametrize(
    "address", ["64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b::1f00:1", "64:ff9b:1::808:808"]
)
async def test_a_translator_that_may_be_used_leads_nowhere_else(names: Names, address: str) -> None:
    """DNS64 and NAT64, listed as contactable: what is not sent to by IPv4 is not by them either."""
    names.known[f"{HOST}."] = (address,)
    allowed = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))
    judged = Addresses([names.server], replace(PUBLIC, allowed=allowed))
    with pytest.raises(NoWay, match="that nothing is sent to"):
        await judged.judged(to(f"https://{HOST}/"))


async def test_public_addresses_are_connected_to(names: Names) -> None:
    names.known[f"{HOST}."] = ("9.9.9.9", "8.8.8.8")
    judged = Addresses([names.server], PUBLIC)
    assert await judged.judged(to(f"https://{HOST}/")) == ["8.8.8.8", "9.9.9.9"]


@pytest.mark.parametrize("family", ["45.0.0.{}", "2a0a::{}"])
async def test_a_name_with_many_addresses_costs_no_time(names: Names, family: str) -> None:
    """As many as an answer may have took 15 ms of the worker's event loop at each attempt."""
    found = [family.format(one) for one in range(1, MOST_ADDRESSES + 1)]
    judged = Addresses([names.server], PUBLIC)
    names.known[f"{HOST}."] = found
    with suppress(NoWay):  # this machine has perhaps no way to IPv6
        assert await judged.judged(to(f"https://{HOST}/"))
    names.known[f"{HOST}."] = [*found, family.format(99)]
    with pytest.raises(NoWay, match="more than 16 addresses"):
        await judged.judged(to(f"https://{HOST}/"))


@pytest.mark.parametrize(("rcode", "said"), [(0, "no address"), (3, "no address"), (2, "cannot")])
async def test_a_name_without_an_answer(names: Names, rcode: int, said: str) -> None:
    names.rcode = rcode
    assert said in (await post(names, f"http://{HOST}/")).text


async def test_a_resolver_that_is_silent_ends_at_the_deadline(names: Names) -> None:
    names.silent = True
    said = await post(names, f"http://{HOST}/", seconds=2)
    assert (said.status, said.text) == (None, "No answer came within 2 s.")


async def test_half_an_answer_is_none(names: Names) -> None:
    names.known[f"{HOST}."] = lambda: ("127.0.0.1",) if names.asked[-1][1] == "A" else _no()
    assert (await post(names, f"http://{HOST}:1/")).status is None


def _no() -> tuple[str, ...]:
    raise TimeoutError


async def test_what_is_judged_is_connected_to_although_the_name_moves(
    names: Names, there: Receiver
) -> None:
    """DNS rebinding: public when asked first, inside from then on."""
    answers = iter([("127.0.0.1",), (), *[("127.0.0.2",)] * 10])
    names.known[f"{HOST}."] = lambda: next(answers)
    async with receiver(host="127.0.0.2") as inside:
        first = await post(names, f"http://{HOST}:{there.port}/")
        assert first.status == 204
        assert len(names.asked) == 2, "one A and one AAAA: nobody else asks"
        assert inside.connections == 0


async def test_a_name_is_judged_again_at_each_attempt(names: Names, there: Receiver) -> None:
    policy = NetworkPolicy(allowed=(ip_network("127.0.0.1/32"),))
    names.known[f"{HOST}."] = ("127.0.0.1",)
    assert (await post(names, f"http://{HOST}:{there.port}/", policy)).status == 204
    async with receiver(host="127.0.0.2") as inside:
        names.known[f"{HOST}."] = ("127.0.0.2",)
        said = await post(names, f"http://{HOST}:{inside.port}/", policy)
        assert said.status is None
        assert inside.connections == 0


async def test_neither_a_proxy_nor_anything_else_of_the_environment_counts(
    names: Names, there: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with receiver() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        names.known[f"{HOST}."] = ("127.0.0.1",)
        assert (await post(names, f"http://{HOST}:{there.port}/a?b")).status == 204
        assert proxy.connections == 0
    [got] = there.got
    assert got.path == "/a?b"
    assert got.headers["host"] == f"{HOST}:{there.port}"
    assert "accept-encoding" in got.headers


@pytest.fixture
def certified(tmp_path: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's side of TLS for the one name, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    today = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    pem = tmp_path / "server.pem"
    pem.write_bytes(secret + made.public_bytes(Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    client = ssl.create_default_context()
    client.load_verify_locations(cadata=made.public_bytes(Encoding.PEM).decode())
    return server, client


async def test_a_certificate_must_be_of_the_name_though_an_address_is_connected_to(
    names: Names, certified: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    server, client = certified
    names.known = {f"{HOST}.": ("127.0.0.1",), "other.example.net.": ("127.0.0.1",)}
    async with receiver(server) as there:
        good = await post(names, f"https://{HOST}:{there.port}/", tls=client)
        assert good.status == 204
        # To the same address and port, just after: no connection is used for another name.
        bad = await post(names, f"https://other.example.net:{there.port}/", tls=client)
        assert bad.status is None
        assert "certificate" in bad.text.lower()
        untrusted = await post(names, f"https://{HOST}:{there.port}/")
        assert untrusted.status is None
        assert len(there.got) == 1
