"""The edge of the tests, for benchmarks: real speakers, and a router that writes down what comes.

What becomes visible is read from the router's own record, in microseconds: looking costs nothing.
"""

import asyncio
import time
from collections.abc import Collection, Mapping, Sequence
from ipaddress import IPv4Address

from tests.real.bird_router import BirdRouter
from tests.real.edge import SPEAKERS_AS, Edge
from tests.real.parts import Part, missing

from byoip.domain.prefix import Prefix
from byoip.domain.routes.route import Path, PathAttributes, Route

_NEXT_HOP = IPv4Address("192.0.2.1")
_PATIENCE_SECONDS = 60.0
_MARKING = PathAttributes(SPEAKERS_AS, _NEXT_HOP, None)


class NotInstalled(Exception):  # noqa: N818 - reads as what happened
    """There are no real speakers, or no router, on this machine."""


def require_edge() -> None:
    """Do nothing where everything is installed.

    Raises:
        NotInstalled: it is not.
    """
    if parts := [said for part in (Part.GOBGP, Part.BIRD) if (said := missing(part))]:
        raise NotInstalled(f"without {' and '.join(parts)} (tools/install-real-parts installs it)")


def tables(edge: Edge) -> str:
    """The edge as settings."""
    speakers = [
        f'[[speakers]]\nname = "{name}"\naddress = "{daemon.target}"\n'
        for name, daemon in edge.daemons.items()
    ]
    listener = f'[[listeners]]\nname = "router"\nsocket = "{edge.router.control}"\n'
    return "\n".join([f'next_hop4 = "{_NEXT_HOP}"\n', *speakers, listener])


def paths(cidrs: Collection[str]) -> list[Path]:
    """As the reconciler announces them."""
    made = [_MARKING.path(Route(Prefix.parse(cidr), SPEAKERS_AS)) for cidr in cidrs]
    return [path for path in made if path]


class Record:
    """What the router writes down from now on."""

    def __init__(self, router: BirdRouter) -> None:
        self._router = router
        self._since = router.noted()

    async def all_of(
        self, cidrs: Collection[str], what: str, speakers: Sequence[str]
    ) -> Mapping[str, float]:
        """When each of them was `added` or `removed`, of these speakers all; seconds (epoch).

        Raises:
            TimeoutError: some were not, within a minute.
        """
        wanted = {(cidr, name) for cidr in cidrs for name in speakers}
        give_up = time.monotonic() + _PATIENCE_SECONDS
        while True:
            noted = {
                (str(one.prefix), one.speaker): one.at.timestamp()
                for one in self._router.changes(after=self._since)
                if one.what == what
            }
            if noted.keys() >= wanted:
                return {cidr: max(noted[cidr, name] for name in speakers) for cidr in cidrs}
            if time.monotonic() > give_up:
                raise TimeoutError(f"{what}: {len(wanted - noted.keys())} of {len(wanted)} are not")
            await asyncio.sleep(0.003 if len(wanted) < 3 else 0.1)
