"""National registries: which one has the space of a country, beside its regional registry.

Sources: APNIC, "National Internet Registries"; LACNIC, "National Internet Registries" (NIC.BR and
NIC.MX, whose objects are not in LACNIC's routing registry).
"""

from collections.abc import Collection, Container, Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class National:
    """A national registry.

    Attributes:
        key: under which the settings may name its routing registry.
        name: as people know it.
        country: ISO 3166-1 code, as in the statistics.
        replaces: whether its regional registry holds no route objects of that space at all.
        stands_as: our own key, by which its maintainers are known, where the settings took another.
    """

    key: str
    name: str
    country: str
    replaces: bool = False
    stands_as: str | None = None

    def stands_in(self, keys: Container[str]) -> bool:
        """Whether it is among those whose maintainers stand in an address block."""
        return (self.stands_as or self.key) in keys


# The regional registry beside which the settings may name one for a country more.
MORE_AT: Final = "apnic"

_TABLE: Final[Mapping[str, tuple[National, ...]]] = {
    "apnic": (
        National("cnnic", "CNNIC", "CN"),
        National("idnic", "IDNIC", "ID"),
        National("irinn", "IRINN", "IN"),
        National("jpnic", "JPNIC", "JP"),
        National("krnic", "KRNIC", "KR"),
        National("twnic", "TWNIC", "TW"),
        National("vnnic", "VNNIC", "VN"),
    ),
    "lacnic": (
        National("nicbr", "NIC.BR", "BR", replaces=True),
        National("nicmx", "NIC.MX", "MX", replaces=True),
    ),
}
# By regional registry and country.
NATIONAL: Final[Mapping[tuple[str, str], National]] = {
    (regional, one.country): one for regional, nationals in _TABLE.items() for one in nationals
}


def countries_of_pools(registry: str, named: Collection[str] = ()) -> frozenset[str]:
    """Countries in whose rows a registry's opaque id means the national registry, not the holder.

    APNIC gives space and numbers to national registries, which give them on: in its statistics all
    of their members' rows carry the one id of the national registry (APNIC-103, section 3). Rows of
    BR and MX at LACNIC carry ids of the members.

    Args:
        registry: key of the regional registry.
        named: further countries for which the settings name a national registry.
    """
    if registry != MORE_AT:
        return frozenset()
    return frozenset(named) | {one.country for one in _TABLE[MORE_AT]}
