"""Reverse DNS by dnspython: the operator's validating resolver, then the zone's own servers.

In a zone that the resolver proves secure only its authenticated answer counts (RFC 4035), and a
denial it has cached counts until its TTL ends. In a provably insecure zone nothing is proven by a
cache, so each name server is asked directly: what a customer publishes is seen at once.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from ipaddress import ip_address
from itertools import chain, zip_longest
from typing import TypeGuard, TypeVar

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype

from byoip.adapters.checks import dns_answer
from byoip.adapters.checks.dns_exchange import (
    Answered,
    DnsConcurrency,
    NotAnswered,
    Reply,
    Server,
    has_route,
    over_tcp,
    over_udp,
)
from byoip.adapters.network_policy import NetworkPolicy
from byoip.domain.checks.evidence import Fault, RawAnswer
from byoip.domain.checks.rdns_ownership import (
    NeverContacted,
    ServerAnswer,
    ServerObservation,
    Silent,
    ZoneObservation,
    ZoneSecurity,
)
from byoip.domain.checks.reverse_zone import ReverseZone
from byoip.ports.clock import Clock

_EDNS_PAYLOAD = 1232  # no fragments on any path (DNS flag day 2020)
_MOST_SERVERS = 8
_MOST_ADDRESSES = 2  # of one server
_AT_ONCE = 4  # name servers of one zone asked at a time
_SHORTEST_ZONE = 3  # labels with the root: in-addr.arpa.
# Bytes of an answer that are kept as evidence: in each of 128 zones 16 servers may answer, and what
# they say is the customer's. A token and its name need far less.
_LONGEST_FROM_RESOLVER = 1024
_LONGEST_FROM_SERVER = 512

_T = TypeVar("_T")
_Finding = tuple[ZoneSecurity, ServerAnswer]


class DnspythonResolver:
    """Looks at reverse zones (the `ReverseDns` port)."""

    def __init__(
        self,
        clock: Clock,
        resolvers: Sequence[tuple[str, int]],
        policy: NetworkPolicy,
        *,
        authority_port: int = 53,
        query_deadline: float = 3.0,
        zone_deadline: float = 20.0,
        concurrency: int = 256,
    ) -> None:
        """Take the limits; nothing is sent yet.

        Args:
            clock: dates the exhibits.
            resolvers: address and port of validating resolvers on a path we trust (the AD bit is
                believed), asked in this order until one answers.
            policy: which name servers may be contacted.
            authority_port: where name servers listen.
            query_deadline: seconds for one exchange.
            zone_deadline: seconds for a zone, waiting for its turn included.
            concurrency: exchanges under way at once with resolvers, and as many with servers; of
                either, the zones of one prefix get a quarter.
        """
        if not resolvers:
            raise ValueError("reverse DNS needs at least one validating resolver")
        self.clock = clock
        self.resolvers = [Server(address, port) for address, port in resolvers]
        self.policy = policy
        self.authority_port = authority_port
        self.query_deadline = query_deadline
        self.zone_deadline = zone_deadline
        # Two queues: silent name servers must not keep the resolver's answers waiting.
        self.resolver_turns = DnsConcurrency(concurrency)
        self.server_turns = DnsConcurrency(concurrency)

    async def observe(self, zone: ReverseZone, label: str) -> ZoneObservation:
        """Ask the resolver and, where the zone is not signed, its servers; never raises."""
        return await _Look(self, zone, label).observe()


class _Look:
    """One zone being looked at."""

    def __init__(self, limits: DnspythonResolver, zone: ReverseZone, label: str) -> None:
        self._limits = limits
        self._zone = zone
        self._owner = dns.name.from_text(zone.owner(label))
        self._until = asyncio.get_running_loop().time() + limits.zone_deadline
        self._resolver_share = limits.resolver_turns.of(zone)
        self._server_share = limits.server_turns.of(zone)
        self._at_once = asyncio.Semaphore(_AT_ONCE)
        self._exhibits: list[RawAnswer] = []

    async def observe(self) -> ZoneObservation:
        security, answer = await self._ask_resolver()
        servers: tuple[ServerObservation, ...] = ()
        if security is ZoneSecurity.INSECURE:
            cut = await self._find_cut()
            if isinstance(cut, Silent):
                security, answer = ZoneSecurity.UNKNOWN, cut
            elif dns_answer.is_authenticated(cut[1]):
                security, answer = ZoneSecurity.SECURE, dns_answer.unauthenticated(answer)
            else:
                servers = await self._ask_servers(dns_answer.name_servers(cut[1], cut[0]))
        return ZoneObservation(
            zone=self._zone,
            owner=self._owner.to_text(),
            security=security,
            resolver=answer,
            servers=servers,
            exhibits=tuple(self._exhibits),
        )

    async def _ask_resolver(self) -> _Finding:
        """What the resolver says of the owner name; INSECURE: it does not vouch for that."""
        reply = await self._resolve(self._owner, dns.rdatatype.TXT)
        bogus = False
        if _failed(reply):
            bogus, reply = await self._is_bogus(reply)
        if isinstance(reply, NotAnswered):
            return ZoneSecurity.UNKNOWN, Silent(reply.fault, f"the resolver: {reply.detail}")
        answer = dns_answer.txt_answer(reply.message, self._owner)
        if isinstance(answer, Silent):
            security = ZoneSecurity.BOGUS if bogus else ZoneSecurity.UNKNOWN
            return security, Silent(answer.fault, f"the resolver: {answer.detail}")
        if dns_answer.is_authenticated(reply.message):
            return ZoneSecurity.SECURE, answer
        return ZoneSecurity.INSECURE, answer

    async def _is_bogus(self, failed: Answered) -> tuple[bool, Reply]:
        """Whether behind a SERVFAIL there is data that does not validate; and the last word.

        With CD the resolver hands out what it could not validate (RFC 4035, section 3.2.2); if
        that fails too, servers are out of reach and nothing is known. A resolver that gives no
        reason is asked once more, for the first failure may have been a failure to reach a server.
        """
        bogus = dns_answer.proven_bogus(failed.message)
        unchecked = await self._resolve(self._owner, dns.rdatatype.TXT, checking=False)
        if _failed(unchecked) or isinstance(unchecked, NotAnswered):
            return False, failed
        if bogus is not None:
            return bogus, failed
        again = await self._resolve(self._owner, dns.rdatatype.TXT)
        return _failed(again), again

    async def _find_cut(self) -> tuple[dns.name.Name, dns.message.Message] | Silent:
        """The zone that holds the owner name, and the resolver's answer for its NS records."""
        name = self._owner
        while len(name) >= _SHORTEST_ZONE:
            reply = await self._resolve(name, dns.rdatatype.SOA)
            if isinstance(reply, NotAnswered) or _failed(reply):
                break
            apex = dns_answer.apex(reply.message, name)
            if apex is not None:
                servers = await self._resolve(apex, dns.rdatatype.NS)
                if isinstance(servers, Answered) and dns_answer.name_servers(servers.message, apex):
                    return apex, servers.message
                break
            name = name.parent()
        return Silent(Fault.LAME, f"the resolver finds no zone with name servers at {name}")

    async def _ask_servers(self, names: Sequence[dns.name.Name]) -> tuple[ServerObservation, ...]:
        names = names[:_MOST_SERVERS]
        found = await _together([self._addresses(name) for name in names])
        known: set[str] = set()  # an address behind two names is one voice
        asking: list[Coroutine[None, None, ServerObservation]] = []
        for name, addresses in zip(names, found, strict=True):
            if not addresses:
                asking.append(_addressless(name))
            for address in addresses:
                if address not in known:
                    asking.append(self._ask_server(name, address))
                known.add(address)
        return tuple(await _together(asking))

    async def _addresses(self, name: dns.name.Name) -> list[str]:
        """Addresses of a name server, IPv4 and IPv6 by turns, without those we have no route to."""
        kinds = (dns.rdatatype.A, dns.rdatatype.AAAA)
        replies = await _together([self._resolve(name, kind) for kind in kinds])
        each = [
            dns_answer.addresses(reply.message) if isinstance(reply, Answered) else []
            for reply in replies
        ]
        mixed = [address for address in chain(*zip_longest(*each)) if address is not None]
        return [
            address
            for address in mixed
            if self._limits.policy.refusal(ip_address(address)) or has_route(address)
        ][:_MOST_ADDRESSES]

    async def _ask_server(self, name: dns.name.Name, address: str) -> ServerObservation:
        refusal = self._limits.policy.refusal(ip_address(address))
        answer = NeverContacted(refusal) if refusal else await self._ask_directly(address)
        return ServerObservation(name.to_text(), address, answer)

    async def _ask_directly(self, address: str) -> ServerAnswer:
        question = dns.message.make_query(self._owner, dns.rdatatype.TXT, flags=0)
        server = Server(address, self._limits.authority_port)
        async with self._at_once:
            reply = await self._exchange(question, server, stream=True)
        if isinstance(reply, NotAnswered):
            return Silent(reply.fault, reply.detail)
        answer = dns_answer.txt_answer(reply.message, self._owner)
        if not isinstance(answer, Silent) and not dns_answer.is_authoritative(reply.message):
            return Silent(Fault.LAME, "it answers without authority for the zone")
        return answer

    async def _resolve(
        self, name: dns.name.Name, kind: dns.rdatatype.RdataType, *, checking: bool = True
    ) -> Reply:
        """The first usable answer of our resolvers, else the last one's failure."""
        flags = dns.flags.RD | dns.flags.AD | (0 if checking else dns.flags.CD)
        question = dns.message.make_query(
            name, kind, flags=flags, use_edns=0, want_dnssec=True, payload=_EDNS_PAYLOAD
        )
        for server in self._limits.resolvers:
            reply = await self._exchange(question, server, stream=False)
            if isinstance(reply, NotAnswered) and reply.fault is Fault.TRUNCATED:
                reply = await self._exchange(question, server, stream=True)
            if isinstance(reply, Answered) and reply.message.rcode() != dns.rcode.REFUSED:
                break
        return reply

    async def _exchange(
        self, question: dns.message.Message, server: Server, *, stream: bool
    ) -> Reply:
        """Wait for a turn, ask, keep what came; all of it before the zone's deadline."""
        limits = self._limits
        share = self._resolver_share if _for_resolver(question) else self._server_share
        ask = over_tcp if stream else over_udp
        try:
            async with asyncio.timeout_at(self._until), share.turn():
                reply = await ask(question, server, seconds=limits.query_deadline)
        except TimeoutError:
            reply = NotAnswered(Fault.TIMEOUT, f"not within {limits.zone_deadline:g} s of a zone")
        self._keep(question, server, reply, "tcp" if stream else "udp")
        return reply

    def _keep(
        self, question: dns.message.Message, server: Server, reply: Reply, transport: str
    ) -> None:
        asked = question.question[0]
        if asked.rdtype in {dns.rdatatype.A, dns.rdatatype.AAAA}:
            return  # which address a server has stands beside what it said
        kind = dns.rdatatype.to_text(asked.rdtype)
        most = _LONGEST_FROM_RESOLVER if _for_resolver(question) else _LONGEST_FROM_SERVER
        cut = f" (cut from {len(reply.wire)} bytes)" if len(reply.wire) > most else ""
        self._exhibits.append(
            RawAnswer(
                asked=f"{asked.name} {kind} @{server.address}/{transport}{cut}",
                of=str(server),
                # Without the id (RFC 1035, 4.1.1): so the same answer is the same evidence.
                answer=(reply.wire and bytes(2)) + reply.wire[2:most],
                at=self._limits.clock.now(),
            )
        )


async def _together(questions: Sequence[Coroutine[None, None, _T]]) -> list[_T]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(question) for question in questions]
    return [task.result() for task in tasks]


async def _addressless(name: dns.name.Name) -> ServerObservation:
    silent = Silent(Fault.UNREACHABLE, "no address that we have a route to")
    return ServerObservation(name.to_text(), "", silent)


def _for_resolver(question: dns.message.Message) -> bool:
    return bool(question.flags & dns.flags.RD)


def _failed(reply: Reply) -> TypeGuard[Answered]:
    return isinstance(reply, Answered) and reply.message.rcode() == dns.rcode.SERVFAIL
