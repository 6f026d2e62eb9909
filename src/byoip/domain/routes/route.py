"""What is announced over BGP: a route as desired, and a path as a router holds it."""

import re
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from byoip.domain.asn import Asn
from byoip.domain.prefix import Prefix

MOST_PREPENDS = 3

_COMMUNITY = re.compile(r"(\d{1,5}):(\d{1,5})")
_LARGEST_HALF = 2**16 - 1


@dataclass(frozen=True, slots=True, order=True)
class Community:
    """A standard BGP community, two halves of 16 bits (RFC 1997)."""

    high: int
    low: int

    def __post_init__(self) -> None:
        if not (0 <= self.high <= _LARGEST_HALF and 0 <= self.low <= _LARGEST_HALF):
            raise ValueError(f"{self} is not a community: two numbers of 16 bits")

    @classmethod
    def parse(cls, text: str) -> "Community":
        """Read `64500:101`.

        Raises:
            ValueError: it is not two numbers of 16 bits.
        """
        found = _COMMUNITY.fullmatch(text)
        if not found:
            raise ValueError(f"{text!r:.40} is not a community: write 64500:101")
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.high}:{self.low}"


GRACEFUL_SHUTDOWN: Final = Community(65535, 0)
"""Asks a neighbour to prefer any other path, for this one is about to go (RFC 8326)."""


@dataclass(frozen=True, slots=True, order=True)
class Route:
    """A prefix as its owner wants it announced.

    Attributes:
        origin: the AS that originates it.
        prepend: how many more times the origin stands in the path, 0 to 3.
        behind: the operator's AS that stands before the origin, where that is a customer's own.
    """

    prefix: Prefix
    origin: Asn
    prepend: int = 0
    behind: Asn | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.prepend <= MOST_PREPENDS:
            raise ValueError(f"{self.prepend} is not a number of prepends from 0 to 3")


@dataclass(frozen=True, slots=True)
class Path:
    """A path as a speaker holds it or a peer receives it (RFC 4271, section 5.1).

    Attributes:
        as_path: without what the speaker itself adds when it sends the path on.
    """

    prefix: Prefix
    as_path: tuple[Asn, ...]
    next_hop: IPv4Address | IPv6Address
    communities: frozenset[Community] = frozenset()


@dataclass(frozen=True, slots=True)
class PathAttributes:
    """What one speaker adds to the routes it announces.

    Attributes:
        local_as: the speaker's own AS, which it adds itself towards other ASes.
        next_hop4, next_hop6: where traffic is to go; a family without one is not announced there.
        communities: on every path.
        prepends: the communities that ask the border for one, two or three prepends; if empty, the
            origin is repeated in the path itself.
    """

    local_as: Asn
    next_hop4: IPv4Address | None = None
    next_hop6: IPv6Address | None = None
    communities: frozenset[Community] = frozenset()
    prepends: tuple[Community, ...] = field(default=())

    def path(self, route: Route) -> Path | None:
        """The path that announces a route here; None where the speaker cannot announce it.

        It has no next hop for it, or it would put another AS before a customer's own than the one
        that was judged (`route.behind`): networks that verify paths would drop that.
        """
        if route.behind is not None and route.behind != self.local_as:
            return None
        next_hop = self.next_hop4 if route.prefix.family == 4 else self.next_hop6  # noqa: PLR2004
        if next_hop is None:
            return None
        own = 0 if route.origin == self.local_as else 1
        asked = self.prepends[route.prepend - 1 : route.prepend] if route.prepend else ()
        repeated = own if self.prepends else own + route.prepend
        return Path(
            route.prefix,
            (route.origin,) * repeated,
            next_hop,
            self.communities.union(asked) if asked else self.communities,
        )
