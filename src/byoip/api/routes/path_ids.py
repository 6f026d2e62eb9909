from typing import Annotated, TypeAlias
from uuid import UUID

from fastapi import Path
from pydantic import WithJsonSchema

from byoip.api.schemas.envelope import ID_PATTERN

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
