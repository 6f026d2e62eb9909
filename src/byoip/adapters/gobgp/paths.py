"""Paths as the domain has them, to and from GoBGP's messages."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final, TypeAlias

from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.message import DecodeError, Message

from byoip.adapters.gobgp import gobgp_pb2 as pb
from byoip.domain.asn import Asn
from byoip.domain.errors import Refusal
from byoip.domain.prefix import Family, Prefix, known_prefix
from byoip.domain.routes.route import Community, Path

_Address: TypeAlias = IPv4Address | IPv6Address

# What GoBGP says instead of an address where no neighbour sent the path.
_NO_NEIGHBOUR: Final = "<nil>"
# Only for a path that another party put there: without a next hop, or one that we cannot read. It
# equals none that we announce, for the settings require a real next hop.
_NO_NEXT_HOP: Final[dict[Family, _Address]] = {
    4: IPv4Address(0),
    6: IPv6Address(0),
}
_HALF: Final = 16  # bits of a community's lower half
_LONGEST_PREFIX: Final = 64  # characters
# A path of ours has five attributes, some prepends and communities. Each number of 1 byte is 80 in
# memory, and 200,000 paths are kept at a time.
_MOST_IN_PATH: Final = 64  # attributes; ASes and communities
_MOST_OWN: Final = 10  # paths of a destination
_MOST_PATHS: Final = 1000  # neighbours' among them
_LONGEST: Final = 4096  # bytes of all attributes: a BGP message has no more (RFC 4271, section 4.1)
_KINDS: Final = 1024  # of attributes that are kept as read: ten thousand routes share a few

FAMILIES: Final[dict[Family, pb.Family]] = {
    4: pb.Family(afi=pb.Family.AFI_IP, safi=pb.Family.SAFI_UNICAST),
    6: pb.Family(afi=pb.Family.AFI_IP6, safi=pb.Family.SAFI_UNICAST),
}


class UnreadablePath(Exception):  # noqa: N818 - translated where the call is made
    """GoBGP lists something that is no path of the family it was asked for."""


def unreadable(prefix: Prefix) -> Path:
    """Stands for a path that we cannot read: there is one, and we do not announce it."""
    return Path(prefix, (), _NO_NEXT_HOP[prefix.family])


def to_message(path: Path, *, withdraw: bool = False) -> pb.Path:
    """A path to add, or to take away: then the prefix alone says which one."""
    prefix = path.prefix
    message = pb.Path()
    message.CopyFrom(
        _but_for_nlri(path.as_path, path.next_hop, path.communities, prefix.family, withdraw)
    )
    message.nlri.value = _nlri(prefix).SerializeToString()
    return message


@lru_cache(_KINDS)
def _but_for_nlri(
    as_path: tuple[Asn, ...],
    next_hop: _Address,
    communities: frozenset[Community],
    family: Family,
    withdraw: bool,  # noqa: FBT001 - kept by all arguments
) -> pb.Path:
    attributes: list[Message] = [
        pb.OriginAttribute(origin=0),  # IGP: it comes from within the AS (RFC 4271, section 5.1.1)
        pb.AsPathAttribute(segments=_segments(as_path)),
        # For IPv6 too: GoBGP makes the MP_REACH_NLRI (RFC 4760) of it.
        pb.NextHopAttribute(next_hop=str(next_hop)),
    ]
    if communities:
        numbers = [one.high << _HALF | one.low for one in sorted(communities)]
        attributes.append(pb.CommunitiesAttribute(communities=numbers))
    return pb.Path(
        nlri=_packed(pb.IPAddressPrefix()),
        pattrs=[_packed(one) for one in attributes],
        family=FAMILIES[family],
        is_withdraw=withdraw,
    )


@dataclass(frozen=True, slots=True)
class Listed:
    """A destination, as far as we read it: GoBGP's message may be fifty times its bytes in memory.

    Attributes:
        prefix: as it is listed.
        own: the paths that the speaker originates itself; for those that cannot be read one that
            stands for them (`unreadable`), or none, if they are paths to no prefix.
        from_neighbours: how many paths neighbours sent.
        fault: why those of its own cannot be read; empty: they can.
    """

    prefix: str
    own: Sequence[Path]
    from_neighbours: int
    fault: str = ""


def listed_by(answer: bytes) -> Listed:
    """The destination in one answer of `ListPath`.

    Raises:
        DecodeError: it is no such answer.
    """
    destination = pb.ListPathResponse.FromString(answer).destination
    prefix, paths = destination.prefix[:_LONGEST_PREFIX], destination.paths
    if len(paths) > _MOST_PATHS:
        return _odd(prefix, f"{len(paths)} paths", len(paths))
    own = [one for one in paths if one.neighbor_ip == _NO_NEIGHBOUR]
    others = len(paths) - len(own)
    if len(own) > _MOST_OWN:
        return _odd(prefix, f"{len(own)} paths of its own", others)
    try:
        return Listed(prefix, [from_message(prefix, one) for one in own], others)
    except UnreadablePath as fault:
        return _odd(prefix, str(fault), others)


def prefix_by(answer: bytes) -> str:
    """The prefix alone of the destination in one answer of `ListPath`, as it is listed.

    Raises:
        DecodeError: it is no such answer.
    """
    return pb.ListPathResponse.FromString(answer).destination.prefix[:_LONGEST_PREFIX]


def _odd(prefix: str, why: str, others: int) -> Listed:
    try:
        own = [unreadable(known_prefix(prefix))]
    except Refusal:
        own = []
    return Listed(prefix, own, others, f"{prefix:.60}: {why}")


def from_message(prefix: str, message: pb.Path) -> Path:
    """A path as listed; attributes that we do not use are passed over.

    Raises:
        UnreadablePath: it is not a prefix, or an attribute that we know has nonsense in it.
    """
    try:
        network = known_prefix(prefix)
        _bound(len(message.pattrs), "attributes")
        as_path, next_hop, communities = _attributes(
            tuple([(one.type_url, one.value) for one in message.pattrs])
        )
        return Path(network, as_path, next_hop or _NO_NEXT_HOP[network.family], communities)
    except (Refusal, ValueError, DecodeError) as fault:
        raise UnreadablePath(f"{fault!s:.200}") from fault


@lru_cache(_KINDS)
def _attributes(
    packed: tuple[tuple[str, bytes], ...],
) -> tuple[tuple[Asn, ...], _Address | None, frozenset[Community]]:
    if sum(len(url) + len(value) for url, value in packed) > _LONGEST:
        raise ValueError(f"attributes of more than {_LONGEST} bytes")
    as_path: tuple[Asn, ...] = ()
    hops: tuple[_Address, ...] = ()
    later_hops: tuple[_Address, ...] = ()
    communities: tuple[Community, ...] = ()
    for url, value in packed:
        name = url.rpartition("/")[2]
        if name == _AS_PATH:
            as_path += _as_path(value)
        elif name == _NEXT_HOP:
            hops += _next_hop(value)
        elif name == _MULTIPROTOCOL:  # it names the prefix, too: for IPv6 little of this is kept
            later_hops += _next_hops(value)
        elif name == _COMMUNITIES:
            communities += _communities(value)
        _bound(len(as_path) + len(communities), "ASes and communities")
    return as_path, next(iter(hops + later_hops), None), frozenset(communities)


def _nlri(prefix: Prefix) -> pb.IPAddressPrefix:
    # A Prefix has no host bits, which GoBGP would cut off without a word.
    address, _, _ = str(prefix).partition("/")
    return pb.IPAddressPrefix(prefix=address, prefix_len=prefix.length)


def _segments(as_path: tuple[Asn, ...]) -> list[pb.AsSegment]:
    if not as_path:
        return []
    numbers = [asn.number for asn in as_path]
    return [pb.AsSegment(type=pb.AsSegment.AS_SEQUENCE, numbers=numbers)]


def _packed(message: Message) -> Packed:
    packed = Packed()
    packed.Pack(message)
    return packed


def _bound(many: int, what: str) -> None:
    if many > _MOST_IN_PATH:
        raise ValueError(f"{many} {what}")


# Sets and confederations are read as if in sequence: such a path equals none that we announce.
@lru_cache(_KINDS)
def _as_path(value: bytes) -> tuple[Asn, ...]:
    segments = pb.AsPathAttribute.FromString(value).segments
    _bound(sum(len(segment.numbers) for segment in segments), "ASes")
    return tuple(Asn(number) for segment in segments for number in segment.numbers)


@lru_cache(_KINDS)
def _next_hop(value: bytes) -> tuple[_Address, ...]:
    return (_address(pb.NextHopAttribute.FromString(value).next_hop),)


def _next_hops(value: bytes) -> tuple[_Address, ...]:
    return tuple(map(_address, pb.MpReachNLRIAttribute.FromString(value).next_hops))


@lru_cache(_KINDS)
def _address(text: str) -> _Address:
    if "%" in text:
        raise ValueError("a next hop with a zone")  # which may be any text
    return ip_address(text)


@lru_cache(_KINDS)
def _communities(value: bytes) -> tuple[Community, ...]:
    numbers = pb.CommunitiesAttribute.FromString(value).communities
    _bound(len(numbers), "communities")
    return tuple(Community(one >> _HALF, one & (1 << _HALF) - 1) for one in numbers)


_AS_PATH: Final = pb.AsPathAttribute.DESCRIPTOR.full_name
_NEXT_HOP: Final = pb.NextHopAttribute.DESCRIPTOR.full_name
_MULTIPROTOCOL: Final = pb.MpReachNLRIAttribute.DESCRIPTOR.full_name
_COMMUNITIES: Final = pb.CommunitiesAttribute.DESCRIPTOR.full_name
