"""Twins of press, signer and inspector: they do nothing to a document but leave a mark on it."""

from dataclasses import dataclass
from io import FileIO
from uuid import UUID

from byoip.domain.letters.letter import LetterFacts
from byoip.ports.letters.letters import PdfAccepted, PdfRefused, PdfVerdict


@dataclass(frozen=True, slots=True)
class FakePress:
    """Same facts, same bytes."""

    async def press(self, facts: LetterFacts) -> bytes:
        return b"%PDF-1.7\n" + repr(facts).encode()


@dataclass(frozen=True, slots=True)
class FakeSigner:
    """Appends, as a signature does."""

    async def sign(self, pdf: bytes, facts: LetterFacts) -> bytes:
        return pdf + f"\nsigned for {facts.reference}".encode()


@dataclass(frozen=True, slots=True)
class FakeInspector:
    """Takes whatever begins as a PDF does."""

    async def inspect(self, account_id: UUID, document: FileIO) -> PdfVerdict:
        del account_id
        document.seek(0)
        if document.read(5) == b"%PDF-":
            return PdfAccepted(1)
        return PdfRefused("it does not begin as a PDF does")
