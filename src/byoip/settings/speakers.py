"""Settings of BGP speakers, which announce, and of listeners, which observe."""

from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from byoip.domain.routes.route import Community
from byoip.settings.parts import Part, on_loopback, split

_LONGEST_NAME = 60
_MOST_SPEAKERS = 64
SOCKET = "unix://"
_LONGEST_SOCKET = 107  # bytes of a path, in Linux


def _api_address(given: str) -> str:
    if given.startswith(SOCKET):
        path = given.removeprefix(SOCKET)
        if not path.startswith("/") or len(path.encode()) > _LONGEST_SOCKET:
            raise ValueError(f"{given!r:.150} is not a socket: write unix:///run/gobgp/api.sock")
        return given
    host, separator, port = given.rpartition(":")
    if not (host and separator and port.isdecimal() and 0 < int(port) < 2**16):
        raise ValueError(f"{given!r:.60} is not the address of an API: write 127.0.0.1:50051")
    return given


def stays_on_this_machine(address: str) -> bool:
    """Whether a connection to this API stays on this machine."""
    host = address.rpartition(":")[0].strip("[]")
    return address.startswith(SOCKET) or on_loopback(host)


def _communities(given: object) -> object:
    return [Community.parse(one) if isinstance(one, str) else one for one in _list(given)]


def _list(given: object) -> list[object]:
    parted = split(given)
    return list(parted) if isinstance(parted, list | tuple) else [parted]


def _speakers(given: object) -> object:
    """The short form, addresses only: each is named by its address, and a stage of its own."""
    if not isinstance(given, str):
        return given
    return [{"name": one, "address": one} for one in _list(given)]


Communities = Annotated[tuple[Community, ...], BeforeValidator(_communities)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:\[\]-]+$", max_length=_LONGEST_NAME)]


class SpeakerSettings(Part):
    """`[[speakers]]`: a gobgpd 3.x that announces the routes.

    Attributes:
        address: `host:port` of its gRPC API, or `unix:///run/gobgp/api.sock`.
        tls_ca: certificates (PEM) that vouch for the one of its API; left out: plain text.
        tls_certificate, tls_key: ours (PEM), for a gobgpd that asks for one (3.13 and newer).
        plaintext: plain text may go beyond this machine, over a network that is yours alone.
        stage: changes reach lower stages first; left out, each speaker is one of its own, in the
            order of the list.
        next_hop4: where traffic is to go; left out: as the setting of that name.
        communities: on every path.
        prepend_communities: that ask the border for one, two or three prepends; without them the
            origin is repeated in the path.
    """

    name: Name
    address: Annotated[str, AfterValidator(_api_address)]
    tls_ca: Path | None = None
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    plaintext: bool = False
    stage: int | None = Field(default=None, ge=1, le=1000)
    next_hop4: IPv4Address | None = None
    next_hop6: IPv6Address | None = None
    communities: Communities = ()
    prepend_communities: Communities = Field(default=(), max_length=3)

    @property
    def on_this_machine(self) -> bool:
        """Whether the connection to its API stays on this machine."""
        return stays_on_this_machine(self.address)

    @model_validator(mode="after")
    def _check_transport(self) -> Self:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError(f"{self.name}: tls_certificate and tls_key need each other")
        if self.tls_certificate and not self.tls_ca:
            raise ValueError(f"{self.name}: tls_certificate needs tls_ca: whom are we to believe?")
        if self.tls_ca and (self.plaintext or self.address.startswith(SOCKET)):
            raise ValueError(f"{self.name}: tls_ca goes with neither plaintext nor a socket")
        if not (self.on_this_machine or self.tls_ca or self.plaintext):
            raise ValueError(
                f"{self.name}: {self.address} is not on this machine, and without TLS anyone on "
                "the way could withdraw every route: set tls_ca, or, if the network between is "
                "yours alone, plaintext = true"
            )
        return self


class ListenerSettings(Part):
    """`[[listeners]]`: a router or daemon that receives what speakers announce."""

    name: Name
    kind: Literal["bird"] = "bird"
    socket: Path


Speakers = Annotated[
    tuple[SpeakerSettings, ...], BeforeValidator(_speakers), Field(max_length=_MOST_SPEAKERS)
]


def check_speakers(
    speakers: tuple[SpeakerSettings, ...], listeners: tuple[ListenerSettings, ...]
) -> None:
    """Refuse duplicate names and addresses, and incomplete prepend communities or stages.

    Raises:
        ValueError: the message names what is refused.
    """
    for named in ([one.name for one in speakers], [one.name for one in listeners]):
        if twice := sorted({one for one in named if named.count(one) > 1}):
            raise ValueError(f"more than one is called {', '.join(twice)}")
    addresses = [one.address for one in speakers]
    if twice := sorted({one for one in addresses if addresses.count(one) > 1}):
        raise ValueError(f"more than one speaker is at {', '.join(twice)}")
    for one in speakers:
        if len(one.prepend_communities) not in {0, 3}:
            raise ValueError(f"{one.name}: prepend_communities are three, or none")
    if len({one.stage is None for one in speakers}) > 1:
        raise ValueError("give a stage to every speaker, or to none")
