"""One DNS question to one address (RFC 1035, section 4.2), on sockets of our own.

`dns_reader` reads the answers. dnspython's messages take ten times as long, and its transports lose
bytes that are no DNS, which are evidence, and read up to 64 KiB.
"""

import asyncio
import socket
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from secrets import randbits
from struct import Struct
from typing import Any, TypeVar
from uuid import UUID
from weakref import WeakValueDictionary

import dns.name

from byoip.adapters.checks.dns_message import Kind, Message, Name, Question
from byoip.adapters.checks.dns_reader import TooMuch, Unreadable, read
from byoip.adapters.dns_stream import converse
from byoip.domain.checks.evidence import Fault
from byoip.ports.places import Places

# A token needs a few hundred bytes.
LARGEST_OF_RESOLVER = 16 * 1024
LARGEST_OF_AUTHORITY = 4 * 1024
# The header, what follows a name in a question (RFC 1035, 4.1.1 and 4.1.2), and the record of EDNS
# with the flag DO (RFC 6891, 6.1.2; RFC 3225, 3).
_HEADER, _KIND_AND_CLASS = Struct("!6H"), Struct("!HH")
_OPT, _DNSSEC_OK, _INTERNET = Struct("!BHHIH"), 0x8000, 1
_RESPONSE, _TRUNCATED, RECURSION = 0x8000, 0x0200, 0x0100  # flags QR, TC and RD (4.1.1)
_T = TypeVar("_T")
# RCODEs with which a server need not repeat the question: FORMERR, SERVFAIL, NOTIMP, REFUSED.
_MAY_LACK_QUESTION = frozenset({1, 2, 4, 5})
# Of all turns, for the zones of one account. Two silent addresses in each of a prefix's 128 zones,
# the most there are, take 12 s at 3 s each with 64 turns: still within the deadline of a zone.
_PART = 4
# Each costs the event loop as much as an answer, and one who is asked once may send any number.
_MOST_UNUSABLE = 16


@dataclass(frozen=True, slots=True)
class Server:
    """Where a question goes."""

    address: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Answered:
    """A DNS message that answers our question, whatever its rcode."""

    message: Message
    wire: bytes


@dataclass(frozen=True, slots=True)
class NotAnswered:
    """Nothing we could use; `wire` holds what came, if anything did."""

    fault: Fault
    detail: str
    wire: bytes = b""


Reply = Answered | NotAnswered
Exchanging = Callable[..., Awaitable[list[Reply]]]  # as `ask` does, below


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it is sent.

    Attributes:
        flags: the header's.
    """

    id: int
    flags: int
    question: Question
    wire: bytes


@lru_cache(maxsize=10_000)
def name_from(text: str) -> Name:
    """A domain name from its text, taken as absolute."""
    return Name(dns.name.from_text(text).to_digestable())


def ask_for(name: Name, kind: int, *, flags: int, payload: int = 0, option: bytes = b"") -> Asked:
    """A question with a random id (RFC 5452, 4.3), and EDNS with an option (RFC 6891, 6.1.2)."""
    number = randbits(16)
    header = _HEADER.pack(number, flags, 1, 0, 0, payload > 0)
    wants = _DNSSEC_OK if flags & RECURSION else 0
    edns = _OPT.pack(0, Kind.OPT, payload, wants, len(option)) + option if payload else b""
    asked = name.wire + _KIND_AND_CLASS.pack(kind, _INTERNET)
    return Asked(number, flags, Question(name, int(kind), _INTERNET), header + asked + edns)


def has_route(address: str) -> bool:
    """Whether this machine could send there at all; nothing is sent to find out."""
    family = socket.AF_INET6 if ip_address(address).version == 6 else socket.AF_INET  # noqa: PLR2004 - address family
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((address, 9))  # a datagram socket only looks up the route
    except OSError:
        return False
    return True


async def over_tcp(
    questions: Sequence[Asked], server: Server, *, seconds: float, most: int = LARGEST_OF_RESOLVER
) -> list[Reply]:
    """Ask over TCP, all at once, on a connection of their own (RFC 7766, section 6.2.1.1).

    `seconds` bounds it all, dripped bytes too. Of an answer above `most` bytes the length is read.
    """
    came: list[bytes] = []
    why: Reply = NotAnswered(Fault.GARBAGE, "the answer bears another id")
    try:
        async with asyncio.timeout(seconds):
            wires, at = [one.wire for one in questions], (server.address, server.port)
            await converse(wires, at, most, came)
    except TimeoutError:
        why = NotAnswered(Fault.TIMEOUT, f"no answer over TCP within {seconds:g} s")
    except asyncio.IncompleteReadError as cut:
        text = f"the connection ended before {'all answers (RFC 7766)' if came else 'the answer'}"
        why = NotAnswered(Fault.TRUNCATED, text, cut.partial)
    except OSError as fault:
        why = NotAnswered(Fault.UNREACHABLE, f"no TCP connection: {fault.strerror or fault}")
    except TooMuch as much:
        why = NotAnswered(Fault.TOO_LARGE, str(much))
    if came and len(questions) == 1:
        return [understood(questions[0], came[0])]
    told = {wire[:2]: wire for wire in came}  # in any order
    return [understood(q, told[q.wire[:2]]) if q.wire[:2] in told else why for q in questions]


async def over_udp(question: Asked, server: Server, *, seconds: float) -> Reply:
    """Ask over UDP; a truncated answer ends as `NotAnswered(TRUNCATED)`: ask again over TCP.

    Datagrams that do not answer the question are passed over, for any host may send them
    (RFC 5452, section 9.1), up to 16; the socket is connected, so they bear the server's address.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Reply] = loop.create_future()
    try:
        transport, protocol = await loop.create_datagram_endpoint(
            lambda: _Datagrams(question, answer), remote_addr=(server.address, server.port)
        )
    except OSError as fault:
        return NotAnswered(Fault.UNREACHABLE, f"cannot send: {fault.strerror or fault}")
    try:
        transport.sendto(question.wire)
        async with asyncio.timeout(seconds):
            return await answer
    except TimeoutError:
        return protocol.unusable or NotAnswered(
            Fault.TIMEOUT, f"no answer over UDP within {seconds:g} s"
        )
    finally:
        transport.abort()


async def ask(asked: Sequence[Asked], at: Server, *, stream: bool, seconds: float) -> list[Reply]:
    """Ask a resolver, or a name server, which may send less."""
    if not stream:
        return [await over_udp(one, at, seconds=seconds) for one in asked]
    most = LARGEST_OF_RESOLVER if resolving(asked[0]) else LARGEST_OF_AUTHORITY
    return await over_tcp(asked, at, seconds=seconds, most=most)


def resolving(question: Asked) -> bool:
    """Whether it is for a resolver."""
    return bool(question.flags & RECURSION)


class _Datagrams(asyncio.DatagramProtocol):
    """Waits for the one datagram that answers."""

    def __init__(self, question: Asked, answer: "asyncio.Future[Reply]") -> None:
        self._question = question
        self._answer = answer
        self._count = 0
        self.unusable: NotAnswered | None = None

    def datagram_received(self, data: bytes, addr: object) -> None:
        del addr
        if self._answer.done():
            return
        reply = understood(self._question, data)
        self._count += 1
        more = self._count < _MOST_UNUSABLE
        if isinstance(reply, NotAnswered) and reply.fault is Fault.GARBAGE and more:
            self.unusable = reply
        else:
            self._answer.set_result(reply)

    def error_received(self, exc: Exception) -> None:
        if not self._answer.done():
            self._answer.set_result(NotAnswered(Fault.UNREACHABLE, f"port unreachable: {exc}"))


def understood(question: Asked, wire: bytes) -> Reply:
    """Read an answer, unless reading it would cost too much."""
    if wire[:2] != question.id.to_bytes(2, "big"):
        return NotAnswered(Fault.GARBAGE, "the answer bears another id", wire)
    try:
        message = read(wire)
    except TooMuch as much:
        return NotAnswered(Fault.TOO_LARGE, f"an answer with too much in it: {much}", wire)
    except Unreadable as fault:
        return NotAnswered(Fault.GARBAGE, f"not a DNS message: {fault}", wire)
    if not _answers(question, message):
        return NotAnswered(Fault.GARBAGE, "the answer is to another question", wire)
    if message.flags & _TRUNCATED:
        return NotAnswered(Fault.TRUNCATED, "the answer is marked as cut short", wire)
    return Answered(message, wire)


def _answers(question: Asked, message: Message) -> bool:
    if not message.flags & _RESPONSE:
        return False
    lacking = message.question is None and message.rcode in _MAY_LACK_QUESTION
    return lacking or message.question == question.question


class Share:
    """The turns of one account; its zones come in order.

    Attributes:
        answers: what is the same for all its zones, for example servers' addresses, with the
            event loop's time at which it came; and a lock for each, so that it is asked once.
        sure: in the same way the addresses at which a name server may confirm.
    """

    def __init__(self, account_id: UUID, everyones: Places, at_once: int) -> None:
        self.answers: dict[tuple[Name, int], tuple[float, Answered]] = {}
        self.sure: dict[Name, tuple[float, frozenset[str]]] = {}
        self.asking: defaultdict[tuple[Name, int], asyncio.Lock] = defaultdict(asyncio.Lock)
        self._account_id = account_id
        self._everyones = everyones
        self._own = asyncio.Semaphore(at_once)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait until one more exchange may be under way, and count it until the block ends."""
        # In this order: what waits for its own account's share delays no other account.
        async with self._own:
            await self._everyones.take(self._account_id)
            try:
                yield
            finally:
                self._everyones.give_back(self._account_id)


class DnsConcurrency:
    """At most so many exchanges at once, of which one account gets a quarter at most.

    Where many accounts ask, the next goes to one that has none, however many the others wait for.
    """

    def __init__(self, at_once: int) -> None:
        self._everyones = Places(at_once)
        self._each = -(-at_once // _PART)
        self._shares: WeakValueDictionary[UUID, Share] = WeakValueDictionary()

    def of(self, account_id: UUID) -> Share:
        """The share of this account, which lasts while a look holds it."""
        return self._shares.setdefault(account_id, Share(account_id, self._everyones, self._each))


async def together(questions: Sequence[Coroutine[Any, Any, _T]]) -> list[_T]:
    """All at once; their results in order."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(question) for question in questions]
    return [task.result() for task in tasks]
