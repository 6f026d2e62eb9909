"""What letters need: a press, a signature, somebody to look into PDFs, and places to keep them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias
from uuid import UUID

from byoip.domain.checks.evidence import Finding
from byoip.domain.customer_text import CustomerText
from byoip.domain.letters.letter import Letter, LetterFacts, LetterReference
from byoip.domain.letters.loa_document import LoaDocument


@dataclass(frozen=True, slots=True)
class Seal:
    """With whose certificate letters are signed; each letter says so.

    Attributes:
        subject: of the certificate, for people.
        sha256: fingerprint of the certificate, hex.
        self_signed: nobody else vouches for it.
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


class LoaDocuments(Protocol):
    """Documents, with their bytes; within one transaction."""

    async def held(self, account_id: UUID) -> int:
        """How many an account has uploaded; those that we wrote do not count."""
        ...

    async def add(self, document: LoaDocument, content: bytes) -> None:
        """Keep a document."""
        ...

    async def get(self, document_id: UUID, account_id: UUID) -> LoaDocument:
        """One document of an account, without its bytes.

        Raises:
            LoaDocumentNotFound: not there, or another account's.
        """
        ...


@dataclass(frozen=True, slots=True)
class LetterGrounds:
    """What a letter may say of a claim besides the claim itself.

    Attributes:
        account_name: in the customer's own words.
        findings: the newest pass of each check since, and including, the run that approved it;
            without raw answers.
    """

    account_name: CustomerText
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class SnapshotNews:
    """ROA data that letters have not been held against.

    Attributes:
        number: of the snapshot in use.
        after: number of the accepted one before it.
    """

    number: int
    after: int | None


class LetterRepository(Protocol):
    """Letters that were issued; within one transaction."""

    async def add(self, letter: Letter) -> None:
        """Keep a new letter; the one it renews must be superseded before."""
        ...

    async def get(self, reference: LetterReference) -> Letter:
        """Read one, without locking it.

        Raises:
            LetterNotFound: no letter has this reference.
        """
        ...

    async def of(self, claim_id: UUID) -> Sequence[Letter]:
        """All letters of a claim, newest first, locked for update."""
        ...

    async def save(self, letter: Letter) -> None:
        """Write back what became of a letter; its facts never change."""
        ...

    async def standing(self, limit: int, after: LetterReference | None) -> Sequence[Letter]:
        """Letters neither revoked nor superseded, by reference: what snapshots are heard for."""
        ...

    async def due(self, now: datetime, limit: int) -> Sequence[UUID]:
        """Approved claims for which `letter_due` may hold, in no order."""
        ...

    async def grounds(self, claim_id: UUID) -> LetterGrounds | None:
        """What there is to state; None where no validation run has led to the approval."""
        ...

    async def news(self) -> SnapshotNews | None:
        """The snapshot in use, unless all letters have been held against it."""
        ...

    async def heard(self, number: int) -> None:
        """Note that all standing letters have been held against a snapshot."""
        ...


class LetterReader(Protocol):
    """What the API shows of letters and documents: one statement each, nothing is locked."""

    async def letter(self, reference: LetterReference) -> Letter:
        """One letter, whosoever asks.

        Raises:
            LetterNotFound: no letter has this reference.
        """
        ...

    async def document(self, account_id: UUID, document_id: UUID) -> tuple[LoaDocument, bytes]:
        """One document of an account, with its bytes.

        Raises:
            LoaDocumentNotFound: not there, or another account's.
        """
        ...
