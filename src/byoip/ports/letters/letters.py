"""What letters need: a press, a signature, and an inspector of PDFs."""

from dataclasses import dataclass
from typing import Protocol, TypeAlias

from byoip.domain.letters.letter import LetterFacts


@dataclass(frozen=True, slots=True)
class Seal:
    """With whose certificate letters are signed; each letter says so.

    Attributes:
        subject: of the certificate, for people.
        sha256: fingerprint of the certificate, hex.
        self_signed: no other authority vouches for it.
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
        """The same document with the operator's signature. No two results are the same bytes."""
        ...


@dataclass(frozen=True, slots=True)
class PdfRefused:
    """Not a PDF that we keep; `why` continues "is refused: "."""

    why: str


@dataclass(frozen=True, slots=True)
class PdfAccepted:
    """A PDF that is only pages.

    Attributes:
        pages: how many it says it has.
    """

    pages: int


PdfVerdict: TypeAlias = PdfRefused | PdfAccepted


class PdfInspector(Protocol):
    """Is this a PDF, and does it hold nothing but pages?"""

    async def inspect(self, document: bytes) -> PdfVerdict:
        """Judge by content alone; always ends within seconds."""
        ...
