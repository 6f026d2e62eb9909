"""IP prefixes, and which of them may be brought: lengths, special-purpose ranges, own space."""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Literal, TypeAlias

from byoip.domain.errors import Refusal
from byoip.domain.special_purpose import IPV6_UNICAST, special_range

Network: TypeAlias = IPv4Network | IPv6Network
Family: TypeAlias = Literal[4, 6]

# The only texts we read. It excludes what `ipaddress` would take: zone ids, netmasks and
# hostmasks, signs, spaces, digits of other scripts (re.ASCII) and leading zeros of the length.
_TEXT = re.compile(r"[0-9a-fA-F:.]{2,45}/(0|[1-9][0-9]{0,2})", re.ASCII)


class InvalidPrefix(Refusal):
    """The text is not an IP prefix."""

    name = "invalid_cidr"

    def __init__(self, text: str, why: str) -> None:
        super().__init__(f"{text!r:.60} is not a prefix we accept: {why}.", pointer="/cidr")


class PrefixLengthRefused(Refusal):
    """Longer or shorter than what this operator accepts."""

    name = "prefix_length_refused"

    def __init__(self, prefix: "Prefix", allowed: range) -> None:
        super().__init__(
            f"{prefix} has length /{prefix.length}: bring IPv{prefix.family} prefixes from "
            f"/{allowed.start} to /{allowed.stop - 1}.",
            pointer="/cidr",
        )


class SpecialPurposePrefix(Refusal):
    """It overlaps space that no customer may bring."""

    name = "special_purpose_prefix"

    def __init__(self, prefix: "Prefix", overlap: str) -> None:
        super().__init__(
            f"{prefix} overlaps {overlap}, which no customer may bring: check the addresses.",
            pointer="/cidr",
        )


class OperatorInfrastructure(Refusal):
    """It overlaps the operator's own addresses."""

    name = "operator_infrastructure"

    def __init__(self, prefix: "Prefix") -> None:
        super().__init__(
            f"{prefix} overlaps addresses that the operator uses itself: ask the operator.",
            pointer="/cidr",
        )


@dataclass(frozen=True, slots=True)
class Prefix:
    """An IP prefix: a network without host bits, in canonical text (RFC 4632, RFC 5952)."""

    network: Network
    # Kept: to make them of a network takes longer than most of what they are used for.
    _hash: int = field(default=0, init=False, repr=False, compare=False)
    _text: str = field(default="", init=False, repr=False, compare=False)

    def __hash__(self) -> int:
        if not self._hash:
            object.__setattr__(self, "_hash", hash(self.network) or 1)
        return self._hash

    @classmethod
    def parse(cls, text: str) -> "Prefix":
        """Read `address/length`; any spelling of the address, nothing else besides.

        Raises:
            InvalidPrefix: host bits, masks, zone ids, signs, non-ASCII digits, leading zeros.
        """
        if not _TEXT.fullmatch(text):
            raise InvalidPrefix(text, "write address/length, for example 192.0.2.0/24")
        try:
            return cls(ip_network(text, strict=True))
        except ValueError:
            raise InvalidPrefix(text, _fault(text)) from None

    @property
    def family(self) -> Family:
        """4 or 6."""
        return self.network.version

    @property
    def length(self) -> int:
        """Number of leading bits that are fixed."""
        return self.network.prefixlen

    def covers(self, other: "Prefix") -> bool:
        """Whether `other` lies inside this prefix, or equals it."""
        return (
            self.family == other.family
            and self.length <= other.length
            and other.network.network_address in self.network
        )

    def overlaps(self, other: "Prefix") -> bool:
        """Whether any address is in both."""
        return self.covers(other) or other.covers(self)

    def __str__(self) -> str:
        if not self._text:
            object.__setattr__(self, "_text", str(self.network))
        return self._text

    def __lt__(self, other: "Prefix") -> bool:
        return self._order < other._order

    @property
    def _order(self) -> tuple[int, int, int]:
        return self.family, int(self.network.network_address), self.length


def _fault(text: str) -> str:
    try:
        return f"it has host bits set; its network is {ip_network(text, strict=False)}"
    except ValueError:
        return "the address is wrong"


@lru_cache(2**17)
def known_prefix(text: str) -> Prefix:
    """As `Prefix.parse`; for texts of databases and speakers, which come again and again."""
    return Prefix.parse(text)


@dataclass(frozen=True, slots=True)
class PrefixPolicy:
    """What an operator accepts.

    Attributes:
        ipv4_lengths: lengths accepted, within /8 to /24.
        ipv6_lengths: lengths accepted, within /16 to /48.
        admitted: names of special-purpose registrations that this mode admits all the same
            (the sandbox's documentation and benchmarking ranges).
        infrastructure: the operator's own ranges, which no customer may bring.
    """

    ipv4_lengths: range = range(8, 25)
    ipv6_lengths: range = range(16, 49)
    admitted: frozenset[str] = frozenset()
    infrastructure: tuple[Prefix, ...] = ()

    def admit(self, prefix: Prefix) -> None:
        """Refuse a prefix that may not be brought here.

        Raises:
            PrefixLengthRefused: too long to be routed, or too short to be believed.
            SpecialPurposePrefix: overlaps a special-purpose range, or lies outside 2000::/3.
            OperatorInfrastructure: overlaps the operator's own addresses.
        """
        lengths = self.ipv4_lengths if prefix.family == 4 else self.ipv6_lengths  # noqa: PLR2004
        special = special_range(prefix.network, admitted=self.admitted)
        if special:
            raise SpecialPurposePrefix(prefix, special)
        if prefix.length not in lengths:
            raise PrefixLengthRefused(prefix, lengths)
        if isinstance(prefix.network, IPv6Network) and not prefix.network.subnet_of(IPV6_UNICAST):
            raise SpecialPurposePrefix(prefix, "space outside 2000::/3")
        if any(prefix.overlaps(own) for own in self.infrastructure):
            raise OperatorInfrastructure(prefix)
