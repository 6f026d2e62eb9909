"""Identifiers in a path: what the document says of them, and how numbers are read."""

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

_DIGITS = 9  # of what Postgres takes for an integer


def path_id(name: str, text: str) -> UUID:
    """The id that a path has under this name.

    Raises:
        MalformedId: it is none.
    """
    try:
        return read_id(text)
    except ValueError:
        raise MalformedId(name) from None


def read_number(text: str) -> int | None:
    """The number in a path; None if there is none, or one that nothing here has."""
    plain = text.isdecimal() and text.isascii() and len(text) <= _DIGITS
    return int(text) if plain else None
