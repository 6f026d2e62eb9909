"""Draws the first page of a PDF, in a process of its own: `python -I first_page.py`.

Takes a letter that we have signed on standard input, and writes a PNG to standard output. It
limits itself before it reads: time, memory, and no files to write.
"""

import json
import os
import resource
import signal
import sys
from contextlib import suppress
from math import ceil
from time import process_time
from typing import Final

import typst

_PAPER: Final = (595.28, 841.89)  # points: A4

_SECONDS: Final = 2.0  # of processor time, from the document's first byte on
_MEMORY: Final = 256 * 2**20  # bytes of address space
_DOTS: Final = 120  # per inch
# No files: this process may see none of ours, and the document comes as numbers.
_SHEET: Final = (
    f"#set page(width: {_PAPER[0]}pt, height: {_PAPER[1]}pt, margin: 0pt)\n"
    '#image(bytes(json(bytes(sys.inputs.document))), format: "pdf", page: 1, width: 100%)'
)


def first_page(document: bytes) -> bytes:
    """The page as a PNG.

    Raises:
        Exception: whatever a damaged document makes typst stumble over.
    """
    numbers = json.dumps(list(document), separators=(",", ":"))
    drawn = typst.compile(
        _SHEET.encode(),
        format="png",
        ppi=_DOTS,
        ignore_system_fonts=True,
        sys_inputs={"document": numbers},
    )
    if not isinstance(drawn, bytes):
        raise TypeError("a sheet is one page")
    return drawn


def _limit() -> None:
    os.nice(10)  # whoever waits for an answer goes first
    # To the millisecond, and after it to the second: the process has spent some on starting.
    signal.setitimer(signal.ITIMER_PROF, _SECONDS)
    most = ceil(process_time() + _SECONDS)
    resource.setrlimit(resource.RLIMIT_CPU, (most, most))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(ValueError, OSError):  # macOS knows it and refuses it
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))


def main() -> None:
    """Draw the document on standard input."""
    _limit()
    sys.stdout.buffer.write(first_page(sys.stdin.buffer.read()))


if __name__ == "__main__":
    main()
