"""Ranges that no customer may bring.

Sources: IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890), IANA Multicast and
IPv6 address space registries; the RFC of each range stands beside it. The standard library's
`is_global` is not used: it looks at the first and last address only and differs by release.
"""

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final

# Global unicast, the only IPv6 space that is delegated (RFC 4291, section 2.4; IANA).
IPV6_UNICAST: Final = IPv6Network("2000::/3")

DOCUMENTATION: Final = "documentation"
BENCHMARKING: Final = "benchmarking"
SANDBOX_RANGES: Final = frozenset({DOCUMENTATION, BENCHMARKING})

_TABLE: Final = tuple(
    (ip_network(cidr), name, rfc)
    for cidr, name, rfc in (
        ("0.0.0.0/8", "this network", "RFC 791"),
        ("10.0.0.0/8", "private use", "RFC 1918"),
        ("100.64.0.0/10", "shared address space", "RFC 6598"),
        ("127.0.0.0/8", "loopback", "RFC 1122"),
        ("169.254.0.0/16", "link local", "RFC 3927"),
        ("172.16.0.0/12", "private use", "RFC 1918"),
        ("192.0.0.0/24", "IETF protocol assignments", "RFC 6890"),
        ("192.0.2.0/24", DOCUMENTATION, "RFC 5737"),
        ("192.31.196.0/24", "AS112-v4", "RFC 7535"),
        ("192.52.193.0/24", "AMT", "RFC 7450"),
        ("192.88.99.0/24", "6to4 relay anycast", "RFC 7526"),
        ("192.168.0.0/16", "private use", "RFC 1918"),
        ("192.175.48.0/24", "direct delegation AS112", "RFC 7534"),
        ("198.18.0.0/15", BENCHMARKING, "RFC 2544"),
        ("198.51.100.0/24", DOCUMENTATION, "RFC 5737"),
        ("203.0.113.0/24", DOCUMENTATION, "RFC 5737"),
        ("224.0.0.0/4", "multicast", "RFC 5771"),
        ("240.0.0.0/4", "reserved", "RFC 1112"),
        ("::/8", "reserved, IPv4-mapped and IPv4-compatible", "RFC 4291"),
        ("64:ff9b::/96", "IPv4-IPv6 translation", "RFC 6052"),
        ("64:ff9b:1::/48", "local-use IPv4-IPv6 translation", "RFC 8215"),
        ("100::/64", "discard only", "RFC 6666"),
        ("100:0:0:1::/64", "dummy IPv6 prefix", "RFC 9780"),
        ("2001::/23", "IETF protocol assignments, Teredo, ORCHID", "RFC 2928"),
        ("2001:db8::/32", DOCUMENTATION, "RFC 3849"),
        ("2002::/16", "6to4", "RFC 3056"),
        ("2620:4f:8000::/48", "direct delegation AS112", "RFC 7534"),
        ("3ffe::/16", "6bone, returned", "RFC 3701"),
        ("3fff::/20", DOCUMENTATION, "RFC 9637"),
        ("5f00::/16", "segment routing SIDs", "RFC 9602"),
        ("fc00::/7", "unique local", "RFC 4193"),
        ("fe80::/10", "link local", "RFC 4291"),
        ("fec0::/10", "site local, deprecated", "RFC 3879"),
        ("ff00::/8", "multicast", "RFC 4291"),
    )
)


def special_range(
    network: IPv4Network | IPv6Network, *, admitted: frozenset[str] = frozenset()
) -> str | None:
    """Name the first special-purpose range that overlaps `network`, either way round.

    A network that lies wholly inside a range whose name is `admitted` passes.
    """
    for special, name, rfc in _TABLE:
        if special.version != network.version or not special.overlaps(network):
            continue
        inside = special.prefixlen <= network.prefixlen
        if not (inside and name in admitted):
            return f"{special} ({name}, {rfc})"
    return None
