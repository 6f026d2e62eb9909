from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID, uuid4

from byoip.domain.idempotency import IdempotencyKey
from byoip.domain.letters.loa_document import (
    DOCUMENTS_PER_ACCOUNT,
    DocumentName,
    InvalidLoaDocument,
    LoaDocument,
    TooManyLoaDocuments,
)
from byoip.ports.clock import Clock
from byoip.ports.letters.letters import PdfInspector, PdfRefused
from byoip.store.transaction import Store


@dataclass(frozen=True, slots=True)
class UploadLoaDocument:
    """Keep a letter of agency that a customer brings."""

    store: Store
    clock: Clock
    inspector: PdfInspector

    async def __call__(
        self,
        account_id: UUID,
        *,
        content: bytes,
        filename: str | None,
        once: IdempotencyKey | None = None,
    ) -> LoaDocument:
        """Keep it, if it is a PDF with nothing but pages; nothing is locked while that is judged.

        Raises:
            InvalidLoaDocument, TooManyLoaDocuments: as their names say.
        """
        verdict = await self.inspector.inspect(content)
        if isinstance(verdict, PdfRefused):
            raise InvalidLoaDocument(verdict.why)
        document = LoaDocument(
            id=uuid4(),
            account_id=account_id,
            filename=DocumentName.of(filename),
            size=len(content),
            sha256=sha256(content).hexdigest(),
            auto_generated=False,
            verified=False,
            verified_at=None,
            created_at=self.clock.now(),
        )
        async with self.store.transaction(once) as tx:
            await tx.claims.lock_account(account_id)  # so that two do not take the last place
            if await tx.loa_documents.held(account_id) >= DOCUMENTS_PER_ACCOUNT:
                raise TooManyLoaDocuments(DOCUMENTS_PER_ACCOUNT)
            await tx.loa_documents.add(document, content)
            await tx.answered(document)
        return document
