"""What was seen of a reverse zone: the resolver's word, the delegation, and each server's answer.

Values only; `rdns_ownership` and `unsigned_zone` judge them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from byoip.domain.checks.evidence import Fault, RawAnswer, Unanswered
from byoip.domain.checks.reverse_zone import ReverseZone


class ZoneSecurity(StrEnum):
    """What the operator's validating resolver says about a zone (RFC 4033, section 5)."""

    SECURE = "secure"
    INSECURE = "insecure"
    BOGUS = "bogus"
    UNKNOWN = "unknown"  # the resolver did not answer


@dataclass(frozen=True, slots=True)
class TxtValues:
    """TXT records at the owner name: each value with its strings joined; none: a true denial."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Alias:
    """The answer went through a CNAME or DNAME."""

    target: str


@dataclass(frozen=True, slots=True)
class DelegatedAway:
    """The owner name itself is delegated: the first server's name as text, where it is known."""

    target: str


@dataclass(frozen=True, slots=True)
class Silent:
    """No usable answer: time-out, refusal, not authoritative, not DNS.

    Attributes:
        only_udp: it answers over UDP, but not over TCP.
    """

    fault: Fault
    detail: str
    only_udp: bool = False


@dataclass(frozen=True, slots=True)
class NeverContacted:
    """An address that our network policy does not let us contact."""

    why: str


@dataclass(frozen=True, slots=True)
class Beneath:
    """TXT values of a zone below the one asked about, which is not seen to delegate it there.

    Any party that shares the server may have added it.
    """

    zone: str
    values: tuple[str, ...]


ServerAnswer = TxtValues | Alias | DelegatedAway | Silent | NeverContacted


@dataclass(frozen=True, slots=True)
class ServerObservation:
    """What one address of one name server answered, asked directly."""

    server: str
    address: str
    answer: ServerAnswer | Beneath


@dataclass(frozen=True, slots=True)
class Delegation:
    """Which name servers a zone has, by its parent and by itself. Names end in a dot.

    Attributes:
        zone: the lowest zone that holds the owner name, as its parent's servers say.
        parent: the zone above it; empty for a registry's zone, vouched for by the resolver.
        every: names that every answering server of the parent gives: only these confirm.
        some: names that not every one of them gives.
        own: names in the zone's own NS records at any of these servers; empty: none was told.
    """

    zone: str
    parent: str
    every: tuple[str, ...]
    some: tuple[str, ...] = ()
    own: tuple[str, ...] = ()

    @property
    def named(self) -> tuple[str, ...]:
        """All names that the parent gives."""
        return (*self.every, *self.some)


@dataclass(frozen=True, slots=True)
class DelegationSeen:
    """To whom the zones above a zone delegate it, signed or not; see `ZoneObservation`.

    Attributes:
        servers: those of the zone where the walk ended, if that is one above this zone.
    """

    zone: ReverseZone
    delegation: Delegation | None = None
    servers: tuple[ServerObservation, ...] = ()
    addresses: Mapping[str, frozenset[str]] = field(default_factory=dict)
    registry_zone: str = ""
    obstacle: Unanswered | None = None


@dataclass(frozen=True, slots=True)
class ZoneObservation:
    """What was seen of one zone.

    Attributes:
        resolver: the validating resolver's answer for the owner name; its AD bit is `security`.
        servers: the authoritative servers, asked directly (empty where the zone is secure).
        delegation: who counts among them; None where no walk was made.
        addresses: all that each name server's name has, asked or not; where the name lies in an
            unsigned zone on the way, those that all servers of the zone above give.
        registry_zone: the registry's own zone, where it denies the text: nothing is delegated.
        obstacle: why the walk to the zone, or asking there, came to no end.
    """

    zone: ReverseZone
    owner: str
    security: ZoneSecurity
    resolver: ServerAnswer
    servers: tuple[ServerObservation, ...]
    exhibits: tuple[RawAnswer, ...]
    delegation: Delegation | None = None
    addresses: Mapping[str, frozenset[str]] = field(default_factory=dict)
    registry_zone: str = ""
    obstacle: Unanswered | None = None

    @property
    def of_delegation(self) -> DelegationSeen:
        """What it shows of the delegation alone: of a signed zone nothing."""
        obstacle, silent = self.obstacle, self.resolver
        if obstacle is None and isinstance(silent, Silent) and self.delegation is None:
            obstacle = Unanswered(silent.fault, silent.detail)
        about = self.delegation, self.servers, self.addresses, self.registry_zone, obstacle
        return DelegationSeen(self.zone, *about)
