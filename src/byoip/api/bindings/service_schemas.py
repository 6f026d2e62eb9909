"""Services as operators write and see them."""

from typing import Any

from pydantic import ConfigDict, Field

from byoip.api.accounts.operator_schemas import Reasoned, example
from byoip.api.border.envelope import Id, TextIn, Wire
from byoip.domain.bindings.service_binding import Service

_SERVICE: dict[str, Any] = {
    "id": "f0e1d2c3b4a5968778695a4b3c2d1e0f",
    "name": "CDN",
    "default_only": False,
}
_WHY = "Contract 4711 was signed."


class NewService(Reasoned):
    """Something to offer."""

    model_config = example(name="CDN", default_only=False, reason=_WHY)

    name: TextIn
    default_only: bool = Field(default=False, description="Whether it takes whole prefixes only.")


class ServiceChange(Reasoned):
    """What to change."""

    model_config = example(default_only=True, reason=_WHY)

    default_only: bool


class OfferedService(Wire):
    """Something that customers may bind."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SERVICE]})

    id: Id
    name: str
    default_only: bool


def offered_service_of(service: Service) -> OfferedService:
    """A service as operators see it."""
    return OfferedService(id=service.id.hex, name=service.name, default_only=service.default_only)
