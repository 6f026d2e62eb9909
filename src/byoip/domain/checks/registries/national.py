"""National registries: which one has the space of a country, beside its regional registry.

Sources: APNIC, "National Internet Registries"; LACNIC, "National Internet Registries" (NIC.BR and
NIC.MX, whose objects are not in LACNIC's routing registry).
"""

from collections.abc import Mapping
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
    """

    key: str
    name: str
    country: str
    replaces: bool = False


_NATIONAL: Final[Mapping[str, tuple[National, ...]]] = {
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
_BY_PLACE: Final = {
    (regional, one.country): one for regional, nationals in _NATIONAL.items() for one in nationals
}


def national(regional: str, country: str, named: Mapping[str, str]) -> National | None:
    """The national registry of a country's space at a regional registry; None where there is none.

    `named` are the operator's keys by country; they go before the table's.
    """
    known = _BY_PLACE.get((regional, country))
    key = named.get(country)
    if key is None or not country:
        return known
    replaces = known.replaces if known else False
    return National(key, known.name if known else key, country, replaces)
