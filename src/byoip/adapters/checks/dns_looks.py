"""Reverse DNS: the operator's validating resolver, then the zone's own servers.

In a zone that the resolver proves secure only its authenticated answer counts (RFC 4035), and a
denial it has cached counts until its TTL ends. In a provably insecure zone nothing is proven by a
cache, and the zone does not say who its servers are: `dns_walk` finds them from the registry's
zone down and asks each directly, so what a customer publishes is seen at once.
"""

from collections.abc import Sequence
from typing import TypeGuard
from uuid import UUID

from byoip.adapters.checks import dns_answer
from byoip.adapters.checks.dns_asking import Asking, DnsLimits
from byoip.adapters.checks.dns_exchange import (
    Answered,
    DnsConcurrency,
    NotAnswered,
    Reply,
    Server,
    name_from,
)
from byoip.adapters.checks.dns_message import Kind, Message, Name
from byoip.adapters.checks.dns_walk import Walk, Walked
from byoip.adapters.network_policy import NetworkPolicy
from byoip.domain.checks.evidence import Fault, Unanswered
from byoip.domain.checks.reverse_dns.observation import (
    Delegation,
    DelegationSeen,
    ServerAnswer,
    Silent,
    TxtValues,
    ZoneObservation,
    ZoneSecurity,
)
from byoip.domain.checks.reverse_dns.registry_zones import registry_zones
from byoip.domain.checks.reverse_zone import ReverseZone
from byoip.ports.checks.dns_budget import DnsBudget
from byoip.ports.clock import Clock

_SHORTEST_ZONE = 2  # labels: in-addr.arpa.
_FEWER = (
    "Let every name server that is named for the zone answer at once, and have those that do not "
    "removed at the registry; name few."
)

_Finding = tuple[ZoneSecurity, ServerAnswer]


class DnsLooks:
    """Looks at reverse zones (the ports `ReverseDns` and `Delegations`)."""

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
        budget: DnsBudget | None = None,
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
                either, one account gets a quarter.
            budget: how many questions may be asked for an account.
        """
        if not resolvers:
            raise ValueError("reverse DNS needs at least one validating resolver")
        self.limits = DnsLimits(
            clock=clock,
            resolvers=[Server(address, port) for address, port in resolvers],
            policy=policy,
            authority_port=authority_port,
            query_deadline=query_deadline,
            zone_deadline=zone_deadline,
            budget=budget,
        )
        # Two queues: silent name servers must not keep the resolver's answers waiting.
        self.resolver_turns = DnsConcurrency(concurrency)
        self.server_turns = DnsConcurrency(concurrency)

    async def observe(self, zone: ReverseZone, label: str, account_id: UUID) -> ZoneObservation:
        """Ask the resolver and, where the zone is not signed, its servers; never raises."""
        return await _Look(self._asking(account_id), zone, label).observe()

    async def find_delegation(
        self, zone: ReverseZone, label: str, account_id: UUID
    ) -> DelegationSeen:
        """Walk down to the zone, signed or not, and ask nobody there; never raises."""
        return await _Look(self._asking(account_id), zone, label).find_delegation()

    def _asking(self, account_id: UUID) -> Asking:
        return Asking(self.limits, account_id, self.resolver_turns, self.server_turns)


class _Look:
    """One zone being looked at."""

    def __init__(self, asking: Asking, zone: ReverseZone, label: str) -> None:
        self._asking = asking
        self._zone = zone
        self._owner = name_from(zone.owner(label))
        self._denied_by: Name | None = None  # the zone in whose name the resolver denies the text

    async def observe(self) -> ZoneObservation:
        security, answer = await self._ask_resolver()
        if security is ZoneSecurity.INSECURE:
            cut = await self._find_cut()
            if isinstance(cut, Silent):
                security, answer = ZoneSecurity.UNKNOWN, cut
            elif dns_answer.is_authenticated(cut):
                security, answer = ZoneSecurity.SECURE, dns_answer.unauthenticated(answer)
            else:
                return await self._ask_servers(answer)
        if security is ZoneSecurity.SECURE:
            answer = await self._of_this_zone(answer)
        return ZoneObservation(
            zone=self._zone,
            owner=str(self._owner),
            security=security,
            resolver=answer,
            servers=(),
            exhibits=tuple(self._asking.exhibits),
            registry_zone=self._registry_s(self._denied_by),
        )

    async def _ask_resolver(self) -> _Finding:
        """What the resolver says of the owner name; INSECURE: it does not vouch for that."""
        reply = await self._asking.resolve(self._owner, Kind.TXT)
        bogus = False
        if _failed(reply):
            bogus, reply = await self._is_bogus(reply)
        if isinstance(reply, NotAnswered):
            return ZoneSecurity.UNKNOWN, Silent(reply.fault, f"the resolver: {reply.detail}")
        answer = dns_answer.txt_answer(reply.message, self._owner)
        self._denied_by = dns_answer.apex(reply.message, self._owner)
        if isinstance(answer, Silent):
            security = ZoneSecurity.BOGUS if bogus else ZoneSecurity.UNKNOWN
            return security, Silent(answer.fault, f"the resolver: {answer.detail}")
        if dns_answer.is_authenticated(reply.message):
            return ZoneSecurity.SECURE, answer
        return ZoneSecurity.INSECURE, answer

    async def _of_this_zone(self, answer: ServerAnswer) -> ServerAnswer:
        """What stands at the owner name, unless that is a zone of its own, another party's.

        A signed one has a DS record, which the zone above signs (RFC 4035, section 2.4).
        """
        if not isinstance(answer, TxtValues) or not answer.values:
            return answer
        reply = await self._asking.resolve(self._owner, Kind.DS)
        if isinstance(reply, NotAnswered):
            return Silent(reply.fault, reply.detail)
        return dns_answer.unless_delegated(reply.message, self._owner, answer)

    async def _is_bogus(self, failed: Answered) -> tuple[bool, Reply]:
        """Whether behind a SERVFAIL there is data that does not validate; and the last word.

        With CD the resolver hands out what it could not validate (RFC 4035, section 3.2.2); if
        that fails too, servers are out of reach and nothing is known. A resolver that gives no
        reason is asked once more, for the first failure may have been a failure to reach a server.
        """
        bogus = dns_answer.proven_bogus(failed.message)
        unchecked = await self._asking.resolve(self._owner, Kind.TXT, checking=False)
        if _failed(unchecked) or isinstance(unchecked, NotAnswered):
            return False, failed
        if bogus is not None:
            return bogus, failed
        again = await self._asking.resolve(self._owner, Kind.TXT)
        return _failed(again), again

    async def _find_cut(self) -> Message | Silent:
        """The resolver's answer for the NS records of the zone that holds the owner name."""
        name = self._owner
        while len(str(name).split(".")) > _SHORTEST_ZONE:
            reply = await self._asking.resolve(name, Kind.SOA)
            if isinstance(reply, NotAnswered) or _failed(reply):
                break
            apex = dns_answer.apex(reply.message, name)
            if apex is not None:
                servers = await self._asking.resolve(apex, Kind.NS)
                if isinstance(servers, Answered) and dns_answer.name_servers(servers.message, apex):
                    return servers.message
                break
            name = name.parent
        return Silent(Fault.LAME, f"the resolver finds no zone with name servers at {name}")

    async def _ask_servers(self, resolved: ServerAnswer) -> ZoneObservation:
        """See what the servers say to which the zones above lead."""
        seen = await self.find_delegation(to_the_cut=False)
        return ZoneObservation(
            zone=self._zone,
            owner=str(self._owner),
            security=ZoneSecurity.INSECURE,
            resolver=resolved,
            servers=seen.servers,
            exhibits=tuple(self._asking.exhibits),
            delegation=seen.delegation,
            addresses=seen.addresses,
            registry_zone=seen.registry_zone,
            obstacle=seen.obstacle,
        )

    async def find_delegation(self, *, to_the_cut: bool = True) -> DelegationSeen:
        """Walk down from the registry's zone."""
        walk = Walk(self._asking, self._owner, name_from(self._zone.name))
        start = await self._registry_zone()
        if isinstance(start, Unanswered):
            walked = Walked(Delegation("", "", ()), obstacle=start)
        else:
            walked = await walk.down_from(*start, to_the_cut=to_the_cut)
        end = name_from(walked.delegation.zone)
        return DelegationSeen(
            zone=self._zone,
            delegation=walked.delegation,
            servers=tuple(voice.observed() for voice in walked.voices),
            addresses=walk.addresses,
            registry_zone=self._registry_s(end if walk.denials == {end} else None),
            obstacle=walked.obstacle or self._exhausted(),
        )

    def _registry_s(self, denying: Name | None) -> str:
        """The zone that denies the text, if it is a registry's: then none is delegated."""
        return str(denying) if str(denying) in registry_zones(self._zone) else ""

    async def _registry_zone(self) -> tuple[Name, list[Name]] | Unanswered:
        """The lowest zone of a registry for whose name servers the resolver vouches."""
        for text in registry_zones(self._zone):
            zone = name_from(text)
            reply = await self._asking.resolve_once(zone, Kind.NS)
            if isinstance(reply, Answered) and dns_answer.is_authenticated(reply.message):
                servers = dns_answer.name_servers(reply.message, zone)
                if servers:
                    return zone, servers
        return Unanswered(
            Fault.SERVER_FAILURE,
            f"hangs below {text}, for whose name servers the operator's resolver does not vouch",
            "Tell the operator: its resolver must validate DNSSEC.",
        )

    def _exhausted(self) -> Unanswered | None:
        spent = self._asking.exhausted
        if spent is None:
            return None
        return Unanswered(spent.fault, f"was not looked at to the end: {spent.detail}", _FEWER)


def _failed(reply: Reply) -> TypeGuard[Answered]:
    return isinstance(reply, Answered) and reply.message.rcode == dns_answer.SERVFAIL
