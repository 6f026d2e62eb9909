"""Paths as the domain has them, to and from GoBGP's messages."""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final, TypeVar

from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.message import DecodeError, Message

from byoip.adapters.gobgp import gobgp_pb2 as pb
from byoip.domain.asn import Asn
from byoip.domain.errors import Refusal
from byoip.domain.prefix import Family, Prefix
from byoip.domain.routes.route import Community, Path

_Attribute = TypeVar("_Attribute", bound=Message)

# What GoBGP says instead of an address where no neighbour sent the path.
_NO_NEIGHBOUR: Final = "<nil>"
# Only for a path that another party put there: without a next hop, or one that we cannot read. It
# equals none that we announce, for the settings require a real next hop.
_NO_NEXT_HOP: Final[dict[Family, IPv4Address | IPv6Address]] = {
    4: IPv4Address(0),
    6: IPv6Address(0),
}
_HALF: Final = 16  # bits of a community's lower half

FAMILIES: Final[dict[Family, pb.Family]] = {
    4: pb.Family(afi=pb.Family.AFI_IP, safi=pb.Family.SAFI_UNICAST),
    6: pb.Family(afi=pb.Family.AFI_IP6, safi=pb.Family.SAFI_UNICAST),
}


class UnreadablePath(Exception):  # noqa: N818 - translated where the call is made
    """GoBGP lists something that is no path of the family it was asked for.

    Attributes:
        prefix: what it is a path to, where at least that can be read.
    """

    def __init__(self, why: str, prefix: Prefix | None = None) -> None:
        super().__init__(why)
        self.prefix = prefix


def unreadable(prefix: Prefix) -> Path:
    """Stands for a path that we cannot read: there is one, and we do not announce it."""
    return Path(prefix, (), _NO_NEXT_HOP[prefix.family])


def to_message(path: Path, *, withdraw: bool = False) -> pb.Path:
    """A path to add, or to take away: then the prefix alone says which one."""
    attributes: list[Message] = [
        pb.OriginAttribute(origin=0),  # IGP: it comes from within the AS (RFC 4271, section 5.1.1)
        pb.AsPathAttribute(segments=_segments(path.as_path)),
        # For IPv6 too: GoBGP makes the MP_REACH_NLRI (RFC 4760) of it.
        pb.NextHopAttribute(next_hop=str(path.next_hop)),
    ]
    if path.communities:
        numbers = [one.high << _HALF | one.low for one in sorted(path.communities)]
        attributes.append(pb.CommunitiesAttribute(communities=numbers))
    return pb.Path(
        nlri=_packed(_nlri(path.prefix)),
        pattrs=[_packed(one) for one in attributes],
        family=FAMILIES[path.prefix.family],
        is_withdraw=withdraw,
    )


def own_paths(destination: pb.Destination) -> list[Path]:
    """The paths to a destination that the speaker originates itself.

    Raises:
        UnreadablePath: it is not a prefix, or an attribute that we know has nonsense in it.
    """
    return [
        from_message(destination.prefix, message)
        for message in destination.paths
        if message.neighbor_ip == _NO_NEIGHBOUR
    ]


def from_neighbours(destination: pb.Destination) -> int:
    """How many paths to a destination neighbours sent."""
    return sum(one.neighbor_ip != _NO_NEIGHBOUR for one in destination.paths)


def from_message(prefix: str, message: pb.Path) -> Path:
    """A path as listed; attributes that we do not use are passed over.

    Raises:
        UnreadablePath: it is not a prefix, or an attribute that we know has nonsense in it.
    """
    network: Prefix | None = None
    try:
        network = Prefix.parse(prefix)
        return Path(
            network,
            tuple(_as_path(message.pattrs)),
            next(_next_hops(message.pattrs), _NO_NEXT_HOP[network.family]),
            frozenset(_communities(message.pattrs)),
        )
    except (Refusal, ValueError, DecodeError) as fault:
        raise UnreadablePath(f"{prefix:.60}: {fault}", network) from fault


def _nlri(prefix: Prefix) -> pb.IPAddressPrefix:
    # A Prefix has no host bits, which GoBGP would cut off without a word.
    return pb.IPAddressPrefix(prefix=str(prefix.network.network_address), prefix_len=prefix.length)


def _segments(as_path: tuple[Asn, ...]) -> list[pb.AsSegment]:
    if not as_path:
        return []
    numbers = [asn.number for asn in as_path]
    return [pb.AsSegment(type=pb.AsSegment.AS_SEQUENCE, numbers=numbers)]


def _packed(message: Message) -> Packed:
    packed = Packed()
    packed.Pack(message)
    return packed


def _attributes(packed: Iterable[Packed], kind: type[_Attribute]) -> Iterator[_Attribute]:
    # By hand, for Unpack makes several calls to see what each one is, and there are many.
    name = f"/{kind.DESCRIPTOR.full_name}"
    for one in packed:
        if one.type_url.endswith(name):
            yield kind.FromString(one.value)


def _as_path(attributes: Iterable[Packed]) -> Iterator[Asn]:
    # Sets and confederations are read as if in sequence: such a path equals none that we announce.
    for whole in _attributes(attributes, pb.AsPathAttribute):
        for segment in whole.segments:
            yield from map(Asn, segment.numbers)


def _next_hops(attributes: Iterable[Packed]) -> Iterator[IPv4Address | IPv6Address]:
    for plain in _attributes(attributes, pb.NextHopAttribute):
        yield ip_address(plain.next_hop)
    for multiprotocol in _attributes(attributes, pb.MpReachNLRIAttribute):
        yield from map(ip_address, multiprotocol.next_hops)


def _communities(attributes: Iterable[Packed]) -> Iterator[Community]:
    for found in _attributes(attributes, pb.CommunitiesAttribute):
        for number in found.communities:
            yield Community(number >> _HALF, number & (1 << _HALF) - 1)
