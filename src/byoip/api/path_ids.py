"""Identifiers in a path: what the document says of them, and how numbers are read."""

from typing import Annotated, TypeAlias
from uuid import UUID

from fastapi import Path
from pydantic import WithJsonSchema

from byoip.api.border.envelope import ID_PATTERN

# Read by `Operation` in their one spelling; this is what the document says of them.
PathId: TypeAlias = Annotated[
    UUID, Path(), WithJsonSchema({"type": "string", "pattern": ID_PATTERN})
]
# Read by the route itself.
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


def read_number(text: str) -> int | None:
    """The number in a path; None if there is none, or one that nothing here has."""
    plain = text.isdecimal() and text.isascii() and len(text) <= _DIGITS
    return int(text) if plain else None
