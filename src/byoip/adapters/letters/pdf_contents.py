"""Looks into a PDF, in a process of its own: `python -I pdf_contents.py`.

Takes the document on standard input. Prints the line `reading`, then `accepted <pages>` or
`refused <why>`; a document that makes the reader stop counts as damaged. Documents may be hostile,
so the reader limits itself before it reads: time, memory, and no files to write.
"""

import logging
import re
import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from math import ceil
from time import process_time

from pyhanko.pdf_utils.generic import (
    ArrayObject,
    DictionaryObject,
    IndirectObject,
    NameObject,
    PdfObject,
)
from pyhanko.pdf_utils.reader import PdfFileReader

MAGIC = b"%PDF-"

_SECONDS = 1.0  # of processor time, from the document's first byte on
_MEMORY = 256 * 2**20  # bytes of address space
_MOST_OBJECTS = 200_000
_MOST_REVISIONS = 50

# ISO 32000-2: actions that do more than navigate or name a web address (12.6.4), what starts them
# by itself (12.6.3), annotations that play or carry something (12.5.6), attached files (7.11.4),
# forms that are programs (12.7.9).
_ACTIVE_KEYS = {
    "/AA": "actions that start by themselves",
    "/EF": "an attached file",
    "/EmbeddedFiles": "attached files",
    "/JS": "JavaScript",
    "/JavaScript": "JavaScript",
    "/RichMediaContent": "rich media",
    "/XFA": "an XFA form",
}
_ACTIVE_ACTIONS = {
    "/GoTo3DView": "3D content",
    "/GoToE": "a link into an attached file",
    "/GoToR": "a link into another file",
    "/ImportData": "an action that imports data",
    "/JavaScript": "JavaScript",
    "/Launch": "an action that starts a program",
    "/Movie": "a film",
    "/Rendition": "media that play",
    "/RichMediaExecute": "rich media",
    "/Sound": "sound",
    "/SubmitForm": "an action that sends a form",
}
_ACTIVE_KINDS = {
    "/3D": "3D content",
    "/EmbeddedFile": "an attached file",
    "/FileAttachment": "an attached file",
    "/Movie": "a film",
    "/RichMedia": "rich media",
    "/Screen": "media that play",
    "/Sound": "sound",
}
# What a reader that repairs files might find outside the cross-reference tables.
_BURIED = re.compile(rb"/(?:JavaScript|EmbeddedFile|RichMedia|Launch)")
_ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")


class Unwanted(Exception):  # noqa: N818 - becomes a line of output
    """The document is not kept; the message says why."""


def pages_of(document: bytes) -> int:
    """Read the whole document and count its pages.

    Raises:
        Unwanted: encrypted, active, without pages, or too large to be looked through.
        Exception: whatever a damaged document makes the reader stumble over.
    """
    if not document.startswith(MAGIC):
        raise Unwanted("it does not begin as a PDF does")
    reader = PdfFileReader(BytesIO(document), strict=False)
    if "/Encrypt" in reader.trailer_view:
        raise Unwanted("it is encrypted")
    for found in _objects(reader):
        _look_at(found)
    buried = _BURIED.search(_ESCAPE.sub(lambda hexed: bytes.fromhex(hexed[1].decode()), document))
    if buried:
        raise Unwanted(f"it contains {buried[0].decode()}")
    pages = reader.root["/Pages"]["/Count"]
    if not isinstance(pages, int) or pages < 1:
        raise Unwanted("it has no pages")
    return int(pages)


def _objects(reader: PdfFileReader) -> Iterator[PdfObject]:
    """Every object of every revision, reachable or not, with all that is nested in it."""
    waiting: list[PdfObject] = [reader.trailer_view]
    if reader.total_revisions > _MOST_REVISIONS:
        raise Unwanted(f"it was changed more than {_MOST_REVISIONS} times")
    seen = 0
    for revision in range(reader.total_revisions):
        past = reader.get_historical_resolver(revision)
        for reference in reader.xrefs.explicit_refs_in_revision(revision):
            waiting.append(past.get_object(reference))
            while waiting:
                seen += 1
                if seen > _MOST_OBJECTS:
                    raise Unwanted(f"it has more than {_MOST_OBJECTS} objects")
                one = waiting.pop()
                yield one
                waiting.extend(_inside(one))


def _inside(one: PdfObject) -> Iterator[PdfObject]:
    nested: Iterator[object] = iter(())
    if isinstance(one, DictionaryObject):  # streams are dictionaries, too
        nested = (one.raw_get(key) for key in one)
    elif isinstance(one, ArrayObject):
        nested = (one.raw_get(position) for position in range(len(one)))
    return (part for part in nested if isinstance(part, (DictionaryObject, ArrayObject)))


def _look_at(one: PdfObject) -> None:
    if not isinstance(one, DictionaryObject):
        return
    for key in one:
        if key in _ACTIVE_KEYS:
            raise Unwanted(f"it contains {_ACTIVE_KEYS[key]}")
    for key, active in (
        ("/S", _ACTIVE_ACTIONS),
        ("/Subtype", _ACTIVE_KINDS),
        ("/Type", _ACTIVE_KINDS),
    ):
        value = _value(one, key)
        if isinstance(value, NameObject) and value in active:
            raise Unwanted(f"it contains {active[value]}")
    opening = _value(one, "/OpenAction")
    # An array is a place to start reading at.
    if isinstance(opening, DictionaryObject) and _value(opening, "/S") != "/GoTo":
        raise Unwanted("it contains an action that starts when it is opened")


def _value(one: DictionaryObject, key: str) -> object:
    if key not in one:
        return None
    value = one.raw_get(key)
    for _ in range(10):  # a reference to a reference is allowed nowhere, but cheap to follow
        if not isinstance(value, IndirectObject):
            return value
        value = value.get_object()
    raise Unwanted("its objects refer to each other without end")


def _limit() -> None:
    # To the millisecond, and after it to the second: the process has spent some on starting.
    signal.setitimer(signal.ITIMER_PROF, _SECONDS)
    most = ceil(process_time() + _SECONDS)
    resource.setrlimit(resource.RLIMIT_CPU, (most, most))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(ValueError, OSError):  # macOS knows it and refuses it
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))


def main() -> None:
    """Judge the document on standard input."""
    _limit()
    logging.disable()  # the reader warns of every flaw that it tolerates
    sys.stdout.write("reading\n")
    sys.stdout.flush()
    try:
        sys.stdout.write(f"accepted {pages_of(sys.stdin.buffer.read())}")
    except Unwanted as unwanted:
        sys.stdout.write(f"refused {unwanted}")


if __name__ == "__main__":
    main()
