"""The sandbox's name servers and resolver: one DNS server on several loopback addresses.

A question with recursion desired (RD) is answered as the operator's resolver would: with AD about
the registry's zones and the servers' names, as if they were signed, and without about the
customers', so that the adapter goes on to ask the name servers. A question without is answered with
authority, for all. Where signatures are broken, the resolver fails with DNSSEC's reason (RFC 8914),
unless it is asked not to check (CD).
"""

import asyncio
import socket
import struct
from collections.abc import Callable, Sequence
from functools import partial
from ipaddress import ip_address
from typing import Final

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdatatype
import dns.rrset

from byoip.sandbox.reverse_records import ReverseRecords

FAULTS: Final = frozenset(
    ("timeout", "reset", "garbage", "truncated", "refused", "servfail", "lame", "stale", "empty")
)

_IDLE_SECONDS = 10
_UDP_PAYLOAD = 1232
_TCP_PAYLOAD = 65535
_PORT_ATTEMPTS = 20

_DNSSEC_BOGUS: Final = dns.edns.EDEOption(dns.edns.EDECode.DNSSEC_BOGUS)
_RCODES = {"refused": dns.rcode.REFUSED, "servfail": dns.rcode.SERVFAIL}


class NameServer:
    """Serves the records of `put_txt`, or misbehaves as `set_fault` orders."""

    def __init__(self, beneath: "NameServer | None" = None) -> None:
        """Begin empty; with `beneath` what is not put here is as it is there."""
        self.addresses: tuple[str, ...] = ()
        self.port = 0
        self._records: ReverseRecords
        self._records = ReverseRecords(beneath._records if beneath else None)  # noqa: SLF001 - of the same class
        self._fault: str | None = None
        self._closers: list[Callable[[], None]] = []
        self._connections: set[asyncio.StreamWriter] = set()

    def put_txt(self, owner_name: str, values: list[str]) -> None:
        """Publish these values at a name, one TXT record each, in place of what was there.

        Raises:
            ValueError: not a name below the reverse zones, too long values, or none (which only
                hides what stands `beneath`).
        """
        self._records.put(owner_name, values)

    def delete_txt(self, owner_name: str) -> bool:
        """Remove the records of a name and return whether there were any.

        Raises:
            ValueError: not a name below the reverse zones.
        """
        return self._records.delete(owner_name)

    def put_alias(self, owner_name: str, target: str) -> None:
        """Plant a CNAME, in place of what is published at the name.

        Raises:
            ValueError: not a name below the reverse zones, or no name as target.
        """
        self._records.put_alias(owner_name, target)

    def delete_alias(self, owner_name: str) -> bool:
        """Take it away again and return whether it was there."""
        return self._records.delete_alias(owner_name)

    def break_signatures(self, zone: str) -> None:
        """Plant signatures that do not hold (bogus), for a zone and all below it.

        Raises:
            ValueError: not a name below the reverse zones.
        """
        self._records.break_signatures(zone)

    def mend_signatures(self, zone: str) -> bool:
        """Let the zone be unsigned again and return whether it was bogus."""
        return self._records.mend_signatures(zone)

    def clear(self) -> None:
        """Remove everything."""
        self._records.clear()

    @property
    def fault(self) -> str | None:
        """How it misbehaves at present."""
        return self._fault

    def set_fault(self, kind: str) -> None:
        """Misbehave until `clear_fault`: one of `FAULTS`.

        `reset` and `lame` hit the name servers only; `stale` keeps answering what there is now.

        Raises:
            ValueError: an unknown kind.
        """
        if kind not in FAULTS:
            raise ValueError(f"{kind!r:.40} is not one of {', '.join(sorted(FAULTS))}")
        self.clear_fault()
        self._fault = kind
        if kind == "stale":
            self._records.freeze()

    def clear_fault(self) -> None:
        """Behave again."""
        self._fault = None
        self._records.thaw()

    async def start(self, addresses: Sequence[str], port: int = 0) -> int:
        """Listen on UDP and TCP of these addresses, all on one port, which is returned.

        Where only 127.0.0.1 is loopback (macOS) the other addresses are left out.

        Raises:
            OSError: the first address, or the port, is not available.
        """
        usable = [address for address in addresses if _is_local(address)]
        if not usable:
            raise OSError(f"none of {', '.join(addresses)} is an address of this machine")
        for attempt in range(_PORT_ATTEMPTS):
            try:
                await self._listen(usable, port)
            except OSError:
                # A port free for one address and transport may be taken for another.
                await self.stop()
                if port or attempt == _PORT_ATTEMPTS - 1:
                    raise
            else:
                break
        self.addresses = tuple(usable)
        self._records.serve_from(usable)
        return self.port

    async def stop(self) -> None:
        """Stop listening, and end open connections."""
        for close in self._closers:
            close()
        self._closers.clear()
        for writer in tuple(self._connections):
            writer.transport.abort()
        self.port = 0
        await asyncio.sleep(0)  # transports close on the loop's next turn

    async def _listen(self, addresses: Sequence[str], port: int) -> None:
        loop = asyncio.get_running_loop()
        self.port = port
        for address in addresses:
            server = await asyncio.start_server(self._converse, address, self.port)
            self._closers.append(server.close)
            self.port = server.sockets[0].getsockname()[1]
            transport, _ = await loop.create_datagram_endpoint(
                lambda: _Datagrams(partial(self.answer, stream=False)),
                local_addr=(address, self.port),
            )
            self._closers.append(transport.close)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        try:
            async with asyncio.timeout(_IDLE_SECONDS):
                while await self._converse_once(reader, writer):
                    pass
        except (TimeoutError, asyncio.IncompleteReadError, OSError):
            pass  # the client is gone or too slow
        finally:
            self._connections.discard(writer)
            writer.close()

    async def _converse_once(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        length = int.from_bytes(await reader.readexactly(2), "big")
        answer = self.answer(await reader.readexactly(length), stream=True)
        if self._fault == "reset":
            _reset(writer)
            return False
        if answer is None:
            return True
        framed = len(answer).to_bytes(2, "big") + answer
        cut = self._fault == "truncated"
        writer.write(framed[: len(framed) // 2] if cut else framed)
        await writer.drain()
        return not cut

    def answer(self, wire: bytes, *, stream: bool) -> bytes | None:
        """The answer to a question in wire format; None: silence."""
        try:
            question = dns.message.from_wire(wire)
        except dns.exception.DNSException:
            return None
        if self._fault == "timeout" or question.flags & dns.flags.QR:
            return None
        if self._fault == "garbage":
            return wire[:2] + b"\x84\x00" + b"\xff" * 30
        resolving = bool(question.flags & dns.flags.RD)
        response = dns.message.make_response(question, recursion_available=resolving)
        if not resolving and self._fault != "lame":
            response.flags |= dns.flags.AA
        self._fill(response, question)
        if resolving and question.question and self._records.signed(question.question[0].name):
            response.flags |= dns.flags.AD
        return _fitting(response, question, stream=stream, cut=self._fault == "truncated")

    def _fill(self, response: dns.message.Message, question: dns.message.Message) -> None:
        unchecked = not response.flags & dns.flags.RA or question.flags & dns.flags.CD
        if self._fault in _RCODES:
            response.set_rcode(_RCODES[self._fault])
        elif not unchecked and question.question and self._records.bogus(question.question[0].name):
            response.set_rcode(dns.rcode.SERVFAIL)
            response.use_edns(options=[_DNSSEC_BOGUS])
        elif question.opcode() != dns.opcode.QUERY:
            response.set_rcode(dns.rcode.NOTIMP)
        elif len(question.question) != 1:
            response.set_rcode(dns.rcode.FORMERR)
        else:
            self._look_up(response, question.question[0])

    def _look_up(self, response: dns.message.Message, asked: dns.rrset.RRset) -> None:
        zone = self._records.zone(asked.name)
        if zone is None:
            resolving = response.flags & dns.flags.RA
            response.set_rcode(dns.rcode.NXDOMAIN if resolving else dns.rcode.REFUSED)
            return
        if alias := self._records.alias(asked.name):
            response.answer.append(alias)
            return
        found = self._records.find(asked.name, asked.rdtype)
        if found and not (self._fault == "empty" and asked.rdtype == dns.rdatatype.TXT):
            response.answer.append(found)
            return
        if not self._records.exists(asked.name):
            response.set_rcode(dns.rcode.NXDOMAIN)
        soa = self._records.find(zone, dns.rdatatype.SOA)
        response.authority.extend([soa] if soa else [])


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, answer: Callable[[bytes], bytes | None]) -> None:
        self._answer = answer
        self._transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]  # what a datagram endpoint hands out
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        answer = self._answer(data)
        if answer is not None:
            self._transport.sendto(answer, addr)


def _fitting(
    response: dns.message.Message, question: dns.message.Message, *, stream: bool, cut: bool
) -> bytes:
    room = min(max(512, question.payload), _UDP_PAYLOAD)
    try:
        if stream or not cut:
            return response.to_wire(max_size=_TCP_PAYLOAD if stream else room)
    except dns.exception.TooBig:
        pass
    response.answer.clear()
    response.authority.clear()
    response.flags |= dns.flags.TC
    return response.to_wire()


def _is_local(address: str) -> bool:
    family = socket.AF_INET if ip_address(address).version == 4 else socket.AF_INET6  # noqa: PLR2004 - address family
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True


def _reset(writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    # On, for zero seconds: closing sends RST in place of FIN (socket(7), SO_LINGER).
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
