"""Takes a file out of a form as it arrives, into a file of our own, and few at a time.

A client may take minutes to send what it has; meanwhile an upload holds 64 kB of memory at most,
and one of few places. How slow a client may be, `cli/connection_limits.py` says. Whole documents
stand in memory two at a time.
"""

import asyncio
import errno
import hashlib
import logging
import os
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from io import FileIO
from tempfile import TemporaryFile, gettempdir
from typing import Annotated, TypeAlias
from uuid import UUID

from fastapi import Depends
from python_multipart.exceptions import FormParserError
from starlette.requests import Request

from byoip.api.border import refusals
from byoip.api.border.upload_form import Form, parser_of, unpacked
from byoip.domain.letters.loa_document import LARGEST, NoRoomForUploads

_LOG = logging.getLogger(__name__)

IN_MEMORY = 64 * 1024
OF_AN_ACCOUNT = 2  # one, once half of all places are taken: a dozen accounts do not have them all
OF_ALL = 24
# On disk: /tmp may be memory (FHS 3.0, section 5.15).
PLACE = "/var/tmp" if os.access("/var/tmp", os.W_OK) else None  # noqa: S108 - files without a name
_WHOLE = 2
# A document in base64 with line breaks, and what a form has around it.
LARGEST_BODY = LARGEST * 3 // 2 + 64 * 1024
_RETRY_AFTER = 5


@dataclass(frozen=True, slots=True)
class Upload:
    """The one file of a form.

    Attributes:
        file: its bytes, at the beginning; open until the request is answered.
        size: bytes.
        sha256: of the bytes, hex.
        filename: as sent, or None.
    """

    file: FileIO
    size: int
    sha256: str
    filename: str | None

    @property
    def fingerprint(self) -> bytes:
        """The same for the same file: forms have another boundary each time they are sent."""
        return bytes.fromhex(self.sha256) + (self.filename or "").encode()


def _only_an_operation_knows() -> None:
    raise RuntimeError("an upload is read by an Operation")


Uploaded: TypeAlias = Annotated[Upload, Depends(_only_an_operation_knows)]


@dataclass(slots=True)
class UploadsInFlight:
    """The uploads of this process that have begun and are not answered.

    Attributes:
        of: how many, by account.
        whole: the places for documents that stand in memory as a whole.
    """

    of: Counter[UUID | None] = field(default_factory=Counter)
    whole: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_WHOLE))

    @contextmanager
    def one_more(self, account_id: UUID | None) -> Iterator[None]:
        """Count one more while the block runs.

        Raises:
            RateLimited: the account, or all of them together, have as many as they may.
        """
        plenty = self.of.total() < OF_ALL // 2
        if self.of[account_id] >= (OF_AN_ACCOUNT if plenty else 1):
            raise refusals.RateLimited(_RETRY_AFTER)
        if self.of.total() >= OF_ALL:
            raise refusals.RateLimited(_RETRY_AFTER, whose="all accounts")
        self.of[account_id] += 1
        try:
            yield
        finally:
            self.of[account_id] -= 1
            self.of += Counter()  # forgets who has none


@asynccontextmanager
async def reading_upload(
    request: Request, name: str, whole: asyncio.Semaphore
) -> AsyncIterator[Upload]:
    """Read a form whose only part is a document; the upload is there while the block runs.

    A part with a file name is a file, unless all of it is a PDF in base64. One without may be a
    file, too; but if it is text, then a client sent it as such, and only a document that survives
    this is taken.

    Raises:
        WrongMediaType: no form, or compressed.
        MalformedForm: a form that cannot be read.
        BodyTooLarge: a document of more than 10 MB.
        FieldMissing, FieldUnknown, FieldInvalid: parts other than this one, once.
        InvalidLoaDocument: text that was damaged on its way.
        NoRoomForUploads: the disk is full.
    """
    form = Form(name)
    parser, received = parser_of(request, form), 0
    with _new_file() as file:
        try:
            async for chunk in request.stream():
                received += len(chunk)
                if received > LARGEST_BODY:
                    raise refusals.BodyTooLarge(LARGEST)
                parser.write(chunk)
                if len(form.arrived) > IN_MEMORY:
                    await _put_away(form, file)
            parser.finalize()
        except FormParserError:
            raise refusals.MalformedForm from None
        form.require_part()
        await _put_away(form, file)
        async with whole:
            upload = await asyncio.to_thread(_finished, file, form)
        yield upload


async def _put_away(form: Form, file: FileIO) -> None:
    """Off the event loop: a busy disk keeps others waiting."""
    arrived, form.arrived = form.arrived, bytearray()
    await asyncio.to_thread(_write, file, arrived)


def _write(file: FileIO, content: bytes | bytearray) -> None:
    rest = memoryview(content)
    with _room():
        while rest:
            rest = rest[file.write(rest) :]


@contextmanager
def _room() -> Iterator[None]:
    try:
        yield
    except OSError as fault:
        if fault.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        _LOG.error("Uploads are refused: %s: %s", PLACE or gettempdir(), fault.strerror)
        raise NoRoomForUploads from None


def _new_file() -> FileIO:
    with _room():
        return TemporaryFile(buffering=0, dir=PLACE)


def _finished(file: FileIO, form: Form) -> Upload:
    file.seek(0)
    if form.packed:
        content = unpacked(file.read())
        file.seek(0)
        file.truncate()
        _write(file, content)
    size = file.tell() if form.packed else form.size
    if size > LARGEST:
        raise refusals.BodyTooLarge(LARGEST)
    file.seek(0)
    sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    file.seek(0)
    return Upload(file, size, sha256, form.filename)
