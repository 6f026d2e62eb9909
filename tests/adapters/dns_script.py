"""A resolver and name servers on loopback that say, byte for byte, what a test tells them."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any
from uuid import UUID

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from byoip.adapters.checks.dns_looks import DnsLooks
from byoip.adapters.network_policy import NetworkPolicy
from byoip.domain.checks.reverse_zone import reverse_zones
from byoip.domain.prefix import Prefix
from byoip.ports.checks.dns_budget import DnsBudget

RESOLVERS = ("127.0.0.1", "127.0.0.2")
NS1, NS2 = "127.0.0.11", "127.0.0.12"
REGISTRY = "127.0.0.21"  # serves in-addr.arpa, and refers to the zone's servers
TOP = "in-addr.arpa."
LABEL = "byoip-validation"
ACCOUNT = UUID(int=1)
(ZONE,) = reverse_zones(Prefix.parse("192.0.2.0/24"))
OWNER = ZONE.owner(LABEL)
TOKEN = "n5r7kq2xw4vzt3mbd6yj"

Records = Mapping[tuple[str, str], Sequence[str]]
# What a resolver does with a question: datagrams to send back, in order.
Resolve = Callable[[dns.message.Message], Sequence[bytes]]
# What a name server does with a question and a connection.
Serve = Callable[[dns.message.Message, asyncio.StreamWriter], Awaitable[None]]

LOOPBACK = NetworkPolicy(allowed=(ip_network("127.0.0.0/8"),))

ZONE_RECORDS: Records = {
    (TOP, "NS"): ["ns.registry.example."],
    ("ns.registry.example.", "A"): [REGISTRY],
    (ZONE.name, "SOA"): ["ns1.example. host.example. 1 60 60 60 0"],
    (ZONE.name, "NS"): ["ns1.example.", "ns2.example."],
    ("ns1.example.", "A"): [NS1],
    ("ns2.example.", "A"): [NS2],
    (OWNER, "TXT"): [f'"{TOKEN}"'],
}


class Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


def answer(
    question: dns.message.Message, records: Records, *, flags: int = 0, rcode: int = 0
) -> dns.message.Message:
    """The records of the name and type asked for, else a denial with the zone's SOA."""
    response = dns.message.make_response(question)
    response.flags |= flags
    response.set_rcode(dns.rcode.Rcode(rcode))
    asked = question.question[0]
    kind = dns.rdatatype.to_text(asked.rdtype)
    values = records.get((asked.name.to_text(), kind))
    if values:
        response.answer.append(dns.rrset.from_text_list(asked.name, 60, "IN", kind, values))
    elif asked.name.is_subdomain(dns.name.from_text(ZONE.name)):
        soa = ZONE_RECORDS[ZONE.name, "SOA"]
        response.authority.append(dns.rrset.from_text_list(ZONE.name, 60, "IN", "SOA", soa))
    return response


def resolving(
    records: Records = ZONE_RECORDS, *, flags: int = 0, unsigned: Sequence[str] = ()
) -> Resolve:
    """A resolver that knows these records, and vouches for those of zones that are signed."""

    def resolve(question: dns.message.Message) -> list[bytes]:
        response = answer(question, records, flags=flags)
        return [vouching(question, response, unsigned).to_wire()]

    return resolve


def vouching(
    question: dns.message.Message, response: dns.message.Message, unsigned: Sequence[str] = ()
) -> dns.message.Message:
    """The response with AD, if it is about the registry's zone, or names of name servers.

    They are in example., which is signed, and so is the root; but not these zones below.
    """
    name = question.question[0].name
    if name.to_text() in {TOP, "."} or (
        name.is_subdomain(dns.name.from_text("example."))
        and not any(name.is_subdomain(dns.name.from_text(zone)) for zone in unsigned)
    ):
        response.flags |= dns.flags.AD
    return response


def referring(*names: str, zone: str = ZONE.name) -> Serve:
    """A name server of the zone above, which refers to these servers of the zone."""

    def build(question: dns.message.Message) -> bytes:
        response = dns.message.make_response(question)
        response.authority.append(dns.rrset.from_text_list(zone, 60, "IN", "NS", names))
        return response.to_wire()

    return serving(build)


def serving(build: Callable[[dns.message.Message], bytes]) -> Serve:
    """A name server that sends this message, with its length before it."""

    async def serve(question: dns.message.Message, writer: asyncio.StreamWriter) -> None:
        wire = build(question)
        writer.write(len(wire).to_bytes(2, "big") + wire)
        await writer.drain()

    return serve


def honest(records: Records = ZONE_RECORDS) -> Serve:
    """A name server with authority that knows these records."""
    return serving(lambda q: answer(q, records, flags=dns.flags.AA).to_wire())


@dataclass
class Script:
    """Who says what; `met` lists the addresses of name servers in the order they were asked.

    Attributes:
        delegation: the name servers to which the registry refers.
        datagrams: what name servers send over UDP.
    """

    resolve: dict[str, Resolve] = field(default_factory=lambda: {RESOLVERS[0]: resolving()})
    serve: dict[str, Serve] = field(default_factory=lambda: {NS1: honest(), NS2: honest()})
    delegation: Sequence[str] = ("ns1.example.", "ns2.example.")
    datagrams: dict[str, Resolve] = field(default_factory=dict)
    policy: NetworkPolicy = LOOPBACK
    query_deadline: float = 30.0
    zone_deadline: float = 300.0
    budget: DnsBudget | None = None
    met: list[str] = field(default_factory=list)
    asked: list[tuple[str, dns.message.Message]] = field(default_factory=list)
    port: int = 0


class _Resolver(asyncio.DatagramProtocol):
    def __init__(self, script: Script, address: str, resolve: Resolve) -> None:
        self._script, self._address, self._resolve = script, address, resolve
        self._transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]  # what a datagram endpoint hands out
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        question = dns.message.from_wire(data)
        self._script.asked.append((self._address, question))
        for datagram in self._resolve(question):
            self._transport.sendto(datagram, addr)


@asynccontextmanager
async def _name_server(script: Script, address: str, serve: Serve) -> AsyncIterator[None]:
    """Leaves no conversation behind: tests share one event loop."""
    open_ones: dict[asyncio.Task[Any] | None, asyncio.StreamWriter] = {}

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_ones[asyncio.current_task()] = writer
        try:
            asked = await reader.read(4096)  # several questions come in one segment
            while asked:
                end = 2 + int.from_bytes(asked[:2], "big")
                question, asked = dns.message.from_wire(asked[2:end]), asked[end:]
                if address != REGISTRY:
                    script.met.append(address)
                await serve(question, writer)
        except OSError:
            pass  # the client has had enough, which is what some tests are about
        finally:
            writer.close()

    server = await asyncio.start_server(converse, address, script.port)
    try:
        yield
    finally:
        server.close()
        for writer in open_ones.values():
            writer.transport.abort()
        await asyncio.gather(*filter(None, open_ones), return_exceptions=True)


def _free_port(script: Script) -> int:
    """Free at every address where a server is to listen, and where none is."""
    streams = {NS1, NS2, REGISTRY, *script.serve}
    while True:
        with socket.socket() as probe:
            probe.bind((NS1, 0))
            port = int(probe.getsockname()[1])
        if all(_is_free(a, port, socket.SOCK_STREAM) for a in streams) and all(
            _is_free(a, port, socket.SOCK_DGRAM) for a in RESOLVERS
        ):
            return port


def _is_free(address: str, port: int, kind: socket.SocketKind) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, kind) as probe:
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True


@asynccontextmanager
async def playing(script: Script) -> AsyncIterator[DnsLooks]:
    """The adapter in the middle of this script."""
    loop = asyncio.get_running_loop()
    script.port = _free_port(script)
    async with AsyncExitStack() as stack:
        for address, resolve in {**script.resolve, **script.datagrams}.items():
            transport, _ = await loop.create_datagram_endpoint(
                lambda a=address, r=resolve: _Resolver(script, a, r),  # type: ignore[misc]  # bound now
                local_addr=(address, script.port),
            )
            stack.callback(transport.close)
        for address, serve in {REGISTRY: referring(*script.delegation), **script.serve}.items():
            await stack.enter_async_context(_name_server(script, address, serve))
        yield DnsLooks(
            Clock(),
            [(address, script.port) for address in script.resolve],
            script.policy,
            authority_port=script.port,
            query_deadline=script.query_deadline,
            zone_deadline=script.zone_deadline,
            budget=script.budget,
        )
        await asyncio.sleep(0)
