"""Speakers and a router that listens to them all, on loopback: an edge of the Internet."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass

from byoip.adapters.speakers.bird_listener import BirdListener
from byoip.adapters.speakers.gobgp_speaker import GobgpSpeaker
from byoip.domain.asn import Asn
from byoip.domain.prefix import Prefix
from byoip.ports.speakers.speaker import SpeakerUnanswered
from tests.real.bird_router import BirdRouter, Feed, bird_router
from tests.real.gobgpd import Gobgpd, Peering, gobgpd
from tests.real.parts import Part, require

ROUTER = "127.0.0.90"
ROUTER_AS = Asn(64501)
SPEAKERS_AS = Asn(64500)

_POLL_SECONDS = 0.02


async def eventually(true: Callable[[], Awaitable[bool]], *, seconds: float = 60) -> None:
    """Return once it holds; fail when time is up."""
    deadline = time.monotonic() + seconds
    while not await true():
        assert time.monotonic() < deadline, f"not so within {seconds} s"
        await asyncio.sleep(_POLL_SECONDS)


@dataclass
class Edge:
    """Daemons of one AS, our ways to speak to each, a router that hears all, and ours to it.

    Daemons, speakers and the router's feeds go by the names `one`, `two` and so on.
    """

    daemons: dict[str, Gobgpd]
    speakers: dict[str, GobgpSpeaker]
    router: BirdRouter
    listener: BirdListener

    async def up(self, *names: str) -> None:
        """Enable the sessions of these speakers (none named: all), and wait for them."""
        for name in names or self.speakers:
            await self.until_it_answers(name)
            await self.speakers[name].enable(ROUTER)
        self.router.wait_for_sessions(*names)

    async def until_it_answers(self, name: str) -> None:
        """Return once a daemon that was started answers."""

        async def answers() -> bool:
            try:
                return bool(await self.speakers[name].local_as())
            except SpeakerUnanswered:
                return False

        await eventually(answers)

    async def until_seen(self, *prefixes: Prefix, seconds: float = 60) -> None:
        """Return once the router sees all of these."""

        async def seen() -> bool:
            try:
                return (await self.listener.sees(prefixes)).keys() == set(prefixes)
            except SpeakerUnanswered:  # not all of them, and its sessions have just come up
                return False

        await eventually(seen, seconds=seconds)

    async def until_gone(self, *prefixes: Prefix, seconds: float = 60) -> None:
        """Return once the router has none of these, also where it has no session any more."""

        async def gone() -> bool:
            return not any(map(self.router.shows, prefixes))

        await eventually(gone, seconds=seconds)


@asynccontextmanager
async def running_edge(
    *names: str,
    graceful: bool = False,
    admin_down: bool = True,
    restart_seconds: int | None = None,
    imports: str = "all",
) -> AsyncIterator[Edge]:
    """Run one daemon for each name (none: `one`) and a router, until the block ends.

    Nothing is heard before `up`, unless sessions are not `admin_down`. With `graceful` the router
    keeps the routes of a daemon that died, for so many seconds. It accepts `imports`, as BIRD
    writes that.
    """
    require(Part.GOBGP, Part.BIRD)
    peering = Peering(ROUTER, ROUTER_AS.number, admin_down, graceful, restart_seconds)
    with ExitStack() as running:
        daemons = {
            name: running.enter_context(
                gobgpd(
                    address=f"127.0.0.{91 + number}", asn=SPEAKERS_AS.number, neighbours=[peering]
                )
            )
            for number, name in enumerate(names or ("one",))
        }
        feeds = [
            Feed(name, daemon.address, daemon.port, daemon.asn, graceful=graceful)
            for name, daemon in daemons.items()
        ]
        router = running.enter_context(
            bird_router(address=ROUTER, asn=ROUTER_AS.number, speakers=feeds, imports=imports)
        )
        speakers = {name: GobgpSpeaker(name, daemon.target) for name, daemon in daemons.items()}
        yield Edge(daemons, speakers, router, BirdListener("bird", router.control))
        for speaker in speakers.values():
            await speaker.close()
