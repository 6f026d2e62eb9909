"""Reads a form with one file in it (RFC 7578), as it arrives and within limits."""

from base64 import b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Annotated, TypeAlias

from fastapi import Depends
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from byoip.api.border import refusals
from byoip.domain.letters.loa_document import LARGEST, from_text

MEDIA_TYPE = "multipart/form-data"
# A document in base64 with line breaks, and what a form has around it.
_LARGEST_BODY = LARGEST * 3 // 2 + 64 * 1024
_LONGEST_HEADER = 8 * 1024
_PACKED_MAGIC = b64encode(b"%PDF-\0")[:6]  # the bits of five bytes, without those of a sixth


@dataclass(frozen=True, slots=True)
class Upload:
    """The one file of a form.

    Attributes:
        filename: as sent, or None.
    """

    content: bytes
    filename: str | None

    @property
    def fingerprint(self) -> bytes:
        """The same for the same file: forms have another boundary each time they are sent."""
        return sha256(self.content).digest() + (self.filename or "").encode()


def _only_an_operation_knows() -> None:
    raise RuntimeError("an upload is read by an Operation")


Uploaded: TypeAlias = Annotated[Upload, Depends(_only_an_operation_knows)]


async def read_upload(request: Request, name: str) -> Upload:
    """Read a form whose only part is a document.

    A part with a file name is a file, unless all of it is a PDF in base64. One without may be a
    file, too; but if it is text, then a client sent it as such, and only a document that survives
    this is taken.

    Raises:
        WrongMediaType: no form, or compressed.
        MalformedForm: a form that cannot be read.
        BodyTooLarge: a document of more than 10 MB.
        FieldMissing, FieldUnknown, FieldInvalid: parts other than this one, once.
        InvalidLoaDocument: text that was damaged on its way.
    """
    form = _Form(name)
    parser = MultipartParser(_boundary(request), form.callbacks())  # type: ignore[arg-type] # a TypedDict of its own
    received = 0
    try:
        async for chunk in request.stream():
            received += len(chunk)
            if received > _LARGEST_BODY:
                raise refusals.BodyTooLarge(LARGEST)
            parser.write(chunk)
        parser.finalize()
    except FormParserError:
        raise refusals.MalformedForm from None
    return form.upload()


def _boundary(request: Request) -> bytes:
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != MEDIA_TYPE.encode() or "content-encoding" in request.headers:
        raise refusals.WrongMediaType(MEDIA_TYPE)
    boundary = options.get(b"boundary", b"")
    if not 1 <= len(boundary) <= 70:  # noqa: PLR2004 - RFC 2046, section 5.1.1
        raise refusals.MalformedForm
    return boundary


@dataclass(slots=True)
class _Form:
    """What the parser calls; keeps the one part, and refuses others before they are read."""

    name: str
    parts: int = 0
    ended: bool = False
    filename: str | None = None
    content: bytearray = field(default_factory=bytearray)
    header: bytearray = field(default_factory=bytearray)
    value: bytearray = field(default_factory=bytearray)
    disposition: bytes = b""

    def callbacks(self) -> dict[str, object]:
        return {
            "on_part_begin": self._part_begins,
            "on_header_field": lambda data, start, end: self._grow(self.header, data[start:end]),
            "on_header_value": lambda data, start, end: self._grow(self.value, data[start:end]),
            "on_header_end": self._header_ends,
            "on_headers_finished": self._headers_end,
            "on_part_data": self._data,
            "on_end": self._end,
        }

    def upload(self) -> Upload:
        if not self.ended:
            raise refusals.MalformedForm
        if not self.parts:
            raise refusals.FieldMissing(f"/{self.name}")
        content = bytes(self.content)
        if self.filename is None or _packed(content):
            content = _unpacked(content)
        if len(content) > LARGEST:
            raise refusals.BodyTooLarge(LARGEST)
        return Upload(content, self.filename)

    def _part_begins(self) -> None:
        self.parts += 1
        if self.parts > 1:
            raise refusals.FieldInvalid(f"/{self.name}", "Send one part, and only once")

    def _grow(self, text: bytearray, more: bytes) -> None:
        text += more
        if len(text) > _LONGEST_HEADER:
            raise refusals.MalformedForm

    def _header_ends(self) -> None:
        if self.header.lower() == b"content-disposition":
            self.disposition = bytes(self.value)
        self.header.clear()
        self.value.clear()

    def _headers_end(self) -> None:
        _, options = parse_options_header(self.disposition)
        name = options.get(b"name", b"").decode(errors="replace")
        if name != self.name:
            raise refusals.FieldUnknown(
                f"/{self.name}" if not name.isidentifier() else f"/{name[:100]}"
            )
        if b"filename" in options:
            self.filename = options[b"filename"].decode(errors="replace")

    def _data(self, data: bytes, start: int, end: int) -> None:
        self.content += data[start:end]
        # Base64 is longer than the document in it, which is measured when it is unpacked.
        named = self.filename is not None and not _packed(self.content)
        if named and len(self.content) > LARGEST:
            raise refusals.BodyTooLarge(LARGEST)

    def _end(self) -> None:
        self.ended = True


def _packed(content: bytes | bytearray) -> bool:
    """Whether it begins as a PDF in base64 does."""
    return content[: len(_PACKED_MAGIC) + 2].lstrip().startswith(_PACKED_MAGIC)


def _unpacked(content: bytes) -> bytes:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return content  # no text: a file whose sender gave no name
    return from_text(text)
