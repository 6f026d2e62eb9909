"""All that one look at a zone asks: turns, a deadline and a budget, and the evidence kept."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address
from itertools import islice
from secrets import token_bytes
from uuid import UUID

from byoip.adapters.checks import dns_answer
from byoip.adapters.checks.dns_answer import Place
from byoip.adapters.checks.dns_exchange import (
    LARGEST_OF_AUTHORITY,
    RECURSION,
    Answered,
    Asked,
    DnsConcurrency,
    Exchanging,
    NotAnswered,
    Reply,
    Server,
    ask,
    ask_for,
    has_route,
    resolving,
    together,
)
from byoip.adapters.checks.dns_message import Kind, Message, Name
from byoip.adapters.network_policy import NetworkPolicy
from byoip.domain.checks.evidence import Fault, RawAnswer
from byoip.domain.checks.reverse_dns.observation import Silent
from byoip.ports.checks.dns_budget import DnsBudget
from byoip.ports.clock import Clock

_AD, _CD = 0x0020, 0x0010  # flags (RFC 1035, section 4.1.1; RFC 4035, section 3.2)
_EDNS_PAYLOAD = 1232  # no fragments on any path (DNS flag day 2020)
# Code and length of an option for local use (RFC 6891, section 9), which servers pass over (6.1.2).
_LIKE_NO_OTHER = b"\xfd\xe9\x00\x08"
_EACH_FAMILY = 2  # addresses of one name server that are asked
_AT_ONCE = 16  # addresses of name servers asked at a time
_PROBE_SECONDS = 1.0  # over UDP, where TCP failed
# Three cuts with 13 names, each with four addresses, fit in: asked twice, at the last five times.
_MOST_QUESTIONS = 512
_MOST_BYTES = 256 * 1024
# Bytes of an answer that are kept as evidence: in each of 128 zones many servers may answer, and
# what they say is the customer's. A token and its name, or 13 name servers, need no more.
_LONGEST_FROM_RESOLVER = 1024
_LONGEST_FROM_SERVER = 512


@dataclass(frozen=True, slots=True)
class DnsLimits:
    """Whom looks may ask, and how much.

    Attributes:
        query_deadline: seconds for one exchange.
        zone_deadline: seconds for a zone, waiting for its turn included.
        budget: of the account that a look is for; None: it has no end.
        exchange, routed: how a question goes out, and to which addresses one can.
    """

    clock: Clock
    resolvers: Sequence[Server]
    policy: NetworkPolicy
    authority_port: int
    query_deadline: float
    zone_deadline: float
    most_questions: int = _MOST_QUESTIONS
    most_bytes: int = _MOST_BYTES
    budget: DnsBudget | None = None
    exchange: Exchanging = ask
    routed: Callable[[str], bool] = has_route


class Asking:
    """One look's questions.

    Attributes:
        exhibits: what came back.
        exhausted: the part of the budget that ran out, if any did.
    """

    def __init__(
        self,
        limits: DnsLimits,
        account_id: UUID,
        resolver_turns: DnsConcurrency,
        server_turns: DnsConcurrency,
    ) -> None:
        self.exhibits: list[RawAnswer] = []
        self.exhausted: Silent | None = None
        self._limits = limits
        self._account_id = account_id
        self._now = asyncio.get_running_loop().time
        self._until = self._now() + limits.zone_deadline
        self._resolver_share = resolver_turns.of(account_id)
        self._server_share = server_turns.of(account_id)
        self._at_once = asyncio.Semaphore(_AT_ONCE)
        self._questions = 0
        self._bytes = 0
        self._kept: set[tuple[str, Message | bytes]] = set()

    async def resolve(self, name: Name, kind: Kind, *, checking: bool = True) -> Reply:
        """The first usable answer of our resolvers, else the last one's failure."""
        flags = RECURSION | _AD | (0 if checking else _CD)
        question = ask_for(name, kind, flags=flags, payload=_EDNS_PAYLOAD)
        for server in self._limits.resolvers:
            reply = await self._exchange(question, server, stream=False)
            if isinstance(reply, NotAnswered) and reply.fault is Fault.TRUNCATED:
                reply = await self._exchange(question, server, stream=True)
            if isinstance(reply, Answered) and reply.message.rcode != dns_answer.REFUSED:
                break
        return reply

    async def resolve_once(self, name: Name, kind: Kind) -> Reply:
        """What a neighbouring zone has been told within its deadline, else ask."""
        share, key = self._resolver_share, (name, int(kind))
        try:
            async with asyncio.timeout_at(self._until), share.asking[key]:
                at, known = share.answers.get(key, (0.0, None))
                if known and at + self._limits.zone_deadline > self._now():
                    return known
                reply = await self.resolve(name, kind)
                if isinstance(reply, Answered):
                    share.answers[key] = (self._now(), reply)
                return reply
        except TimeoutError:
            return self._late()

    async def place(self, name: Name) -> Place:
        """The addresses of a name server, by the resolver's word."""
        replies = await together([self.resolve_once(name, kind) for kind in (Kind.A, Kind.AAAA)])
        messages = [reply.message for reply in replies if isinstance(reply, Answered)]
        each = [(dns_answer.addresses(one, name), one) for one in messages]
        return Place(
            frozenset().union(*(at for at, one in each if dns_answer.is_authenticated(one))),
            frozenset().union(*(at for at, _ in each)),
            any(map(dns_answer.is_alias, messages)),
        )

    async def sure_once(
        self, host: Name, find: Callable[[], Awaitable[frozenset[str]]]
    ) -> frozenset[str]:
        """What a neighbouring zone has found within its deadline, else find it.

        Hosts of one zone in turn, for what leads to one leads to the others.
        """
        share = self._resolver_share
        try:
            async with asyncio.timeout_at(self._until), share.asking[host.parent, 0]:
                at, known = share.sure.get(host, (0.0, frozenset[str]()))
                if host in share.sure and at + self._limits.zone_deadline > self._now():
                    return known
                found = await find()
                if not self.exhausted:
                    share.sure[host] = (self._now(), found)
                return found
        except TimeoutError:
            self._late()
            return frozenset()

    def refusal(self, address: str) -> str | None:
        """Why our network policy keeps us from asking there; None when we may."""
        return self._limits.policy.refusal(ip_address(address))

    def to_ask(self, addresses: frozenset[str]) -> list[str]:
        """Two of each family that we may contact and have a route to, and one that is refused."""
        chosen: list[str] = []
        for v6 in (False, True):
            family = [one for one in sorted(addresses) if (":" in one) is v6]
            refused = {one: None for one in family if self.refusal(one)}
            routed = (one for one in family if one not in refused and self._limits.routed(one))
            chosen += [*islice(routed, _EACH_FAMILY), *islice(refused, 1)]
        return chosen

    async def directly(self, address: str, name: Name, kind: Kind) -> Answered | Silent:
        """Ask a name server over TCP, without recursion; silence says whether UDP works."""
        question = ask_for(name, kind, flags=0)
        server = Server(address, self._limits.authority_port)
        async with self._at_once:
            reply = await self._exchange(question, server, stream=True)
            if isinstance(reply, Answered):
                return reply
            only_udp = reply.fault in {Fault.TIMEOUT, Fault.UNREACHABLE} and not self.exhausted
            if only_udp:
                seconds = min(_PROBE_SECONDS, self._limits.query_deadline)
                probe = await self._exchange(question, server, stream=False, seconds=seconds)
                only_udp = isinstance(probe, Answered) or probe.fault is Fault.TRUNCATED
        detail = f"over UDP it answers, but {reply.detail}" if only_udp else reply.detail
        return Silent(reply.fault, detail, only_udp=only_udp)

    async def in_a_row(
        self, address: str, asked: Sequence[tuple[Name, Kind]]
    ) -> list[Answered | Silent]:
        """Ask a name server the same way, all at once: it has them in one segment.

        One right after the other is a round trip or two apart: a tenant that changes what is
        answered at a steady beat, or an account that holds its turns back, would fit in between.
        None is like any before: a cache of answers, as many servers have before their zones, would
        else tell the one out of a zone that is gone, and the other out of the one that is there.
        """
        size, option = LARGEST_OF_AUTHORITY, _LIKE_NO_OTHER + token_bytes(8)
        questions = [ask_for(*one, flags=0, payload=size, option=option) for one in asked]
        server = Server(address, self._limits.authority_port)
        async with self._at_once:
            replies = await self._exchanges(questions, server, stream=True)
        return [
            one if isinstance(one, Answered) else Silent(one.fault, one.detail) for one in replies
        ]

    async def _exchange(
        self, question: Asked, server: Server, *, stream: bool, seconds: float | None = None
    ) -> Reply:
        (reply,) = await self._exchanges([question], server, stream=stream, seconds=seconds)
        return reply

    async def _exchanges(
        self,
        questions: Sequence[Asked],
        server: Server,
        *,
        stream: bool,
        seconds: float | None = None,
    ) -> list[Reply]:
        """Wait for a turn, ask, keep what came; all of it before the zone's deadline."""
        limits, many = self._limits, len(questions)
        share = self._resolver_share if resolving(questions[0]) else self._server_share
        if spent := self._spent() or await self._denied(many):
            return [spent] * many
        self._questions += many
        try:
            async with asyncio.timeout_at(self._until), share.turn():
                patience = seconds or limits.query_deadline
                replies = await limits.exchange(questions, server, stream=stream, seconds=patience)
        except TimeoutError:
            replies = [self._late()] * many
        for question, reply in zip(questions, replies, strict=True):
            self._bytes += len(reply.wire)
            self._keep(question, server, reply, "tcp" if stream else "udp")
        return replies

    def _late(self) -> NotAnswered:
        detail = f"not within {self._limits.zone_deadline:g} s of a zone"
        self.exhausted = Silent(Fault.TIMEOUT, detail)
        return NotAnswered(Fault.TIMEOUT, detail)

    async def _denied(self, many: int) -> NotAnswered | None:
        """Take questions of the account's budget."""
        budget = self._limits.budget
        if budget is None:
            return None
        wait = await budget.take(self._account_id, many)
        return (
            None
            if wait is None
            else self._out_of_budget(f"the account's DNS questions are used up for {wait} s")
        )

    def _spent(self) -> NotAnswered | None:
        limits = self._limits
        if self.exhausted and self.exhausted.fault is Fault.OUT_OF_BUDGET:
            return NotAnswered(Fault.OUT_OF_BUDGET, self.exhausted.detail)
        if self._questions >= limits.most_questions:
            what = f"more than {limits.most_questions} questions for one zone"
        elif self._bytes >= limits.most_bytes:
            what = f"more than {limits.most_bytes} bytes of answers for one zone"
        else:
            return None
        return self._out_of_budget(what)

    def _out_of_budget(self, what: str) -> NotAnswered:
        self.exhausted = Silent(Fault.OUT_OF_BUDGET, what)
        return NotAnswered(Fault.OUT_OF_BUDGET, what)

    def _keep(self, question: Asked, server: Server, reply: Reply, transport: str) -> None:
        asked = question.question
        kind = Kind(asked.kind)
        if kind in {Kind.A, Kind.AAAA}:
            return  # which address a server has stands beside what it said
        # Without the id, and what EDNS is sent with: so the same answer is the same evidence.
        said = replace(reply.message, id=0) if isinstance(reply, Answered) else reply.wire[2:]
        what = f"{asked.name} {kind.name} @{server.address}/{transport}"
        # Of what many servers say of a delegation, each version once.
        once = isinstance(reply, Answered) and _repeats(reply, kind)
        key = (kind.name if once else what, said)
        if key in self._kept:
            return
        self._kept.add(key)
        most = _LONGEST_FROM_RESOLVER if resolving(question) else _LONGEST_FROM_SERVER
        if len(reply.wire) > most:
            what += f" (cut from {len(reply.wire)} bytes)"
        answer = (reply.wire and bytes(2)) + reply.wire[2:most]
        at = self._limits.clock.now()
        self.exhibits.append(RawAnswer(asked=what, of=str(server), answer=answer, at=at))


def _repeats(reply: Answered, kind: Kind) -> bool:
    """Whether it is about a delegation: a referral, or a zone's own NS or SOA records."""
    return kind in {Kind.NS, Kind.SOA} or not dns_answer.is_authoritative(reply.message)
