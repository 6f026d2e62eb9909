"""Which registry IANA gave each block to: a hint until the registries' own statistics are loaded.

Sources: IANA IPv4 Address Space Registry (as of 2023-12-18) and IANA IPv6 Global Unicast Address
Assignments (as of 2019-11-06). Legacy /8s are listed under the registry that administers
them. Space moves between registries in smaller blocks, so these tables refuse nothing.
"""

from collections.abc import Iterator
from typing import Final

from byoip.domain.prefix import Prefix

# First octets of the /8s.
_IPV4: Final = {
    "afrinic": ("41 102 105 154 196-197"),
    "apnic": (
        "1 14 27 36 39 42-43 49 58-61 101 103 106 110-126 133 150 153 163 171 175 180 "
        "182-183 202-203 210-211 218-223"
    ),
    "arin": (
        "3-4 6-9 11-13 15-24 26 28-30 32-35 38 40 44-45 47-48 50 52 54-56 63-76 96-100 "
        "104 107-108 128-132 134-140 142-144 146-149 152 155-162 164-170 172-174 184 192 "
        "198-199 204-209 214-216"
    ),
    "lacnic": ("177 179 181 186-187 189-191 200-201"),
    "ripencc": (
        "2 5 25 31 37 46 51 53 57 62 77-95 109 141 145 151 176 178 185 188 193-195 212-213 217"
    ),
}

_IPV6: Final = {
    "afrinic": ("2001:4200::/23 2c00::/12"),
    "apnic": (
        "2001:200::/23 2001:c00::/23 2001:e00::/23 2001:4400::/23 2001:8000::/19 "
        "2001:a000::/20 2001:b000::/20 2400::/12"
    ),
    "arin": ("2001:400::/23 2001:1800::/23 2001:4800::/23 2600::/12 2610::/23 2620::/23 2630::/12"),
    "lacnic": ("2001:1200::/23 2800::/12"),
    "ripencc": (
        "2001:600::/23 2001:800::/22 2001:1400::/22 2001:1a00::/23 2001:1c00::/22 "
        "2001:2000::/19 2001:4000::/23 2001:4600::/23 2001:4a00::/23 2001:4c00::/23 "
        "2001:5000::/20 2003::/18 2a00::/12 2a10::/12"
    ),
}


def _blocks() -> Iterator[tuple[Prefix, str]]:
    for registry, octets in _IPV4.items():
        for part in octets.split():
            first, _, last = part.partition("-")
            for octet in range(int(first), int(last or first) + 1):
                yield Prefix.parse(f"{octet}.0.0.0/8"), registry
    for registry, cidrs in _IPV6.items():
        for cidr in cidrs.split():
            yield Prefix.parse(cidr), registry


BLOCKS: Final = tuple(sorted(_blocks(), key=lambda block: block[0]))


def registry_hint(prefix: Prefix) -> str | None:
    """Key of the registry that IANA gave the whole prefix to, or None where none is known."""
    return next((registry for block, registry in BLOCKS if block.covers(prefix)), None)
