"""Twins of press, signer and inspector: they do nothing to a document but leave a mark on it."""

from dataclasses import dataclass

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

    async def inspect(self, document: bytes) -> PdfVerdict:
        if document.startswith(b"%PDF-"):
            return PdfAccepted(1)
        return PdfRefused("it does not begin as a PDF does")
