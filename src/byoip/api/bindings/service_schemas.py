"""Services as operators write and see them."""

from typing import Any

from pydantic import Field

from byoip.api.accounts.operator_schemas import Reasoned
from byoip.api.border.envelope import Id, TextIn, Wire, example

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

    model_config = example(**_SERVICE)

    id: Id
    name: str
    default_only: bool
