"""The records of what is refused about letters and uploaded documents."""

from byoip.api.problems.record import Record, conflict, invalid, not_found
from byoip.domain.letters import letter, loa_document

REFUSALS = (
    not_found(1600, loa_document.LoaDocumentNotFound(), "Use the id that the upload gave."),
    invalid(
        1601,
        loa_document.InvalidLoaDocument("it is not a PDF"),
        "Send a plain PDF without encryption or active content.",
    ),
    not_found(
        1602, letter.LetterNotFound(), "Compare the reference with the document, letter by letter."
    ),
    invalid(
        1603,
        loa_document.LoaDocumentUnknown(),
        "Upload the document first, and name the id that you get.",
    ),
    conflict(
        1604,
        loa_document.TooManyLoaDocuments(loa_document.DOCUMENTS_PER_ACCOUNT),
        "Name a document that is there, or ask the operator.",
    ),
    Record(
        503,
        1605,
        loa_document.NoRoomForUploads(),
        "Wait for `Retry-After` and repeat it. The operator has to make room: the log says where.",
    ),
)
