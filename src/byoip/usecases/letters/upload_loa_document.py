"""Letters of agency that customers bring: inspected first, then kept."""

from io import FileIO
from uuid import UUID, uuid4

from byoip.domain.letters import loa_document
from byoip.domain.letters.loa_document import LoaDocument
from byoip.ports.letters.letters import PdfInspector, PdfRefused
from byoip.store.transaction import Transaction
from byoip.usecases.border import Verb


async def upload_loa_document(
    inspector: PdfInspector,
    account_id: UUID,
    document: FileIO,
    *,
    sha256: str,
    filename: str | None,
) -> Verb[LoaDocument]:
    """Inspect a document, while nothing is locked: the verb that keeps it.

    Raises:
        InvalidLoaDocument: it is no PDF, or has more in it than pages.
        TooManyLoaDocuments: by the verb: the account has all that it may have.
    """
    verdict = await inspector.inspect(account_id, document)
    if isinstance(verdict, PdfRefused):
        raise loa_document.InvalidLoaDocument(verdict.why)

    async def keep(tx: Transaction) -> LoaDocument:
        await tx.claims.lock_account(account_id)  # so that two do not take the last place
        if await tx.loa_documents.held(account_id) >= loa_document.DOCUMENTS_PER_ACCOUNT:
            raise loa_document.TooManyLoaDocuments(loa_document.DOCUMENTS_PER_ACCOUNT)
        document.seek(0)
        content = document.read()
        kept = LoaDocument(
            id=uuid4(),
            account_id=account_id,
            filename=loa_document.DocumentName.of(filename),
            size=len(content),
            sha256=sha256,
            auto_generated=False,
            verified=False,
            verified_at=None,
            created_at=tx.now,
        )
        await tx.loa_documents.add(kept, content)
        return kept

    return keep
