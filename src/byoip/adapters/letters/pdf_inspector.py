"""Uploaded PDFs looked into by a child process, which has little memory and time."""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from uuid import UUID
from weakref import WeakValueDictionary

from byoip.domain.letters.loa_document import LARGEST
from byoip.ports.letters.letters import PdfAccepted, PdfRefused, PdfVerdict

_TOO_MUCH = PdfRefused("it takes too long or too much memory to read")
_LONGEST_ANSWER = 500
_MAGIC = b"%PDF-"
# By its path: the module beside this one, whatever else is installed by that name. This process
# does not import it: the library that reads PDFs is for the child.
_READER = Path(__file__).with_stem("pdf_contents")


class UnusableReader(Exception):  # noqa: N818 - it says what the reader is
    """The program that reads PDFs does not work here."""


class Turns:
    """At most so many at once, of each account one: who waits for its own delays no other."""

    def __init__(self, at_once: int) -> None:
        self._everyones = asyncio.Semaphore(at_once)
        self._own: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def of(self, account_id: UUID) -> AsyncIterator[None]:
        """Wait for the account's turn, and keep it until the block ends."""
        own = self._own.setdefault(account_id, asyncio.Lock())
        # In this order only one of each account waits among the others, who come in order.
        async with own, self._everyones:
            yield


@dataclass(frozen=True, slots=True)
class ChildPdfInspector:
    """Has a child process look into a PDF, with limits on time and memory that it cannot lift.

    Attributes:
        deadline: seconds after which the child is killed, and the document refused.
        largest: bytes of a document; a larger one is refused unread.
        python: the interpreter that runs the child.
        turns: how many children may look at once; others wait, one of each account.
    """

    deadline: float = 15.0
    largest: int = LARGEST
    python: str = sys.executable
    turns: Turns = field(default_factory=lambda: Turns(2))

    async def inspect(self, account_id: UUID, document: FileIO) -> PdfVerdict:
        """Judge by content alone, in the account's turn.

        Raises:
            UnusableReader, OSError: the child did not get as far as the document: our own fault.
        """
        if document.seek(0, os.SEEK_END) > self.largest:
            return PdfRefused(f"it is larger than {self.largest // 2**20} MB")
        document.seek(0)
        if document.read(len(_MAGIC)) != _MAGIC:
            return PdfRefused("it does not begin as a PDF does")
        async with self.turns.of(account_id):
            return await self._look(document)

    async def _look(self, document: FileIO) -> PdfVerdict:
        document.seek(0)  # unbuffered, so it is here that the child begins to read
        child = await asyncio.create_subprocess_exec(
            *(self.python, "-I", str(_READER)),
            stdin=document,
            stdout=PIPE,
            stderr=DEVNULL,
            env={},
        )
        try:
            async with asyncio.timeout(self.deadline):
                said, _ = await child.communicate()
        except TimeoutError:
            return _TOO_MUCH
        finally:
            await end_child(child)
        return _verdict(said, child.returncode)


def _verdict(said: bytes, status: int | None) -> PdfVerdict:
    begun, _, rest = said[:_LONGEST_ANSWER].decode("ascii", "replace").partition("\n")
    if begun != "reading":
        raise UnusableReader(f"the child that reads PDFs ended with status {status}")
    outcome, _, detail = rest.partition(" ")
    if outcome == "accepted":
        return PdfAccepted(int(detail))
    if outcome == "refused":
        return PdfRefused(detail)
    # Without a verdict a limit has ended it (a signal), or a document that cannot be read.
    return PdfRefused("it is damaged, or not a PDF") if status == 1 else _TOO_MUCH


async def end_child(child: Process) -> None:
    """Kill it, if it still runs, and wait for its end."""
    with suppress(ProcessLookupError):
        child.kill()
    await child.wait()
