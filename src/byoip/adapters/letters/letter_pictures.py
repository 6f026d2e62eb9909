"""Pictures of letters, drawn by a child process, which has little memory and time."""

import asyncio
import logging
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections import OrderedDict
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final
from uuid import UUID

from byoip.adapters.letters.pdf_inspector import Turns, end_child
from byoip.ports.letters.letters import Load

_log = logging.getLogger(__name__)

_PNG: Final = b"\x89PNG\r\n\x1a\n"
# By its path, as the reader of PDFs; the library that draws is for the child.
_PROGRAM: Final = Path(__file__).with_stem("first_page")


@dataclass(frozen=True, slots=True)
class ChildLetterPictures:
    """Has a child draw the first page of a letter, and keeps the newest pictures.

    Each is kept by the SHA-256 of its document: another letter, or another text of it, is another
    picture, and none is ever out of date.

    Attributes:
        deadline: seconds after which the child is killed.
        largest: bytes of a document that is drawn.
        most: pictures that are kept; each takes some 300 kB.
        python: the interpreter that runs the child.
        turns: how many children may draw at once; others wait, one of each account.
    """

    deadline: float = 10.0
    largest: int = 2**20
    most: int = 32
    python: str = sys.executable
    turns: Turns = field(default_factory=lambda: Turns(2))
    _kept: OrderedDict[str, bytes] = field(default_factory=OrderedDict)

    async def first_page(self, account_id: UUID, digest: str, load: Load) -> bytes | None:
        """The page as a PNG, in the account's turn; None: it cannot be made here, now."""
        if digest not in self._kept:
            async with self.turns.of(account_id):
                if digest not in self._kept:  # by whoever was before us
                    document = await load()
                    drawn = await self._drawn(document)
                    if drawn is None or sha256(document).hexdigest() != digest:
                        _log.warning("no picture of the document %s", digest)
                        return None
                    self._kept[digest] = drawn
        self._kept.move_to_end(digest)
        picture = self._kept[digest]
        while len(self._kept) > self.most:
            self._kept.popitem(last=False)
        return picture

    async def _drawn(self, document: bytes) -> bytes | None:
        if len(document) > self.largest:
            return None
        try:
            child = await asyncio.create_subprocess_exec(
                *(self.python, "-I", str(_PROGRAM)),
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                env={"RAYON_NUM_THREADS": "1"},  # each thread's stack is memory
            )
        except OSError as fault:  # no process to be had: the letter is there all the same
            _log.warning("no child that draws letters: %s", fault)
            return None
        try:
            async with asyncio.timeout(self.deadline):
                drawn, _ = await child.communicate(document)
        except TimeoutError:
            return None
        finally:
            await end_child(child)
        return drawn if child.returncode == 0 and drawn.startswith(_PNG) else None
