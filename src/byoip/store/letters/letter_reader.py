"""Letters and documents, read outside transactions."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.letters.letter import Letter, LetterNotFound, LetterReference
from byoip.domain.letters.loa_document import LoaDocument, LoaDocumentNotFound
from byoip.store.autocommit import autocommit_pool
from byoip.store.letters import letters, loa_documents
from byoip.store.letters.letter_rows import document_from, letter_from


class LetterReader:
    """Single reads: one statement each, nothing is locked."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._autocommit = autocommit_pool(engine)

    async def letter(self, reference: LetterReference) -> Letter:
        """One letter, for anyone who asks.

        Raises:
            LetterNotFound: no letter has this reference.
        """
        row = await self._autocommit.one(letters.GET, LetterNotFound, letter=reference.value)
        return letter_from(row)

    async def of_account(self, account_id: UUID, *, limit: int) -> Sequence[Letter]:
        """Letters of an account's prefixes: those that stand first, then the newest."""
        asked = {"account_id": account_id, "most": limit}
        return [letter_from(row) for row in await self._autocommit.ask(letters.OF_ACCOUNT, **asked)]

    async def document(self, account_id: UUID, document_id: UUID) -> tuple[LoaDocument, bytes]:
        """One document of an account, with its bytes.

        Raises:
            LoaDocumentNotFound: there is no such document, or it is another account's.
        """
        asked = {"account_id": account_id, "document_id": document_id}
        row = await self._autocommit.one(loa_documents.WITH_CONTENT, LoaDocumentNotFound, **asked)
        return document_from(row), row.content

    async def uploaded(self, account_id: UUID) -> int:
        """How many documents an account has uploaded that were kept."""
        (row,) = await self._autocommit.ask(loa_documents.UPLOADED, account_id=account_id)
        return int(row.held)
