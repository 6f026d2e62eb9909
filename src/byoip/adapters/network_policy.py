"""Which addresses we let strangers send us to (name servers are chosen by customers)."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_network

from byoip.domain.prefix import Network
from byoip.domain.special_purpose import IPV6_UNICAST, special_range


@dataclass(frozen=True, slots=True)
class NetworkPolicy:
    """What may be contacted: public unicast, without the operator's own ranges.

    Attributes:
        never: the operator's own ranges.
        allowed: exceptions, stronger than every other rule but one: an IPv4-mapped address
            (RFC 4291, section 2.5.5.2) is never contacted, whatever it stands for.
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
        if any(address in network for network in self.allowed):
            return None
        special = special_range(ip_network(address))
        if special:
            return f"{address} lies in {special}"
        if isinstance(address, IPv6Address) and address not in IPV6_UNICAST:
            return f"{address} lies outside {IPV6_UNICAST}"
        if any(address in network for network in self.never):
            return f"{address} is the operator's own"
        return None
