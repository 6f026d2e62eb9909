"""Who maintains the address space around a prefix, at registries with the holder rule.

There the maintainer of a covering route object, an old transit provider for example, may create
more specific ones. Being allowed to create routes (`mnt-routes`) is not holding the space: a route
proves something only where its maintainers also maintain the smallest inetnum or inet6num around
it, are not the registry's own, and where no stranger may create routes in their name.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from byoip.domain.checks.evidence import Failed, Fault, Outcome, Passed, Reason, Unanswered
from byoip.domain.checks.iana import BLOCKS
from byoip.domain.checks.registries import address_blocks
from byoip.domain.checks.registries.address_blocks import Counts
from byoip.domain.checks.registry import Registry
from byoip.domain.checks.rpsl import RpslObject
from byoip.domain.foreign_text import listed, shown
from byoip.domain.prefix import InvalidPrefix, Prefix

_BLOCKS: Final = frozenset({"inetnum", "inet6num"})
_BRACES: Final = re.compile(r"\{[^{}]*\}")
_LEGACY: Final = "LEGACY"  # some hold a whole block of IANA's, as IANA gave it to them


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
        first, last = _ends(prefix)
        return self.family == prefix.family and self.first <= first and last <= self.last

    def without_holder(self, source: str) -> str | None:
        """Why no party's word counts here; None where one holds it."""
        status = " ".join(one.value for one in self.described.all("status")).upper()
        name = " ".join(one.value for one in self.described.all("netname")).upper()
        if address_blocks.placeholder(name):
            return f"a placeholder ({shown(name)})"
        if address_blocks.counts(source, status) is Counts.NOTHING:
            return f"a block of status {shown(status)}" if status else "a block without a status"
        if any(self._spans(iana, legacy=status == _LEGACY) for iana, _ in BLOCKS):
            return "the registry's own allocation from IANA"
        return None

    def _spans(self, iana: Prefix, *, legacy: bool) -> bool:
        """Whether a block of IANA's lies in it; a legacy one may be such a block, and no more."""
        first, last = _ends(iana)
        if self.family != iana.family or (legacy and (first, last) == (self.first, self.last)):
            return False
        return self.first <= first and last <= self.last

    @property
    def maintained_by(self) -> frozenset[str]:
        """Every `mnt-by`, in upper case."""
        return maintainers_of(self.described, "mnt-by")

    @property
    def holders(self) -> frozenset[str]:
        """Maintainers that speak for the holder, none of them a registry's.

        They stand in `mnt-by`, or in `mnt-lower` where `mnt-by` names the registry only. Where it
        names none the registry gave the space to no party.
        """
        mine = without_registries(self.maintained_by)
        if mine or not self.maintained_by:
            return mine
        return without_registries(maintainers_of(self.described, "mnt-lower"))

    def writers(self, prefix: Prefix) -> tuple[str, frozenset[str]]:
        """Strangers that may create its routes, and then name the holder's maintainer alone.

        And the attribute that names them: `mnt-lower` lets create routes of parts of the block. For
        RIPE's database asks any one of a new object's `mnt-by`, later any one of those that it had
        before, and never those that are added (`MntByAuthentication` of RIPE's whois).
        """
        part = _ends(prefix) != (self.first, self.last)
        for name in ("mnt-routes", "mnt-lower") if part else ("mnt-routes",):
            if strangers := self.strangers_among(route_writers(self.described, name)):
                return name, strangers
        return "", frozenset()

    def strangers_among(self, names: Iterable[str]) -> frozenset[str]:
        """Those that neither maintain the block nor are its registry's."""
        return strangers_at(self.source, names) - self.keepers

    @property
    def keepers(self) -> frozenset[str]:
        """Whose word is enough to change it, and to write its routes; none its registry's."""
        return strangers_at(self.source, self.maintained_by) | self.holders

    @property
    def source(self) -> str:
        """The registry that it stands in."""
        return self.described.all("source")[0].value


def _ends(prefix: Prefix) -> tuple[int, int]:
    network = prefix.network
    return int(network.network_address), int(network.broadcast_address)


def without_registries(names: Iterable[str]) -> frozenset[str]:
    """Those that are no registry's own."""
    return frozenset(name for name in names if not address_blocks.registrys_own(name))


def strangers_at(source: str, names: Iterable[str]) -> frozenset[str]:
    """Those that somebody else than that registry may have registered there."""
    return frozenset(name for name in names if not address_blocks.writes_for(source, name))


def maintainers_of(described: RpslObject, *names: str) -> frozenset[str]:
    """Maintainers that the attributes of those names list, in upper case."""
    return frozenset(
        word.upper()
        for name in names
        for attribute in described.all(name)
        for word in _words(attribute.value)
    )


def route_writers(described: RpslObject, *names: str) -> frozenset[str]:
    """As `maintainers_of`; prefixes in braces and ANY, as in `mnt-routes`, are no maintainers."""
    values = (_BRACES.sub(" ", one.value) for name in names for one in described.all(name))
    return frozenset(word.upper() for value in values for word in _words(value)) - {"ANY"}


def _words(text: str) -> list[str]:
    return text.replace(",", " ").split()


def smallest_block(
    prefix: Prefix, source: str, objects: Iterable[RpslObject]
) -> AddressBlock | None:
    """The smallest block of that source around the prefix, placeholder or not.

    It skips objects that cannot be read: ask `unreadable_block` first.
    """
    return next(iter(_smallest(prefix, source, objects)), None)


def _smallest(prefix: Prefix, source: str, objects: Iterable[RpslObject]) -> list[AddressBlock]:
    """One, or none; several where a registry gives different objects for the same addresses."""
    blocks = [
        block
        for one in dict.fromkeys(objects)
        if _of_source(one, source)
        and (block := _read_block(one)) is not None
        and block.contains(prefix)
    ]
    least = min((block.last - block.first for block in blocks), default=0)
    return [block for block in blocks if block.last - block.first == least]


def unreadable_block(source: str, objects: Iterable[RpslObject]) -> RpslObject | None:
    """An object that cannot be read and may be a block of that source.

    It may be the smallest one; with it nothing is known about the holder of the space.
    """
    return next((one for one in objects if _unreadable(one, source)), None)


def _unreadable(described: RpslObject, source: str) -> bool:
    if _of_source(described, source):
        # An object whose first line is no attribute has no class: it may have been meant as one.
        return described.object_class in {*_BLOCKS, ""} and _read_block(described) is None
    return described.object_class in _BLOCKS and not described.names_source


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


def judge_holder(
    route: RpslObject, registry: Registry, objects: Sequence[RpslObject] | None, prefix: Prefix
) -> Outcome:
    """Judge whether the route's maintainers are the holder's.

    `objects` are the address blocks found; None where the question stayed unanswered. Every
    `mnt-by` of the route must be one of the block's, and one must speak for the holder.
    """
    if objects is None:
        return Unanswered(Fault.NOT_ASKED, "Who maintains the address space is not known.")
    if doubt := in_doubt(prefix, registry.source, objects):
        return Unanswered(Fault.GARBAGE, doubt)
    block = smallest_block(prefix, registry.source, objects)
    if block is None:
        return no_block(prefix, registry)
    why = block.without_holder(registry.source)
    if why is not None:
        seen = f"The smallest block around {prefix} in {registry.source}, {block}, is {why}."
        return Failed(Reason.MAINTAINER_NOT_HOLDER, seen, "Prove ownership in reverse DNS.")
    return _compared(maintainers_of(route, "mnt-by"), block, prefix)


def in_doubt(prefix: Prefix, source: str, objects: Sequence[RpslObject]) -> str | None:
    """Why it is not known which block around the prefix is the smallest; None: it is."""
    unreadable = unreadable_block(source, objects)
    if unreadable is not None:
        key = f"{unreadable.object_class}: {unreadable.key}"
        return f"An address block cannot be read: {shown(key)}."
    blocks = _smallest(prefix, source, objects)
    if len(blocks) > 1:
        return f"{source} gave {len(blocks)} different objects for {blocks[0]}."
    return None


def national_holders(prefix: Prefix, source: str, objects: Sequence[RpslObject]) -> frozenset[str]:
    """Keys of the national registries whose maintainers stand in the smallest block, if known."""
    if in_doubt(prefix, source, objects):
        return frozenset()
    block = smallest_block(prefix, source, objects)
    keys = map(address_blocks.national_key, block.maintained_by if block else ())
    return frozenset(key for key in keys if key is not None)


def held_by_others(prefix: Prefix, source: str, objects: Sequence[RpslObject]) -> bool:
    """Whether the smallest block has a holder's own maintainers, and no national registry's."""
    block = smallest_block(prefix, source, objects)
    if block is None or block.without_holder(source) or not block.holders:
        return False
    return not national_holders(prefix, source, [block.described])


def no_block(prefix: Prefix, registry: Registry) -> Failed:
    """The registry shows no address block around the prefix."""
    kind = "inetnum" if prefix.family == 4 else "inet6num"  # noqa: PLR2004 - address family
    seen = f"{registry.source} has no {kind} around {prefix}."
    fix = (
        f"Prove ownership in reverse DNS, or have the {kind} registered in {registry.source} with "
        "your own maintainer in mnt-by: the registry or your LIR does that."
    )
    return Failed(Reason.ADDRESS_BLOCK_MISSING, seen, fix)


def written_by_anyone(block: AddressBlock, prefix: Prefix) -> Failed | None:
    """Who may create routes of the prefix by that block, in the holder's name; None: nobody."""
    name, strangers = block.writers(prefix)
    if not strangers:
        return None
    writers = listed(sorted(strangers))
    seen = f"By {name} of {block} {writers} may write routes as well, also in your name."
    fix = f"Prove ownership in reverse DNS, or take {writers} out of {name} until it is proven."
    return Failed(Reason.MAINTAINER_NOT_HOLDER, seen, fix)


def _compared(mine: frozenset[str], block: AddressBlock, prefix: Prefix) -> Outcome:
    holders = block.holders
    strangers = mine - block.maintained_by - holders
    if mine & holders and not strangers:
        yes = Passed(f"{listed(sorted(mine & holders))} maintains {block} as well.", by=mine)
        return written_by_anyone(block, prefix) or yes
    by, of_block = (
        listed(sorted(names)) or "no one named" for names in (mine, block.maintained_by)
    )
    seen = f"The route is maintained by {by}, {block} by {of_block}."
    if not holders:
        seen += " These are the registry's own maintainers: they say nothing of the holder."
        return Failed(Reason.MAINTAINER_NOT_HOLDER, seen, "Prove ownership in reverse DNS.")
    fix = (
        "Prove ownership in reverse DNS, or let every mnt-by of the route object be a maintainer "
        f"of the address space: {listed(sorted(holders))}. Its mnt-routes do not count."
    )
    return Failed(Reason.MAINTAINER_NOT_HOLDER, seen, fix)
