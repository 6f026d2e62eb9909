"""Pictures of letters, drawn by a child process, which has little memory and time."""

import asyncio
import logging
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections import OrderedDict
from contextlib import AsyncExitStack
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

    Who asks for many makes nobody wait for anything but pictures: a turn is not waited for long,
    and what could not be drawn is not tried again at once.

    Attributes:
        deadline: seconds after which the child is killed.
        patience: seconds to wait for a turn; then there is none at present.
        again: seconds after which a document that could not be drawn is tried again.
        largest: bytes of a document that is drawn.
        most: pictures that are kept; each takes some 300 kB.
        python: the interpreter that runs the child.
        turns: how many children may draw at once; others wait, one of each account.
    """

    deadline: float = 10.0
    patience: float = 2.0
    again: float = 60.0
    largest: int = 2**20
    most: int = 32
    python: str = sys.executable
    turns: Turns = field(default_factory=lambda: Turns(1))
    _failed: OrderedDict[str, float] = field(default_factory=OrderedDict)
    _kept: OrderedDict[str, bytes] = field(default_factory=OrderedDict)

    async def first_page(self, account_id: UUID, digest: str, load: Load) -> bytes | None:
        """The page as a PNG, in the account's turn; None: it cannot be made here, now."""
        if digest not in self._kept:
            async with AsyncExitStack() as turn:
                try:
                    async with asyncio.timeout(self.patience):
                        await turn.enter_async_context(self.turns.of(account_id))
                except TimeoutError:
                    return None
                if digest not in self._kept and not await self._draw(digest, load):
                    return None
        self._kept.move_to_end(digest)
        picture = self._kept[digest]
        while len(self._kept) > self.most:
            self._kept.popitem(last=False)
        return picture

    async def _draw(self, digest: str, load: Load) -> bool:
        now = asyncio.get_running_loop().time()
        if self._failed.get(digest, now) > now:
            return False
        document = await load()
        drawn = await self._drawn(document)
        if drawn is not None and sha256(document).hexdigest() == digest:
            self._kept[digest] = drawn
            return True
        _log.warning("no picture of the document %s", digest)
        if drawn is None:
            self._failed[digest] = now + self.again
            while len(self._failed) > self.most:
                self._failed.popitem(last=False)
        return False

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
