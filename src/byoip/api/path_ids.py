"""Identifiers in a path: what the document says of them, and how numbers are read."""

import re
from typing import Annotated, TypeAlias
from uuid import UUID

from fastapi import Path
from pydantic import WithJsonSchema

from byoip.api.border.envelope import ID_PATTERN, read_id
from byoip.api.border.refusals import MalformedId

# Read by `Operation` in their one spelling; this is what the document says of them.
PathId: TypeAlias = Annotated[
    UUID, Path(), WithJsonSchema({"type": "string", "pattern": ID_PATTERN})
]
# Read by the route itself, as Postgres can be asked for it.
PathText: TypeAlias = Annotated[str, Path()]
PathNumber: TypeAlias = Annotated[str, Path(), WithJsonSchema({"type": "integer", "minimum": 1})]
PathAddress: TypeAlias = Annotated[
    str,
    Path(),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "format": "ipv4"}, {"type": "string", "format": "ipv6"}]}
    ),
]

_UUID = re.compile(
    "[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE
)
_DIGITS = 9  # of what Postgres takes for an integer


def path_id(name: str, text: str) -> UUID:
    """The id that a path has under this name.

    Raises:
        MalformedId: it is none.
    """
    try:
        return read_id(text)
    except ValueError:
        raise MalformedId(name, _meant(text)) from None


def _meant(text: str) -> str:
    """The id, where it is one in the usual spelling of a UUID; empty where it is not."""
    return text.replace("-", "").lower() if _UUID.fullmatch(text) else ""


def read_number(text: str) -> int | None:
    """The number in a path; None if there is none, or one that nothing here has."""
    plain = text.isdecimal() and text.isascii() and len(text) <= _DIGITS
    return int(text) if plain else None
