"""Files: how they are sent, and what the document says of them."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from byoip.domain.idempotency import StoredAnswer

PDF = "application/pdf"
# The `contentMediaType` that pydantic would write makes generated clients take bytes for text.
_BINARY = {"type": "string", "format": "binary"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FileAnswer(StoredAnswer):
    """A file, to be saved rather than shown.

    Attributes:
        filename: without quotes, control characters and slashes.
    """

    media_type: str
    filename: str


def file_response(given: FileAnswer) -> Response:
    """The file with its name; no cache may keep it."""
    # RFC 6266, appendix D: the plain name first, for clients that know no other.
    plain = given.filename.encode("ascii", "replace").decode().replace("?", "_")
    exact = quote(given.filename, safe="")
    headers = {
        "content-disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{exact}",
        "x-content-type-options": "nosniff",
        "cache-control": "private, no-store",
    }
    return Response(given.body, given.status, headers, given.media_type)


def file_document(media_type: str) -> dict[str, Any]:
    """An answer that is a file."""
    headers = {"content-disposition": {"schema": {"type": "string"}}}
    return {
        "description": "The file.",
        "headers": headers,
        "content": {media_type: {"schema": _BINARY}},
    }


def form_document(part: str) -> dict[str, Any]:
    """A body that is a form with one file."""
    schema = {
        "type": "object",
        "required": [part],
        "properties": {part: _BINARY},
        "additionalProperties": False,
    }
    return {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
