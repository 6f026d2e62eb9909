"""Documents that customers upload or we write, with their bytes."""

from typing import Final
from uuid import UUID

import sqlalchemy as sa

from byoip.domain.letters.loa_document import LoaDocument, LoaDocumentNotFound
from byoip.store.letters.letter_rows import DOCUMENT, document_from
from byoip.store.letters.tables import loa_documents
from byoip.store.statements import Repository, compiled, to_row

_d = loa_documents.c

_ACCOUNT: Final = sa.bindparam("account_id", type_=sa.Uuid)
_THIS_DOCUMENT: Final = sa.and_(_d.id == sa.bindparam("document_id"), _d.account_id == _ACCOUNT)

_WRITTEN: Final = tuple(one.name for one in loa_documents.c if one.computed is None)
_ADD_DOCUMENT: Final = compiled(sa.insert(loa_documents), _WRITTEN)
_GET_DOCUMENT: Final = compiled(sa.select(*DOCUMENT).where(_THIS_DOCUMENT))
WITH_CONTENT: Final = compiled(sa.select(loa_documents).where(_THIS_DOCUMENT))
UPLOADED: Final = compiled(
    sa.select(sa.func.count().label("held")).where(_d.account_id == _ACCOUNT, ~_d.auto_generated)
)


class LoaDocumentRepository(Repository):
    """Documents, within one transaction."""

    async def held(self, account_id: UUID) -> int:
        """How many documents an account has uploaded; those that we wrote do not count."""
        (row,) = await self._session.rows(UPLOADED, account_id=account_id)
        return int(row.held)

    async def add(self, document: LoaDocument, content: bytes) -> None:
        """Keep a document."""
        row = to_row(document, _WRITTEN, filename=document.filename.value, content=content)
        await self._session.change(_ADD_DOCUMENT, **row)

    async def get(self, document_id: UUID, account_id: UUID) -> LoaDocument:
        """One document of an account, without its bytes.

        Raises:
            LoaDocumentNotFound: there is no such document, or it is another account's.
        """
        asked = {"document_id": document_id, "account_id": account_id}
        row = await self._session.one(_GET_DOCUMENT, LoaDocumentNotFound, **asked)
        return document_from(row)
