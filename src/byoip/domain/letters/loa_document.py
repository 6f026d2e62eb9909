"""Letters of agency as documents: those that customers bring, and those that we write."""

import unicodedata
from base64 import b64decode
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from byoip.domain.asn import Asn
from byoip.domain.errors import Refusal
from byoip.domain.prefix import Prefix

LARGEST = 10 * 2**20  # bytes
DOCUMENTS_PER_ACCOUNT = 100  # uploaded ones; they are never deleted
INSPECTED_PER_DAY = 100  # of an account; refused ones count as well
MAGIC = b"%PDF-"

_LONGEST_NAME = 100
_UNNAMED = "letter-of-agency.pdf"
_BASE64_LARGEST = LARGEST * 3 // 2  # with line breaks to spare


class LoaDocumentNotFound(Refusal):
    """There is no such document, or it is another account's."""

    name = "loa_document_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such LOA document in this account.")


class LoaDocumentUnknown(Refusal):
    """A prefix names an LOA document that the account does not have."""

    name = "loa_document_unknown"

    def __init__(self) -> None:
        super().__init__(
            "There is no such LOA document in this account: upload it first.",
            pointer="/loa_document_id",
        )


class TooManyLoaDocuments(Refusal):
    """The account has uploaded as many LOA documents as we keep."""

    name = "loa_document_quota_reached"

    def __init__(self, quota: int) -> None:
        super().__init__(
            f"This account has uploaded {quota} LOA documents, its quota: ask the operator."
        )


class NoRoomForUploads(Refusal):
    """The disk that uploads are put on is full."""

    name = "no_room_for_uploads"

    def __init__(self) -> None:
        super().__init__(
            "The service has no room for uploads at the moment: repeat it later, or tell the "
            "operator.",
            retry_after=60,
        )


class InvalidLoaDocument(Refusal):
    """What was sent is no document that we keep."""

    name = "invalid_loa_document"

    def __init__(self, why: str) -> None:
        super().__init__(f"The LOA document is refused: {why}.", pointer="/loa_document")


@dataclass(frozen=True, slots=True)
class DocumentName:
    """A file name that is safe to keep, to show and to send back: no path, no control characters.

    A name is only decoration: what does not fit is replaced, not refused.
    """

    value: str

    @classmethod
    def of(cls, given: str | None) -> "DocumentName":
        """Make a name of what a client sent; a default name if it sent none."""
        last = (given or "")[-1000:].replace("\\", "/").rpartition("/")[2]
        normal = unicodedata.normalize("NFC", last)
        plain = "".join(char if _harmless(char) else "_" for char in normal).strip(" ._")
        if not plain:
            return cls(_UNNAMED)
        stem = plain[:-4] if plain.lower().endswith(".pdf") else plain
        return cls(f"{stem[: _LONGEST_NAME - 4].rstrip()}.pdf")

    @classmethod
    def of_letter(cls, prefix: Prefix, origin: Asn) -> "DocumentName":
        """The name of a letter that we write: `loa-192.0.2.0-24-as64500.pdf`."""
        return cls(f"loa-{str(prefix).replace('/', '-').replace(':', '_')}-as{origin.number}.pdf")

    def __str__(self) -> str:
        return self.value


def _harmless(char: str) -> bool:
    # Cf holds the characters that steer direction; quotes end a header's value.
    category = unicodedata.category(char)
    return category[0] in "LMNPSZ" and category not in {"Zl", "Zp"} and char not in '"<>|:*?;%'


@dataclass(frozen=True, slots=True)
class LoaDocument:
    """A document that is kept for an account. The wire calls it LOADocument.

    Attributes:
        size: bytes.
        sha256: of the bytes, hex.
        auto_generated: whether we wrote it.
        verified: whether the operator vouches for it: true of those that we wrote, and of no other
            until the operator has looked at it.
    """

    id: UUID
    account_id: UUID
    filename: DocumentName
    size: int
    sha256: str
    auto_generated: bool
    verified: bool
    verified_at: datetime | None
    created_at: datetime

    def __post_init__(self) -> None:
        if self.verified != (self.verified_at is not None):
            raise ValueError("a verified document says since when")


def from_text(text: str) -> bytes:
    """Read a document that came as text, as the official Python client sends it.

    A PDF that is plain ASCII passes as it is; else the text must be base64 (RFC 4648, section 4;
    line breaks are allowed). Anything else was damaged on its way.

    Raises:
        InvalidLoaDocument: neither of the two.
    """
    if text.startswith(MAGIC.decode()) and text.isascii():
        return text.encode()
    packed = "".join(text.split()) if len(text) <= _BASE64_LARGEST else ""
    try:
        document = b64decode(packed, validate=True)
    except ValueError:  # binascii.Error, and characters beyond ASCII
        document = b""
    if not document.startswith(MAGIC):
        raise InvalidLoaDocument("sent as text it must be an ASCII PDF, or a PDF in base64")
    return document
