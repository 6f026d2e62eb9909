"""Which reverse zones are the registries' own: where a walk down the tree may begin.

IANA's zones in-addr.arpa and ip6.arpa (RFC 3172, RFC 5855) and, below them, a zone for each block
that IANA gave to a registry, on the next octet or nibble boundary. All are signed.
"""

from functools import cache
from typing import Final

from byoip.domain.checks.iana import BLOCKS
from byoip.domain.checks.reverse_zone import ReverseZone, reverse_zones

# /8s that IANA lists for a holder of their own, and not for a registry: the holder may run the zone
# (IANA IPv4 Address Space Registry, as of 2023-12-18, designations).
_HELD_DIRECTLY: Final = frozenset(
    f"{octet}.in-addr.arpa."
    for octet in (6, 11, 12, 17, 19, 21, 22, 26, 28, 29, 30, 33, 38, 48, 53, 55, 56, 214, 215)
)
_ROOTS: Final = {4: "in-addr.arpa.", 6: "ip6.arpa."}


def registry_zones(zone: ReverseZone) -> tuple[str, ...]:
    """Names of the registries' zones that hold this zone, the lowest first; all end in a dot."""
    labels = zone.name.split(".")
    above = (".".join(labels[first:]) for first in range(len(labels) - 1))
    return (*(name for name in above if name in _names()), _ROOTS[zone.prefix.family])


def is_registrys(name: str) -> bool:
    """Whether a zone is a registry's own. The name ends in a dot."""
    return name in _ROOTS.values() or name in _names()


@cache
def _names() -> frozenset[str]:
    """Of all blocks; made once, as the walk of every look begins here."""
    return frozenset(
        part.name
        for block, _ in BLOCKS
        for part in reverse_zones(block)
        if part.name not in _HELD_DIRECTLY
    )
