"""The parts of a form with one file in it (RFC 7578): what is refused of them, and the file."""

from base64 import b64encode
from dataclasses import dataclass, field

from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from byoip.api.border import refusals
from byoip.domain.letters.loa_document import LARGEST, from_text

MEDIA_TYPE = "multipart/form-data"
_LONGEST_HEADER = 8 * 1024
_LONGEST_TYPE = 1000  # characters; to read 60,000 made for it takes a quarter of a second
_PACKED_MAGIC = b64encode(b"%PDF-\0")[:6]  # the bits of five bytes, without those of a sixth
_LONGEST_START = len(_PACKED_MAGIC) + 2


def parser_of(request: Request, form: "Form") -> MultipartParser:
    """What reads the request's form.

    Raises:
        WrongMediaType: no form, or compressed.
        MalformedForm: it does not say how its parts are separated.
    """
    given = request.headers.get("content-type", "")
    kind, options = parse_options_header(given[:_LONGEST_TYPE])
    if kind != MEDIA_TYPE.encode() or "content-encoding" in request.headers:
        raise refusals.WrongMediaType(MEDIA_TYPE)
    boundary = options.get(b"boundary", b"")
    if not 1 <= len(boundary) <= 70:  # noqa: PLR2004 - RFC 2046, section 5.1.1
        raise refusals.MalformedForm
    return MultipartParser(boundary, form.callbacks())  # type: ignore[arg-type] # a TypedDict of its own


@dataclass(slots=True)
class Form:
    """What the parser calls; takes the one part, and refuses others before they are read.

    Attributes:
        name: of the one part.
        arrived: its bytes that were not taken yet.
        size: all of its bytes so far.
        start: its first few bytes, by which base64 is told.
    """

    name: str
    parts: int = 0
    ended: bool = False
    filename: str | None = None
    arrived: bytearray = field(default_factory=bytearray)
    size: int = 0
    start: bytes = b""
    header: bytearray = field(default_factory=bytearray)
    value: bytearray = field(default_factory=bytearray)
    disposition: bytes = b""

    def callbacks(self) -> dict[str, object]:
        """By the parser's names."""
        return {
            "on_part_begin": self._part_begins,
            "on_header_field": lambda data, start, end: self._grow(self.header, data[start:end]),
            "on_header_value": lambda data, start, end: self._grow(self.value, data[start:end]),
            "on_header_end": self._header_ends,
            "on_headers_finished": self._headers_end,
            "on_part_data": self._data,
            "on_end": self._end,
        }

    def require_part(self) -> None:
        """Nothing more arrives: refuse a form that is cut off, or has no part.

        Raises:
            MalformedForm, FieldMissing: it is.
        """
        if not self.ended:
            raise refusals.MalformedForm
        if not self.parts:
            raise refusals.FieldMissing(f"/{self.name}")

    @property
    def packed(self) -> bool:
        """Whether the part is not the file itself, but text to unpack: base64, as a rule."""
        return self.filename is None or self.start.lstrip().startswith(_PACKED_MAGIC)

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
        part = data[start:end]
        self.arrived += part
        self.size += len(part)
        self.start += part[: _LONGEST_START - len(self.start)]
        # Base64 is longer than the document in it, which is measured when it is unpacked.
        if not self.packed and self.size > LARGEST:
            raise refusals.BodyTooLarge(LARGEST)

    def _end(self) -> None:
        self.ended = True


def unpacked(content: bytes) -> bytes:
    """The document in a part that came as text.

    Raises:
        InvalidLoaDocument: text that was damaged on its way.
    """
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return content  # no text: a file whose sender gave no name
    return from_text(text)
