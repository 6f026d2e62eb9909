"""What the sandbox's routing registry holds, and how registries search it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Final

from byoip.domain.checks.rpsl import RpslObject, parse_objects

_ORIGIN: Final = re.compile(r"AS(0|[1-9][0-9]{0,9})", re.ASCII)
_BY_ADDRESS: Final = {"route": 4, "inetnum": 4, "route6": 6, "inet6num": 6}


class NotRpslError(ValueError):
    """The text is not a list of RPSL objects; the message says what is wrong with which."""


@dataclass(frozen=True, slots=True)
class AddressRange:
    """Addresses as numbers, both ends included."""

    family: int
    first: int
    last: int

    @classmethod
    def parse(cls, text: str) -> "AddressRange":
        """Read a prefix without host bits, or `first - last` as in an inetnum.

        Raises:
            ValueError: it is neither.
        """
        if "/" in text:
            network = ip_network(text)
            ends = int(network.network_address), int(network.broadcast_address)
            return cls(network.version, *ends)
        first, last = (ip_address(end.strip()) for end in text.split("-"))
        if first.version != last.version or int(first) > int(last):
            raise ValueError(f"{text!r} is not a range of addresses")
        return cls(first.version, int(first), int(last))

    def contains(self, other: "AddressRange") -> bool:
        """Whether all of `other` lies inside, or is the same."""
        same = self.family == other.family
        return same and self.first <= other.first and other.last <= self.last

    @property
    def size(self) -> int:
        """How many addresses it has."""
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class HeldObject:
    """An object as it was put, with what it is searched by."""

    object_class: str
    key: str
    addresses: AddressRange | None
    text: str


class IrrObjects:
    """Objects by source. It skips the checks that a real registry makes on update."""

    def __init__(self) -> None:
        self._held: dict[str, dict[tuple[str, str], HeldObject]] = {}

    @property
    def empty(self) -> bool:
        """Whether it holds nothing."""
        return not any(self._held.values())

    def put(self, source: str, text: bytes) -> list[tuple[str, str]]:
        """Add objects, or replace those of the same class and key; gives class and key of each.

        Raises:
            NotRpslError: nothing is put, because one of them cannot be read.
        """
        paragraphs = text.decode("latin-1").replace("\r\n", "\n").split("\n\n")
        objects = [_read(one.strip("\n")) for one in paragraphs if one.strip("\n")]
        if not objects:
            raise NotRpslError("there is no object in it")
        tx = self._held.setdefault(source.upper(), {})
        keys = [(one.object_class, one.key) for one in objects]
        tx.update(zip(keys, objects, strict=True))
        return keys

    def delete(self, source: str, object_class: str, key: str) -> bool:
        """Remove one object and return whether it was there."""
        tx = self._held.get(source.upper(), {})
        return tx.pop((object_class.lower(), _canonical(key)), None) is not None

    def delete_blocks(self, source: str, of: AddressRange) -> bool:
        """Remove every address block around these addresses and return whether there was one."""
        blocks = self.around(source, {"inetnum", "inet6num"}, of)
        for one in blocks:
            self.delete(source, one.object_class, one.key)
        return bool(blocks)

    def clear(self) -> None:
        """Remove everything."""
        self._held.clear()

    def exact(self, source: str, classes: set[str], of: AddressRange) -> list[HeldObject]:
        """Objects with exactly these addresses."""
        return list(self._search(source, classes, lambda held: held == of))

    def named(self, source: str, object_class: str, key: str) -> list[HeldObject]:
        """The object of a class that is searched by its key, in any case."""
        found = self._held.get(source.upper(), {}).get((object_class, _canonical(key)))
        return [] if found is None else [found]

    def inside(self, source: str, classes: set[str], of: AddressRange) -> list[HeldObject]:
        """Objects within these addresses, except exact ones."""
        return list(self._search(source, classes, lambda held: of.contains(held) and held != of))

    def around(self, source: str, classes: set[str], of: AddressRange) -> list[HeldObject]:
        """Objects that contain these addresses, or have exactly them; the largest first."""
        found = self._search(source, classes, lambda held: held.contains(of))
        return sorted(found, key=lambda one: -one.addresses.size if one.addresses else 0)

    def smallest(self, source: str, classes: set[str], of: AddressRange) -> list[HeldObject]:
        """Those of `around` that are as small as the smallest."""
        found = self.around(source, classes, of)
        return [one for one in found if one.addresses == found[-1].addresses]

    def _search(
        self, source: str, classes: set[str], fits: Callable[[AddressRange], bool]
    ) -> Iterator[HeldObject]:
        for one in self._held.get(source.upper(), {}).values():
            if one.object_class in classes and one.addresses and fits(one.addresses):
                yield one


def _read(text: str) -> HeldObject:
    objects = parse_objects(text.encode("latin-1"))
    if len(objects) != 1 or objects[0].malformed:
        raise NotRpslError(f"this is not an object: {text[:60]!r}")
    (described,) = objects
    if not described.all("source"):
        raise NotRpslError(f"{described.object_class} {described.key} has no source")
    wanted = _BY_ADDRESS.get(described.object_class)
    if wanted is None:
        return HeldObject(described.object_class, _canonical(described.key), None, text)
    try:
        addresses = AddressRange.parse(described.key)
    except ValueError as fault:
        raise NotRpslError(f"{described.object_class} {described.key[:60]!r}: {fault}") from None
    if addresses.family != wanted:
        raise NotRpslError(f"{described.object_class} {described.key} is of the other family")
    key = _canonical(described.key + _origin(described))
    return HeldObject(described.object_class, key, addresses, text)


def _origin(described: RpslObject) -> str:
    """The second half of a route's key (RFC 2622, section 4)."""
    if not described.object_class.startswith("route"):
        return ""
    origins = [one.value.upper() for one in described.all("origin")]
    if len(origins) != 1 or not _ORIGIN.fullmatch(origins[0]):
        raise NotRpslError(
            f"{described.object_class} {described.key} needs one origin, like AS64500"
        )
    return origins[0]


def _canonical(key: str) -> str:
    """One spelling for each key: no blanks, upper case, addresses in their shortest form."""
    bare = "".join(key.split()).upper()
    address, slash, rest = bare.partition("/")
    if slash:
        try:
            return f"{str(ip_address(address)).upper()}/{rest}"
        except ValueError:
            return bare
    return bare
