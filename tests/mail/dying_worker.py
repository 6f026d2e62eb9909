"""Sends mail in a process of its own, which is killed: `python -m … URL DIRECTORY PORT NOW`."""

import asyncio
import sys
from datetime import datetime
from pathlib import Path

from byoip.store.engine import PoolSize, make_engine
from tests.mail.mailed import Mailed


async def main(url: str, directory: str, port: str, now: str) -> None:
    engine = make_engine(url, pool=PoolSize(kept=3, more=3))
    made = Mailed(engine, Path(directory), port=int(port), seconds=20)
    made.clock.at = datetime.fromisoformat(now)
    await made.notifier().run()


asyncio.run(main(*sys.argv[1:]))
