"""Where perspectives stand, and which of them may be used together (CA/B rules, 3.2.2.9)."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import asin, cos, radians, sin, sqrt
from typing import Final

LEAST_APART: Final = 500.0  # kilometres, in a straight line
REGIONS: Final = ("afrinic", "apnic", "arin", "lacnic", "ripencc")
_TWO_REGIONS_FROM: Final = 3
_TWO: Final = 2
_RADIUS: Final = 6371.0  # of the Earth, kilometres


@dataclass(frozen=True, slots=True)
class Place:
    """Where a perspective stands.

    Attributes:
        region: the registry in whose region it is: one of `REGIONS`.
        latitude, longitude: in degrees, north and east.
        asn: the AS of the network from which it asks.
    """

    name: str
    region: str
    latitude: float
    longitude: float
    asn: int


def kilometres(one: Place, other: Place) -> float:
    """Along the surface (the haversine formula), which differs little from straight, so near."""
    north, other_north = radians(one.latitude), radians(other.latitude)
    rise = sin((other_north - north) / 2) ** 2
    turn = sin(radians(other.longitude - one.longitude) / 2) ** 2
    return 2 * _RADIUS * asin(min(1.0, sqrt(rise + cos(north) * cos(other_north) * turn)))


def complaints(places: Sequence[Place], own: frozenset[int]) -> list[str]:
    """Why these may not be used together; empty: they may.

    Args:
        places: all that are configured.
        own: AS numbers that carry customers' prefixes: the operator's.
    """
    said = []
    names = [one.name for one in places]
    said += [f"{name} is named twice" for name in sorted({n for n in names if names.count(n) > 1})]
    for one, other in combinations(places, 2):
        if (apart := kilometres(one, other)) < LEAST_APART:
            pair = f"{one.name} and {other.name} are {apart:.0f} km apart"
            said.append(f"{pair}, and {LEAST_APART:.0f} are needed")
    if len(places) >= _TWO_REGIONS_FROM and len({one.region for one in places}) < _TWO:
        said.append("all are in one region, and from three on two are needed")
    said += [
        f"{one.name} stands in AS{one.asn}, which carries the prefixes itself"
        for one in places
        if one.asn in own
    ]
    return said
