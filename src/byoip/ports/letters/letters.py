"""What letters need from outside: a press, a signer, an inspector of PDFs, pictures of letters."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from io import FileIO
from typing import Protocol, TypeAlias
from uuid import UUID

from byoip.domain.letters.letter import LetterFacts


@dataclass(frozen=True, slots=True)
class Seal:
    """The certificate that letters are signed with; each letter names it.

    Attributes:
        subject: of the certificate, for people.
        sha256: fingerprint of the certificate, hex.
        self_signed: whether no other party vouches for it.
    """

    subject: str
    sha256: str
    self_signed: bool


class LetterPress(Protocol):
    """What does the letter look like?"""

    async def press(self, facts: LetterFacts) -> bytes:
        """The page as a PDF without a signature: same facts, same bytes."""
        ...


class LetterSigner(Protocol):
    """Who vouches for the letter?"""

    async def sign(self, pdf: bytes, facts: LetterFacts) -> bytes:
        """The same document with the operator's signature. Two results are never the same bytes."""
        ...


@dataclass(frozen=True, slots=True)
class PdfRefused:
    """Not a PDF that we keep; `why` continues "is refused: "."""

    why: str


@dataclass(frozen=True, slots=True)
class PdfAccepted:
    """A PDF that has nothing but pages.

    Attributes:
        pages: how many, as the document says.
    """

    pages: int


PdfVerdict: TypeAlias = PdfRefused | PdfAccepted


class PdfInspector(Protocol):
    """Is this a PDF, and does it hold nothing but pages?"""

    async def inspect(self, account_id: UUID, document: FileIO) -> PdfVerdict:
        """Judge by content alone, in the account's turn; its own turn ends within seconds.

        The document is a file; its place is the inspector's until then.
        """
        ...


Load: TypeAlias = Callable[[], Awaitable[bytes]]
"""Brings the bytes of a document, if they are needed."""


class LetterPictures(Protocol):
    """What does the first page of a signed letter look like?"""

    async def first_page(self, account_id: UUID, digest: str, load: Load) -> bytes | None:
        """The page as a PNG; None: it cannot be made here, now.

        Args:
            account_id: in whose turn it is made.
            digest: the document's SHA-256, hex: of a document with another one there is none.
            load: the document, if its picture is not at hand.
        """
        ...
