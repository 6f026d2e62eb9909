"""The reverse DNS in memory: the twin of `DnsLooks`."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from byoip.domain.checks.evidence import Fault, RawAnswer, Unanswered
from byoip.domain.checks.reverse_dns.observation import (
    Alias,
    Delegation,
    DelegationSeen,
    ServerAnswer,
    ServerObservation,
    Silent,
    TxtValues,
    ZoneObservation,
    ZoneSecurity,
)
from byoip.domain.checks.reverse_zone import ReverseZone

SERVERS = (("ns1.sandbox.test.", "127.0.0.1"), ("ns2.sandbox.test.", "127.0.0.2"))
_NAMES = tuple(name for name, _ in SERVERS)
_DELEGATION = Delegation("in-addr.arpa.", "", _NAMES)

# These end at the servers; of every other trouble the resolver fails to answer already.
_SERVERS_ONLY = frozenset({Fault.LAME, Fault.UNREACHABLE})


class FakeReverseDns:
    """Unsigned zones on two name servers, unless told otherwise.

    Attributes:
        asked: owner names, in the order they were asked for.
        before_asking: called first on every question: where a test checks manners.
    """

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.asked: list[str] = []
        self.before_asking: Callable[[], None] = lambda: None
        self._now = now
        self._answers: dict[str, ServerAnswer] = {}
        self._security: dict[str, ZoneSecurity] = {}
        self._fault: Fault | None = None
        self._delegated: dict[str, tuple[str, ...]] = {}

    def publish(self, owner: str, *values: str) -> None:
        """Set the TXT records at a name (with the root's dot)."""
        self._answers[owner] = TxtValues(tuple(sorted(values)))

    def alias(self, owner: str, target: str) -> None:
        """Set a CNAME at a name."""
        self._answers[owner] = Alias(target)

    def withdraw(self, owner: str) -> None:
        """Remove whatever stands at a name."""
        self._answers.pop(owner, None)

    def secure(self, owner: str, security: ZoneSecurity) -> None:
        """Let the resolver say this of the zone of an owner name."""
        self._security[owner] = security

    def fail(self, fault: Fault) -> None:
        """Answer nothing, for this reason, until `recover`."""
        self._fault = fault

    def recover(self) -> None:
        """Answer again."""
        self._fault = None

    def delegate(self, zone: str, *servers: str) -> None:
        """Have the registry delegate a zone (with the root's dot) there; to none: not at all."""
        self._delegated[zone] = servers

    async def observe(self, zone: ReverseZone, label: str, account_id: UUID) -> ZoneObservation:
        del account_id
        self.before_asking()
        owner = zone.owner(label)
        self.asked.append(owner)
        security, resolver = self._resolver(owner)
        servers = self._servers(owner) if security is ZoneSecurity.INSECURE else ()
        exhibit = RawAnswer(f"{owner} TXT", "127.0.0.1:53", repr(resolver).encode(), self._now())
        seen = ZoneObservation(zone, owner, security, resolver, servers, (exhibit,))
        if servers and (to := self._delegated.get(zone.name)) is not None:
            registry_zone = "" if to else "in-addr.arpa."
            delegation = Delegation(zone.name, "in-addr.arpa.", to) if to else None
            there = tuple(
                replace(one, server=name) for one, name in zip(servers, to, strict=False)
            )  # those answer to whom it is delegated
            seen = replace(seen, servers=there or servers)
            return replace(seen, delegation=delegation, registry_zone=registry_zone)
        return replace(seen, delegation=_DELEGATION) if servers else seen

    async def find_delegation(
        self, zone: ReverseZone, label: str, account_id: UUID
    ) -> DelegationSeen:
        """Of a signed zone the same."""
        del account_id
        self.before_asking()
        self.asked.append(zone.owner(label))
        to = self._delegated.get(zone.name)
        if self._security.get(zone.owner(label)) is ZoneSecurity.UNKNOWN:
            return DelegationSeen(zone, obstacle=Unanswered(Fault.TIMEOUT, "told to be silent"))
        if self._fault and self._fault not in _SERVERS_ONLY:
            return DelegationSeen(zone, obstacle=Unanswered(self._fault, "told to fail"))
        if to is None:
            return DelegationSeen(zone, _DELEGATION)
        if not to:
            return DelegationSeen(zone, registry_zone="in-addr.arpa.")
        return DelegationSeen(zone, Delegation(zone.name, "in-addr.arpa.", to))

    def _resolver(self, owner: str) -> tuple[ZoneSecurity, ServerAnswer]:
        security = self._security.get(owner, ZoneSecurity.INSECURE)
        if self._fault and self._fault not in _SERVERS_ONLY:
            return ZoneSecurity.UNKNOWN, Silent(self._fault, "the resolver: told to fail")
        if security is ZoneSecurity.BOGUS:
            return security, Silent(Fault.SERVER_FAILURE, "EDE 6: told to be bogus")
        if security is ZoneSecurity.UNKNOWN:
            return security, Silent(Fault.TIMEOUT, "the resolver: told to be silent")
        return security, self._answers.get(owner, TxtValues(()))

    def _servers(self, owner: str) -> tuple[ServerObservation, ...]:
        everywhere = self._answers.get(owner, TxtValues(()))
        if self._fault:
            everywhere = Silent(self._fault, "told to fail")
        return tuple(ServerObservation(name, address, everywhere) for name, address in SERVERS)
