"""Letters of agency as documents."""

from typing import Any

from pydantic import Field

from byoip.api.border.envelope import Id, Text, Time, Wire, example
from byoip.domain.letters.loa_document import LoaDocument

EXAMPLE: dict[str, Any] = {
    "id": "d933b1530bc56c9953cf8ce166da8004",
    "account_id": "258def64c72dae45f3e4c8516e2111f2",
    "filename": "letter-of-agency.pdf",
    "size_bytes": 48211,
    "auto_generated": False,
    "verified": False,
    "verified_at": None,
    "created": "2026-11-02T09:30:00Z",
}


class LOADocument(Wire):
    """A letter of agency: one that was uploaded, or one that the operator wrote."""

    model_config = example(**EXAMPLE)

    id: Id
    account_id: Id
    filename: Text
    size_bytes: int
    auto_generated: bool = Field(description="Written and signed by the operator.")
    verified: bool = Field(description="Whether the operator vouches for what it says.")
    verified_at: Time | None
    created: Time


def loa_document_of(document: LoaDocument) -> LOADocument:
    """A document as the wire shows it."""
    return LOADocument.showing(document, size_bytes=document.size, created=document.created_at)
