"""Letters of agency as documents."""

from typing import Any

from pydantic import ConfigDict, Field

from byoip.api.border.envelope import Id, Time, Wire
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

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    id: Id
    account_id: Id
    filename: str
    size_bytes: int
    auto_generated: bool = Field(description="Written and signed by the operator.")
    verified: bool = Field(description="Whether the operator vouches for what it says.")
    verified_at: Time | None
    created: Time


def loa_document_of(document: LoaDocument) -> LOADocument:
    """A document as the wire shows it."""
    return LOADocument(
        id=document.id.hex,
        account_id=document.account_id.hex,
        filename=document.filename.value,
        size_bytes=document.size,
        auto_generated=document.auto_generated,
        verified=document.verified,
        verified_at=document.verified_at,
        created=document.created_at,
    )
