"""A process that reconciles, and that stops itself (SIGSTOP) in the middle of a send."""

import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import Sequence
from math import inf
from pathlib import Path as File
from typing import Any

from byoip.adapters.speakers.bird_listener import BirdListener
from byoip.adapters.speakers.gobgp_speaker import GobgpSpeaker
from byoip.adapters.system_clock import SystemClock
from byoip.domain.routes.route import Path
from byoip.store.engine import make_engine
from byoip.store.speakers.leader_election import LeaderElection
from byoip.store.speakers.routes import Routes
from byoip.store.transaction import Store
from byoip.worker.reconciling import Reconciler
from tests.announcing import MARKING, NO_CEILING
from tests.revising import connecting, proposal


class _StopsWhenRead(list[Path]):
    """Is read while the call is open already, just before the first message is sent."""

    def __getitem__(self, place: Any) -> Any:
        os.kill(os.getpid(), signal.SIGSTOP)
        return super().__getitem__(place)


class _Stopping(GobgpSpeaker):
    """Stops its process once, at the next withdrawal after the file is there."""

    flag: File

    async def withdraw(self, paths: Sequence[Path], *, until: float = inf) -> None:
        if self.flag.exists():
            self.flag.unlink()
            paths = _StopsWhenRead(paths)
        await super().withdraw(paths, until=until)


async def main(database_url: str, speakers: str, socket: str, flag: str, lease: str) -> None:
    _Stopping.flag = File(flag)
    stopping = [_Stopping(name, target) for name, target in json.loads(speakers).items()]
    engine, clock = make_engine(database_url), SystemClock()
    await Reconciler(
        LeaderElection(database_url, float(lease)),
        Routes(engine),
        Store(engine, clock, NO_CEILING),
        clock,
        proposal(stopping, range(1, len(stopping) + 1), MARKING),
        connecting(*stopping),
        [BirdListener("bird", File(socket))],
    ).run()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    asyncio.run(main(*sys.argv[1:]))
