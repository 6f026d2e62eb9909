"""Sends webhooks in a process of its own, which a receiver kills: `python -m … URL DIRECTORY`."""

import asyncio
import sys
from pathlib import Path

from byoip.store.engine import PoolSize, make_engine
from tests.hooks.hooked import Hooked


async def main(url: str, directory: str) -> None:
    engine = make_engine(url, pool=PoolSize(kept=3, more=3))
    await Hooked(engine, Path(directory)).notifier().run()


asyncio.run(main(*sys.argv[1:]))
