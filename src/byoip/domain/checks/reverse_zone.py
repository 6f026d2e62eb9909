"""The reverse DNS zones that cover a prefix (RFC 1035, section 3.5; RFC 3596, section 2.5)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from byoip.domain.errors import Refusal
from byoip.domain.prefix import Prefix

_TTL = 300  # seconds, in the lines to paste: long enough, and soon out of caches again
_LABEL = re.compile(r"_?[a-z0-9](?:[a-z0-9-]{0,60}[a-z0-9])?", re.ASCII)


class NoReverseZone(Refusal):
    """Reverse zones exist for the lengths that may be brought, not for single hosts."""

    name = "no_reverse_zone"

    def __init__(self, prefix: Prefix) -> None:
        super().__init__(f"{prefix} has no reverse zones of its own.", pointer="/cidr")


@dataclass(frozen=True, slots=True)
class ReverseZone:
    """One zone: the part of the prefix it covers, on an octet or nibble boundary."""

    prefix: Prefix

    @property
    def name(self) -> str:
        """Domain name with the root's dot: `2.0.192.in-addr.arpa.`."""
        address = self.prefix.network.network_address
        if self.prefix.family == 4:  # noqa: PLR2004 - address family
            labels = str(address).split(".")[: self.prefix.length // 8]
            return ".".join([*reversed(labels), "in-addr.arpa."])
        nibbles = f"{int(address):032x}"[: self.prefix.length // 4]
        return ".".join([*reversed(nibbles), "ip6.arpa."])

    def owner(self, label: str) -> str:
        """The name at which the token stands, with the root's dot."""
        return f"{label}.{self.name}"


def reverse_zones(prefix: Prefix) -> tuple[ReverseZone, ...]:
    """Cut a prefix at the next octet (IPv4) or nibble (IPv6) boundary, in address order.

    There are 2^(boundary - length) of them, at most 128; together they are exactly the prefix.

    Raises:
        NoReverseZone: the boundary is a whole address (longer than /24 or /124).
    """
    step = 8 if prefix.family == 4 else 4  # noqa: PLR2004 - address family
    boundary = -(-prefix.length // step) * step
    if not 0 < boundary < prefix.network.max_prefixlen:
        raise NoReverseZone(prefix)
    if boundary == prefix.length:
        return (ReverseZone(prefix),)
    return tuple(ReverseZone(Prefix(part)) for part in prefix.network.subnets(new_prefix=boundary))


def txt_lines(zones: Iterable[ReverseZone], label: str, token: str) -> tuple[str, ...]:
    """The lines to paste into a zone file, one for each zone."""
    return tuple(txt_line(zone.owner(label), token) for zone in zones)


def txt_line(owner: str, token: str) -> str:
    """The line for the zone that has this owner name."""
    return f'{owner} {_TTL} IN TXT "{token}"'


def valid_label(label: str) -> bool:
    """Whether an operator's label is one DNS label in lower case, perhaps with an underscore."""
    return _LABEL.fullmatch(label) is not None
