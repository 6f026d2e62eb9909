"""A neighbour as gobgpd lists it."""

from ipaddress import ip_address
from typing import Final

from byoip.adapters.gobgp import gobgp_pb2 as pb
from byoip.domain.asn import Asn
from byoip.domain.foreign_text import printable
from byoip.ports.speakers.speaker import Neighbour

_LONGEST: Final = 60  # characters of an address, with the name of an interface
_LONGEST_RESTART: Final = 4095  # seconds: 12 bits (RFC 4724, section 3)


def neighbour_by(answer: bytes) -> Neighbour:
    """The session in one answer of `ListPeer`.

    Raises:
        DecodeError: it is no such answer.
        ValueError, Refusal: what stands for its address or AS is none.
    """
    peer = pb.ListPeerResponse.FromString(answer).peer
    graceful, address = peer.graceful_restart, peer.conf.neighbor_address
    if len(address) > _LONGEST or printable(address) != address:
        raise ValueError(f"{address!r:.80} is no address")
    ip_address(address)
    return Neighbour(
        address=address,
        asn=Asn(peer.conf.peer_asn),
        # Shut down for too many prefixes (PFX_CT) is no shutdown that we may lift.
        enabled=peer.state.admin_state != pb.PeerState.DOWN,
        established=peer.state.session_state == pb.PeerState.ESTABLISHED,
        restart_seconds=min(graceful.restart_time, _LONGEST_RESTART) if graceful.enabled else 0,
        comes_up=not peer.conf.admin_down,
    )
