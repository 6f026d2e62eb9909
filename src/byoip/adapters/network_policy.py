"""Which addresses we let strangers send us to (name servers are chosen by customers)."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_network
from typing import Final

from byoip.domain.prefix import Network
from byoip.domain.special_purpose import IPV6_UNICAST, special_range

# What stands in the last 32 bits is whom a translator sends to, where its prefix has 96 bits
# (RFC 6052, section 2.2; RFC 8215). Of a shorter prefix only the translator knows.
_TRANSLATED: Final = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
_OF_TRANSLATORS: Final = 96


@dataclass(frozen=True, slots=True)
class NetworkPolicy:
    """What may be contacted: public unicast, without the operator's own ranges.

    Attributes:
        never: the operator's own ranges.
        allowed: exceptions, stronger than every other rule but two: an IPv4-mapped address
            (RFC 4291, section 2.5.5.2) is never contacted, whatever it stands for; and one that is
            translated to IPv4 only where that may be, by a prefix of 96 bits or more.
    """

    never: tuple[Network, ...] = ()
    allowed: tuple[Network, ...] = ()

    def allows(self, address: IPv4Address | IPv6Address) -> bool:
        """Whether a packet may be sent there."""
        return self.refusal(address) is None

    def refusal(self, address: IPv4Address | IPv6Address) -> str | None:
        """Why nothing may be sent there; None when it may."""
        if isinstance(address, IPv6Address) and address.ipv4_mapped:
            return f"{address} is the IPv4-mapped form of {address.ipv4_mapped} (RFC 4291)"
        listed = [network for network in self.allowed if address in network]
        if isinstance(address, IPv6Address) and any(address in one for one in _TRANSLATED):
            return self._behind(address, listed)
        return None if listed else self._out_of_bounds(address)

    def _behind(self, address: IPv6Address, listed: Sequence[Network]) -> str | None:
        """As what a translator sends to."""
        why: str | None = "by a prefix that is not listed with 96 bits"
        if any(one.prefixlen >= _OF_TRANSLATORS for one in listed):
            why = self.refusal(IPv4Address(address.packed[-4:]))
        return f"{address} is translated to IPv4 (RFC 6052): {why}" if why else None

    def _out_of_bounds(self, address: IPv4Address | IPv6Address) -> str | None:
        special = special_range(ip_network(address))
        if special:
            return f"{address} lies in {special}"
        if isinstance(address, IPv6Address) and address not in IPV6_UNICAST:
            return f"{address} lies outside {IPV6_UNICAST}"
        if any(address in network for network in self.never):
            return f"{address} is the operator's own"
        return None
