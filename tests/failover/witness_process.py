"""A process that is a witness, and nothing else: `python -m … URL DIRECTORY`."""

import asyncio
import sys
from pathlib import Path

from byoip.store.speakers.witnesses import Witness

if __name__ == "__main__":
    asyncio.run(Witness(sys.argv[1], (), Path(sys.argv[2])).run())
