"""Who holds the documentation and benchmarking ranges in the sandbox.

On the Internet no party holds them (RFC 5737, 3849, 9637, 2544). The sandbox shares them out among
the five registries, so that every road through the rules can be tried: each has space of both
families, its benchmarking share large enough for prefixes of several reverse zones.
"""

from typing import Final

from byoip.domain.asns.registration import AsnRange
from byoip.domain.checks.registry import Allocation
from byoip.domain.prefix import Prefix

_SHARES: Final = {
    "ripencc": ("192.0.2.0/24", "198.18.0.0/17", "2001:db8::/34", "3fff::/22"),
    "arin": ("198.51.100.0/24", "198.18.128.0/17", "2001:db8:4000::/34", "3fff:400::/22"),
    "apnic": ("203.0.113.0/24", "198.19.0.0/17", "2001:db8:8000::/34", "3fff:800::/22"),
    "lacnic": ("198.19.128.0/18", "2001:db8:c000::/35", "3fff:c00::/23"),
    "afrinic": ("198.19.192.0/18", "2001:db8:e000::/35", "3fff:e00::/23"),
}


# One number each, of those for documentation (RFC 5398): of the holder of its second share.
_NUMBERS: Final = {"ripencc": 64501, "arin": 64502, "apnic": 64503, "lacnic": 64504}


def sandbox_asns(registry: str) -> tuple[AsnRange, ...]:
    """The numbers that a registry's statistics file would have."""
    number = _NUMBERS.get(registry, 64505)
    return (AsnRange(number, number, registry, "assigned", f"sandbox-{registry}-2"),)


def sandbox_allocations() -> tuple[Allocation, ...]:
    """The shares as the statistics files would have them: all allocated, one holder a share."""
    return tuple(
        Allocation(Prefix.parse(cidr), registry, "allocated", f"sandbox-{registry}-{number}")
        for registry, cidrs in _SHARES.items()
        for number, cidr in enumerate(cidrs, start=1)
    )
