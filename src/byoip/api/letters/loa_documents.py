"""Letters of agency as documents: upload and download."""

from byoip.api.border.answers import Answer
from byoip.api.border.caller import MINUTES_OF_DAY, Customer, CustomerRequest
from byoip.api.border.declarations import Declarations
from byoip.api.border.envelope import answer_of
from byoip.api.border.files import PDF, FileAnswer
from byoip.api.border.refusals import FieldMissing
from byoip.api.border.uploads import Uploaded
from byoip.api.letters.loa_document_schemas import LOADocument, loa_document_of
from byoip.api.path_ids import PathId
from byoip.domain.accounts.credential import Scope
from byoip.domain.letters import loa_document
from byoip.domain.letters.loa_document import LoaDocument
from byoip.store.accounts.rate_limits import Wanted
from byoip.store.transaction import Transaction
from byoip.usecases.letters.upload_loa_document import upload_loa_document

loa_documents = Declarations("letters")


@loa_documents.operation(
    "POST /loa_documents",
    Scope.PREFIXES_WRITE,
    answer=answer_of(LOADocument),
    status=201,
    refuses=(
        FieldMissing,
        loa_document.InvalidLoaDocument,
        loa_document.TooManyLoaDocuments,
        loa_document.NoRoomForUploads,
    ),
    uploads="loa_document",
)
async def create_loa_document(caller: CustomerRequest, upload: Uploaded) -> Answer:
    """Upload a letter of agency.

    A PDF of at most 10 MB, neither encrypted nor with active content. A client that can only send
    text sends it in base64. Give its id as `loa_document_id` with a new prefix.
    """
    await caller.require_unanswered()  # a repeated request is not inspected a second time
    await _require_room(caller)
    keep = await upload_loa_document(
        caller.backend.pdf_inspector,
        caller.account_id,
        upload.file,
        sha256=upload.sha256,
        filename=upload.filename,
    )

    async def keep_whole(tx: Transaction) -> LoaDocument:
        async with caller.backend.uploads.whole:  # not while the account waits for its turn
            return await keep(tx)

    return await caller.write(keep_whole, loa_document_of)


async def _require_room(caller: Customer) -> None:
    """Refuse before it is inspected what would be refused after; what is inspected counts."""
    account_id = caller.account_id
    if await caller.backend.letters.uploaded(account_id) >= loa_document.DOCUMENTS_PER_ACCOUNT:
        raise loa_document.TooManyLoaDocuments(loa_document.DOCUMENTS_PER_ACCOUNT)
    per_minute = loa_document.INSPECTED_PER_DAY / MINUTES_OF_DAY
    await caller.spend(Wanted("inspect", per_minute, MINUTES_OF_DAY))


@loa_documents.operation(
    "GET /loa_documents/{loa_document_id}/download",
    Scope.PREFIXES_READ,
    answer=PDF,
    refuses=(loa_document.LoaDocumentNotFound,),
)
async def get_loa_document(caller: CustomerRequest, loa_document_id: PathId) -> Answer:
    """Download a letter of agency.

    One that you uploaded, or one that the operator wrote for an approved prefix.
    """
    document, content = await caller.backend.letters.document(caller.account_id, loa_document_id)
    return FileAnswer(status=200, body=content, media_type=PDF, filename=document.filename.value)
