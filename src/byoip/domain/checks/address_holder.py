"""Who maintains the address space around a prefix, at RIPE-style registries.

There the maintainer of a covering route object, an old transit provider for example, may create
more specific ones. So a route proves something about the space only where its maintainers also
maintain the smallest inetnum or inet6num around it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from byoip.domain.checks.rpsl import RpslObject
from byoip.domain.prefix import InvalidPrefix, Prefix

# Blocks that a registry keeps for itself, or for space it does not manage. The names are those of
# the RIPE database's root objects and of the blocks that fill the holes between allocations.
_PLACEHOLDER_STATUS: Final = frozenset({"NOT-SET", "UNSPECIFIED", "ALLOCATED UNSPECIFIED"})
_PLACEHOLDER_NAME: Final = re.compile(r"IANA-.*|NON-[A-Z-]+-MANAGED-ADDRESS-BLOCK", re.ASCII)

# RFC 2622, section 2: address prefix ranges; RFC 2725, section 9.1: their use in mnt-routes.
_RANGE: Final = re.compile(
    r"(?P<base>[0-9a-f:.]+/[0-9]+)"
    r"(?:\^(?:(?P<sign>[-+])|(?P<low>[0-9]{1,3})(?:-(?P<high>[0-9]{1,3}))?))?",
    re.ASCII | re.IGNORECASE,
)
_BLOCKS: Final = frozenset({"inetnum", "inet6num"})
_MNT_ROUTES: Final = re.compile(r"([^ {}]+) ?(\{[^{}]*\})? ?", re.ASCII)


@dataclass(frozen=True, slots=True)
class AddressBlock:
    """An inetnum or inet6num: its addresses as numbers, both ends included."""

    family: int
    first: int
    last: int
    described: RpslObject

    def __str__(self) -> str:
        made = IPv4Address if self.family == 4 else IPv6Address  # noqa: PLR2004 - address family
        return f"{made(self.first)} - {made(self.last)}"

    def contains(self, prefix: Prefix) -> bool:
        """Whether all of the prefix lies inside."""
        network = prefix.network
        return (
            self.family == prefix.family
            and self.first <= int(network.network_address)
            and int(network.broadcast_address) <= self.last
        )

    @property
    def placeholder(self) -> bool:
        """Whether no party holds it: a root object, or a block for space managed elsewhere."""
        whole = self.first == 0 and self.last >= 2**32 - 1
        status = " ".join(one.value for one in self.described.all("status")).upper()
        name = " ".join(one.value for one in self.described.all("netname")).upper()
        return (
            whole or status in _PLACEHOLDER_STATUS or _PLACEHOLDER_NAME.fullmatch(name) is not None
        )

    def maintainers(self, prefix: Prefix) -> frozenset[str]:
        """Maintainers, in upper case, that may authorise routes of `prefix` in this block."""
        plain = maintainers_of(self.described, "mnt-by", "mnt-lower")
        return plain | _route_maintainers(self.described, prefix)


def maintainers_of(described: RpslObject, *names: str) -> frozenset[str]:
    """Maintainers that the attributes of those names list, in upper case."""
    return frozenset(
        word.upper()
        for name in names
        for attribute in described.all(name)
        for word in _words(attribute.value)
    )


def _words(text: str) -> list[str]:
    return text.replace(",", " ").split()


def smallest_block(
    prefix: Prefix, source: str, objects: Iterable[RpslObject]
) -> AddressBlock | None:
    """The smallest block of that source around the prefix, placeholder or not.

    It skips objects that cannot be read: ask `unreadable_block` first.
    """
    blocks = [
        block
        for one in objects
        if _of_source(one, source)
        and (block := _read_block(one)) is not None
        and block.contains(prefix)
    ]
    return min(blocks, key=lambda block: block.last - block.first, default=None)


def unreadable_block(source: str, objects: Iterable[RpslObject]) -> RpslObject | None:
    """An object that cannot be read and may be a block of that source.

    It may be the smallest one; with it nothing is known about the holder of the space.
    """
    return next((one for one in objects if _unreadable(one, source)), None)


def _unreadable(described: RpslObject, source: str) -> bool:
    if _of_source(described, source):
        # An object whose first line is no attribute has no class: it may have been meant as one.
        return described.object_class in {*_BLOCKS, ""} and _read_block(described) is None
    return described.object_class in _BLOCKS and len(described.all("source")) != 1


def _of_source(described: RpslObject, source: str) -> bool:
    sources = described.all("source")
    return len(sources) == 1 and sources[0].value.upper() == source.upper()


def _read_block(described: RpslObject) -> AddressBlock | None:
    if described.malformed:
        return None
    try:
        if described.object_class == "inetnum":
            first, last = (int(IPv4Address(end.strip())) for end in described.key.split("-"))
            if first > last:
                return None
            return AddressBlock(4, first, last, described)
        if described.object_class == "inet6num":
            network = Prefix.parse(described.key).network
            ends = int(network.network_address), int(network.broadcast_address)
            return AddressBlock(network.version, *ends, described)
    except (ValueError, InvalidPrefix):
        return None
    return None


def _route_maintainers(described: RpslObject, prefix: Prefix) -> frozenset[str]:
    # `NAME`, `NAME ANY`, or `NAME {range, ...}`: with ranges, for routes among them only.
    found: set[str] = set()
    for attribute in described.all("mnt-routes"):
        value = " ".join(_words(attribute.value))
        if _MNT_ROUTES.sub("", value):  # unbalanced braces: a limit we cannot read
            continue
        for name, ranges in _MNT_ROUTES.findall(value):
            if not ranges or _in_ranges(prefix, ranges.strip("{}")):
                found.add(name.upper())
    return frozenset(found - {"ANY"})


def _in_ranges(prefix: Prefix, ranges: str) -> bool:
    return any(_in_range(prefix, one) for one in _words(ranges))


def _in_range(prefix: Prefix, text: str) -> bool:
    matched = _RANGE.fullmatch(text)
    if not matched:
        return False
    try:
        base = Prefix.parse(matched["base"])
    except InvalidPrefix:
        return False
    return base.covers(prefix) and prefix.length in _lengths(base, matched)


def _lengths(base: Prefix, matched: re.Match[str]) -> range:
    longest = base.network.max_prefixlen
    if matched["sign"]:
        return range(base.length + (matched["sign"] == "-"), longest + 1)
    low = int(matched["low"] or base.length)
    return range(low, int(matched["high"] or low) + 1)
