"""What a registry's RDAP server says of a network: its extent, its kind, and who it is given to.

RFC 9083, sections 5.1 and 5.4. The words are the registry's; none of them is a fact of ours, and
none decides anything.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address
from types import MappingProxyType
from typing import Final

from byoip.domain.checks.registries.address_blocks import placeholder, registrys_own
from byoip.domain.prefix import Prefix

LONGEST_NAME: Final = 100
_REGISTRANT: Final = "registrant"
_KINDS: Final = ("org", "individual", "")  # an organisation goes before persons


class SpaceKind(StrEnum):
    """Whether space stays with its user when the provider changes."""

    PA = "PA"  # provider aggregatable: it is its provider's, or was given to a provider
    PI = "PI"  # provider independent: it is its user's


# By `type` of a network in upper case: statuses of RIPE, APNIC and AFRINIC (see the sources of
# address_blocks.py), types of ARIN ("Understanding RDAP responses") and of LACNIC.
_SPACES: Final[Mapping[str, SpaceKind]] = MappingProxyType(
    dict.fromkeys(("ALLOCATED PI", "ASSIGNED PI", "ASSIGNED ANYCAST"), SpaceKind.PI)
    | dict.fromkeys(("ALLOCATED PORTABLE", "ASSIGNED PORTABLE"), SpaceKind.PI)
    | dict.fromkeys(("DIRECT ASSIGNMENT", "ASSIGNMENT"), SpaceKind.PI)
    | dict.fromkeys(("ALLOCATED PA", "ALLOCATED-ASSIGNED PA", "ALLOCATED-BY-RIR"), SpaceKind.PA)
    | dict.fromkeys(("DIRECT ALLOCATION", "ALLOCATION"), SpaceKind.PA)
)
# Given on by a holder to a customer of its own, who may be no more than a lessee.
_GIVEN_ON: Final = frozenset(
    {
        *("ASSIGNED PA", "SUB-ALLOCATED PA", "LIR-PARTITIONED PA", "ALLOCATED-BY-LIR"),
        *("AGGREGATED-BY-LIR", "LIR-PARTITIONED PI"),
        *("ALLOCATED NON-PORTABLE", "ASSIGNED NON-PORTABLE"),
        *("REALLOCATION", "REASSIGNMENT", "REALLOCATED", "REASSIGNED"),
    }
)


@dataclass(frozen=True, slots=True)
class Entity:
    """A party in an answer, as it came.

    Attributes:
        kind: of its vCard (RFC 6350, section 6.1.4): org, individual, group; empty without one.
    """

    handle: str
    roles: frozenset[str]
    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Registrant:
    """The party a network is given to, in the registry's words."""

    handle: str
    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Network:
    """A network as a registry describes it; both ends are included.

    Attributes:
        name: of the network, not of its holder (`netname` in whois).
        type: the registry's own: ALLOCATED PA, REASSIGNMENT and so on; may be empty.
        registrant: None where no one party can be told to be it.
    """

    first: str
    last: str
    handle: str = ""
    name: str = ""
    type: str = ""
    registrant: Registrant | None = None

    @property
    def block(self) -> str:
        """Its extent, as whois writes it."""
        return f"{self.first} - {self.last}"

    @property
    def size(self) -> int:
        """How many addresses it has."""
        return int(ip_address(self.last)) - int(ip_address(self.first)) + 1

    def contains(self, prefix: Prefix) -> bool:
        """Whether all of the prefix lies inside."""
        first, last = ip_address(self.first), ip_address(self.last)
        ends = prefix.network.network_address, prefix.network.broadcast_address
        same = first.version == last.version == prefix.family
        return same and int(first) <= int(ends[0]) and int(ends[1]) <= int(last)

    @property
    def placeholder(self) -> bool:
        """Whether it stands for space that is elsewhere, as after a transfer, or nobody's."""
        return placeholder(self.name.upper())

    @property
    def space(self) -> SpaceKind | None:
        """PA or PI; None where the type does not say."""
        kind = self.type.upper()
        return SpaceKind.PA if kind in _GIVEN_ON else _SPACES.get(kind)

    @property
    def given_on(self) -> bool:
        """Whether a holder has given it to a customer of its own."""
        return self.type.upper() in _GIVEN_ON


@dataclass(frozen=True, slots=True)
class NumberRange:
    """AS numbers as a registry describes them (RFC 9083, section 5.5); both ends are included.

    Attributes:
        registrant: None where no one party can be told to be it.
    """

    first: int
    last: int
    handle: str = ""
    registrant: Registrant | None = None


def address_text(text: str) -> str:
    """An address in its canonical form.

    Raises:
        ValueError: it is none.
    """
    address: IPv4Address | IPv6Address = ip_address(text)
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        raise ValueError(f"{text!r} has a zone")
    return str(address)


def registrant_of(entities: Iterable[Entity]) -> Registrant | None:
    """The one registrant; None where there is none, or more than one: no party is guessed.

    RIPE gives the role to the organisation and to every maintainer, which is a login and no holder:
    its name is its handle, or a registry's own.
    """
    known = {one for one in entities if _REGISTRANT in one.roles and _names_a_party(one)}
    for kind in _KINDS:
        found = [one for one in known if one.kind == kind]
        if len(found) == 1:
            return Registrant(found[0].handle, found[0].kind, found[0].name)
        if found:
            return None
    return None


def _names_a_party(one: Entity) -> bool:
    own = registrys_own(one.handle.upper())
    return bool(one.name) and not own and one.name.upper() != one.handle.upper()


def legible(text: str, longest: int = LONGEST_NAME) -> str:
    """Foreign words made fit to be shown: cut, and what hides or steers is spelt out.

    Letters of all scripts stay; controls, marks of direction, separators of lines, and what Unicode
    has not assigned become `<U+202E>`.
    """
    normal = unicodedata.normalize("NFC", text[: longest + 1])
    cut = normal if len(normal) <= longest else f"{normal[: longest - 3]}..."
    return "".join(one if one.isprintable() else f"<U+{ord(one):04X}>" for one in cut).strip()


def quoted(text: str) -> str:
    """The words in quotation marks, which they cannot close."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
