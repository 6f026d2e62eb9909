"""A process that reconciles, and that ends itself (SIGKILL) before or after one step of a drain."""

import asyncio
import json
import logging
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from byoip.adapters.speakers.bird_listener import BirdListener
from byoip.adapters.speakers.gobgp_speaker import GobgpSpeaker
from byoip.adapters.system_clock import SystemClock
from byoip.store.engine import make_engine
from byoip.store.speakers.drains import DrainRepository, Drains
from byoip.store.speakers.leader_election import LeaderElection
from byoip.store.speakers.routes import Routes
from byoip.store.transaction import Store
from byoip.worker.pace import Pace
from byoip.worker.reconciling import Reconciler
from tests.announcing import MARKING, NO_CEILING
from tests.revising import connecting, proposal

LEASE = 2.0  # seconds
PACE = Pace(
    every=timedelta(seconds=1),
    rest=0,
    absent_for=timedelta(seconds=4),
    probe=0.25,
    second_after=timedelta(seconds=1),
)
PLACES: dict[str, type] = {
    "drain": GobgpSpeaker,
    "disable": GobgpSpeaker,
    "enable": GobgpSpeaker,
    "note": GobgpSpeaker,
    "announced": Drains,
    "undone": Drains,
    "add": DrainRepository,
    "down": DrainRepository,
    "end": DrainRepository,
}


def die(when: str, step: str) -> None:
    """Have this process end there, at the first call of the step."""
    place: Any = PLACES[step]
    call = getattr(place, step)

    async def ends(*given: Any, **more: Any) -> Any:
        if when == "after":
            await call(*given, **more)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(place, step, ends)


async def main(database_url: str, speakers: str, socket: str) -> None:
    made = [GobgpSpeaker(name, target) for name, target in json.loads(speakers).items()]
    engine, clock = make_engine(database_url), SystemClock()
    await Reconciler(
        LeaderElection(database_url, LEASE),
        Routes(engine),
        Store(engine, clock, NO_CEILING),
        clock,
        proposal(made, range(1, len(made) + 1), MARKING),
        connecting(*made),
        [BirdListener("bird", Path(socket))],
        PACE,
    ).run()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    die(*sys.argv[1].split())
    asyncio.run(main(*sys.argv[2:]))
