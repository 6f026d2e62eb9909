"""Uploaded PDFs looked into by a child process, which has little memory and time."""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

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


@dataclass(frozen=True, slots=True)
class ChildPdfInspector:
    """Has a child process look into a PDF, with limits on time and memory that it cannot lift.

    Attributes:
        deadline: seconds after which the child is killed, and the document refused.
        largest: bytes of a document; a larger one is refused unread.
        python: the interpreter that runs the child.
        places: how many children may look at once; others wait.
    """

    deadline: float = 15.0
    largest: int = LARGEST
    python: str = sys.executable
    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))

    async def inspect(self, document: bytes) -> PdfVerdict:
        """Judge by content alone.

        Raises:
            UnusableReader, OSError: the child did not get as far as the document: our own fault.
        """
        if len(document) > self.largest:
            return PdfRefused(f"it is larger than {self.largest // 2**20} MB")
        if not document.startswith(_MAGIC):
            return PdfRefused("it does not begin as a PDF does")
        async with self.places:
            child = await asyncio.create_subprocess_exec(
                *(self.python, "-I", str(_READER)),
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                env={},
            )
            try:
                async with asyncio.timeout(self.deadline):
                    said, _ = await child.communicate(document)
            except TimeoutError:
                return _TOO_MUCH
            finally:
                await _end(child)
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


async def _end(child: Process) -> None:
    with suppress(ProcessLookupError):
        child.kill()
    await child.wait()
