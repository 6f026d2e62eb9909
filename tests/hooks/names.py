"""A resolver on loopback, over UDP, that knows the names that a test tells it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from byoip.adapters.checks.dns_exchange import Server


@dataclass
class Names(asyncio.DatagramProtocol):
    """Addresses by name.

    Attributes:
        known: a name's addresses; what is called gives others each time.
        asked: names and types, in order.
    """

    known: dict[str, Sequence[str] | Callable[[], Sequence[str]]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    rcode: int = 0
    silent: bool = False
    port: int = 0

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]  # what a datagram endpoint hands out
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        question = dns.message.from_wire(data)
        [asked] = question.question
        kind = dns.rdatatype.to_text(asked.rdtype)
        self.asked.append((asked.name.to_text(), kind))
        if self.silent:
            return
        response = dns.message.make_response(question, recursion_available=True)
        response.set_rcode(dns.rcode.Rcode(self.rcode))
        found = self.known.get(asked.name.to_text(), ())
        addresses = found() if callable(found) else found
        fitting = [one for one in addresses if (":" in one) is (kind == "AAAA")]
        if fitting:
            response.answer.append(dns.rrset.from_text_list(asked.name, 0, "IN", kind, fitting))
        self._transport.sendto(response.to_wire(), addr)

    @property
    def server(self) -> Server:
        return Server("127.0.0.1", self.port)


@asynccontextmanager
async def resolver() -> AsyncIterator[Names]:
    """One that answers while the block runs."""
    names = Names()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: names, local_addr=("127.0.0.1", 0))
    names.port = transport.get_extra_info("sockname")[1]
    try:
        yield names
    finally:
        transport.close()
