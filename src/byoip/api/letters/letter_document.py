"""What the OpenAPI document says of the public page of a letter, which is no operation of the API.

It needs no credential and ignores queries, like the other pages at the root.
"""

from typing import Any

from byoip.api.border.envelope import ID_PATTERN, answer_of
from byoip.api.border.refusals import DatabaseAway, InternalFault
from byoip.api.document.documentation import example_references, failure_document, parameter
from byoip.api.document.examples import success_example
from byoip.api.letters.letter_schemas import Letter
from byoip.api.problems.problems import PROBLEMS
from byoip.domain.errors import Refusal
from byoip.domain.letters.letter import LetterNotFound

LETTER_PATH = "/loa/{reference}"

_PAGE = {"text/html": {"schema": {"type": "string"}}}
_REFUSALS: tuple[type[Refusal], ...] = (LetterNotFound, InternalFault, DatabaseAway)


def letter_document() -> dict[str, Any]:
    """The page as an operation of the document, whose schemas and examples it shares."""
    known = "As printed in the letter and in its QR code. All who know it may ask."
    return {
        "operationId": "get_letter",
        "summary": "Is this letter of agency valid?",
        "description": "Public. JSON for machines, a page for people, as `Accept` prefers: valid, "
        "expired, superseded or revoked, the SHA-256 of the document, and what it states. Ask "
        "each time: the answer may change at any moment.",
        "tags": ["letters"],
        "security": [],
        "parameters": [parameter("path", "reference", known, ID_PATTERN)],
        "responses": {"200": _success(), **_failures()},
    }


def _failures() -> dict[str, Any]:
    documented = {}
    for kind in _REFUSALS:
        status = PROBLEMS[kind].status
        documented[str(status)] = made = failure_document(status, [kind])
        made["content"]["application/json"]["examples"] = example_references([kind])
    documented["404"]["content"] |= _PAGE
    return documented


def _success() -> dict[str, Any]:
    model = answer_of(Letter)
    shown = {
        "schema": {"$ref": f"#/components/schemas/{model.__name__}"},
        "example": success_example(model),
    }
    return {"description": "OK", "content": {"application/json": shown, **_PAGE}}
