"""The sandbox's name server, asked with dnspython's own client: a second opinion on the wire."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.query
import dns.rcode
import dns.rdatatype
import pytest
import uvloop
from hypothesis import example, given
from hypothesis import strategies as st

from byoip.sandbox.name_server import FAULTS, NameServer
from tests.announcing import until

OWNER = "byoip-validation.2.0.192.in-addr.arpa."
ADDRESSES = ("127.0.0.1", "127.0.0.2")


@pytest.fixture
async def server() -> AsyncIterator[NameServer]:
    server = NameServer()
    await server.start(ADDRESSES)
    yield server
    await server.stop()


Ask = Callable[..., Awaitable[dns.message.Message]]


def question(name: str = OWNER, kind: str = "TXT", *, resolve: bool = False) -> dns.message.Message:
    flags = dns.flags.RD if resolve else dns.flags.Flag(0)
    return dns.message.make_query(name, kind, flags=flags, use_edns=0, payload=1232)


async def udp(
    server: NameServer,
    asked: dns.message.Message,
    address: str = "127.0.0.1",
    *,
    seconds: float = 30,
) -> dns.message.Message:
    return await dns.asyncquery.udp(asked, address, port=server.port, timeout=seconds)


async def tcp(
    server: NameServer,
    asked: dns.message.Message,
    address: str = "127.0.0.1",
    *,
    seconds: float = 30,
) -> dns.message.Message:
    return await dns.asyncquery.tcp(asked, address, port=server.port, timeout=seconds)


def values(message: dns.message.Message) -> list[str]:
    return [str(record) for rrset in message.answer for record in rrset]


@pytest.mark.parametrize("address", ADDRESSES)
async def test_a_published_value_is_served_over_both_transports(
    server: NameServer, address: str
) -> None:
    server.put_txt("BYOIP-validation.2.0.192.in-addr.arpa", ["one", "two"])
    for ask in (udp, tcp):
        message = await ask(server, question(), address)
        assert sorted(values(message)) == ['"one"', '"two"']
        assert message.flags & dns.flags.AA


async def test_as_a_resolver_it_speaks_without_authority_and_vouches_for_nothing(
    server: NameServer,
) -> None:
    server.put_txt(OWNER, ["one"])
    message = await udp(server, question(resolve=True))
    assert values(message) == ['"one"']
    assert message.flags & dns.flags.RA
    assert not message.flags & (dns.flags.AA | dns.flags.AD)


@pytest.mark.parametrize(
    ("zone", "vouched"),
    [("in-addr.arpa.", True), ("ip6.arpa.", True), ("192.in-addr.arpa.", False)],
)
async def test_as_a_resolver_it_vouches_for_the_registry_s_zones_only(
    server: NameServer, zone: str, *, vouched: bool
) -> None:
    message = await udp(server, question(zone, "NS", resolve=True))
    assert len(values(message)) == len(ADDRESSES)
    assert bool(message.flags & dns.flags.AD) is vouched


async def test_the_way_from_an_owner_name_to_the_servers_addresses(server: NameServer) -> None:
    denial = await udp(server, question(kind="SOA", resolve=True))
    (soa,) = denial.authority
    assert soa.rdtype == dns.rdatatype.SOA
    hosts = values(await udp(server, question(soa.name.to_text(), "NS", resolve=True)))
    found = [values(await udp(server, question(host, "A", resolve=True))) for host in hosts]
    assert sorted(found) == [[address] for address in ADDRESSES]


@pytest.mark.parametrize(
    ("name", "rcode"),
    [
        ("nothing.in-addr.arpa.", dns.rcode.NXDOMAIN),
        ("2.0.192.in-addr.arpa.", dns.rcode.NOERROR),
        ("example.", dns.rcode.REFUSED),
    ],
)
async def test_what_is_not_there_is_denied(
    server: NameServer, name: str, rcode: dns.rcode.Rcode
) -> None:
    server.put_txt(OWNER, ["one"])
    message = await udp(server, question(name))
    assert message.rcode() == rcode
    assert not message.answer


async def test_values_are_replaced_removed_and_cleared(server: NameServer) -> None:
    server.put_txt(OWNER, ["one"])
    server.put_txt(OWNER, ["two"])
    assert values(await udp(server, question())) == ['"two"']
    assert server.delete_txt(OWNER)
    assert not server.delete_txt(OWNER)
    assert values(await udp(server, question())) == []
    server.put_txt(OWNER, ["three"])
    server.clear()
    assert values(await udp(server, question())) == []


async def test_long_values_are_cut_over_udp_and_whole_over_tcp(server: NameServer) -> None:
    server.put_txt(OWNER, ["x" * 2000])
    assert (await udp(server, question())).flags & dns.flags.TC
    (rrset,) = (await tcp(server, question())).answer
    assert b"".join(rrset[0].strings) == b"x" * 2000


@pytest.mark.parametrize(
    ("owner", "published"),
    [
        pytest.param("example.com.", ["x"], id="another domain"),
        pytest.param("in-addr.arpa.", ["x"], id="the zone itself"),
        pytest.param("evil-in-addr.arpa.", ["x"], id="only looks like it"),
        pytest.param("", ["x"], id="no name"),
        pytest.param("a..in-addr.arpa.", ["x"], id="an empty label"),
        pytest.param("a" * 64 + ".in-addr.arpa.", ["x"], id="a long label"),
        pytest.param("a." * 125 + "in-addr.arpa.", ["x"], id="a long name"),
        pytest.param("ä.in-addr.arpa.", ["x"], id="not ASCII"),
        pytest.param(OWNER, [], id="no values"),
        pytest.param(OWNER, [""] * 65, id="many values"),
        pytest.param(OWNER, ["x" * 8193], id="a huge value"),
        pytest.param(OWNER, ["\ud800"], id="half a character"),
    ],
)
def test_nonsense_is_refused(owner: str, published: list[str]) -> None:
    server = NameServer()
    with pytest.raises(ValueError, match=r".+"):
        server.put_txt(owner, published)


def test_a_fault_it_does_not_know_is_refused() -> None:
    with pytest.raises(ValueError, match="not one of empty, garbage"):
        NameServer().set_fault("explode")


@pytest.mark.parametrize("ask", [udp, tcp])
@pytest.mark.parametrize("resolve", [True, False])
async def test_faults_that_all_clients_see(server: NameServer, ask: Ask, *, resolve: bool) -> None:
    asked = question(resolve=resolve)
    server.put_txt(OWNER, ["one"])
    server.set_fault("timeout")
    with pytest.raises(dns.exception.Timeout):
        await ask(server, asked, seconds=0.5)
    server.set_fault("garbage")
    with pytest.raises(dns.exception.FormError):
        await ask(server, asked)
    for fault, rcode in (("refused", dns.rcode.REFUSED), ("servfail", dns.rcode.SERVFAIL)):
        server.set_fault(fault)
        assert (await ask(server, asked)).rcode() == rcode
    server.set_fault("empty")
    message = await ask(server, asked)
    assert message.rcode() == dns.rcode.NOERROR
    assert values(message) == []
    server.set_fault("stale")
    server.put_txt(OWNER, ["two"])
    assert values(await ask(server, asked)) == ['"one"']
    server.clear_fault()
    assert values(await ask(server, asked)) == ['"two"']


async def test_truncated_answers_end_early(server: NameServer) -> None:
    server.put_txt(OWNER, ["one"])
    server.set_fault("truncated")
    assert (await udp(server, question())).flags & dns.flags.TC
    with pytest.raises(EOFError):
        await tcp(server, question())


async def test_lame_servers_have_no_authority(server: NameServer) -> None:
    server.set_fault("lame")
    assert not (await tcp(server, question())).flags & dns.flags.AA


async def reset_over_tcp() -> None:
    server = NameServer()
    await server.start(ADDRESSES)
    server.set_fault("reset")
    with pytest.raises(ConnectionResetError):
        await tcp(server, question())
    assert (await udp(server, question())).rcode() == dns.rcode.NXDOMAIN
    await server.stop()


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_reset_connections_are_reset_on_either_loop(loop: type[asyncio.AbstractEventLoop]) -> None:
    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(reset_over_tcp())


async def test_a_port_asked_for_is_kept_and_freed_at_the_end() -> None:
    server = NameServer()
    port = await server.start(ADDRESSES)
    await server.stop()
    assert await server.start(ADDRESSES, port) == port
    second = NameServer()
    with pytest.raises(OSError, match="in use"):
        await second.start(ADDRESSES, port)
    await server.stop()


async def test_addresses_of_other_machines_are_left_out() -> None:
    server = NameServer()
    await server.start(["127.0.0.1", "192.0.2.1"])
    assert server.addresses == ("127.0.0.1",)
    await server.stop()
    with pytest.raises(OSError, match="none of 192"):
        await server.start(["192.0.2.1"])


async def test_stopping_ends_open_connections(server: NameServer) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    await until(lambda: bool(server._connections))
    await server.stop()
    assert await asyncio.wait_for(reader.read(), 10) == b""
    writer.close()


@given(st.binary(max_size=80), st.binary(max_size=40), st.sampled_from([None, *sorted(FAULTS)]))
@example(dns.message.Message().to_wire(), b"", None)
@example(dns.message.make_query(".", "TXT", flags=dns.flags.QR).to_wire(), b"", None)
def test_whatever_is_sent_it_answers_or_is_silent(
    noise: bytes, tail: bytes, fault: str | None
) -> None:
    server = NameServer()
    if fault:
        server.set_fault(fault)
    wire = question().to_wire()
    for sent in (noise, wire[:2] + noise, wire[:12] + noise, wire + tail):
        for stream in (True, False):
            answer = server.answer(sent, stream=stream)
            assert answer is None or answer[:2] == sent[:2]
