"""What operators send and are shown of registry overrides."""

from typing import Any

from pydantic import ConfigDict, Field

from byoip.api.accounts.operator_schemas import Reasoned, example
from byoip.api.border.envelope import Id, Time, Wire
from byoip.domain.checks import registry_override as domain

_OVERRIDE: dict[str, Any] = {
    "id": "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    "cidr": "198.18.0.0/23",
    "registry": "ripencc",
    "reason": "Transferred on 2026-10-30.",
    "created_at": "2026-11-02T09:30:00Z",
}


class NewOverride(Reasoned):
    """Which registry is responsible for a range."""

    model_config = example(
        cidr=_OVERRIDE["cidr"], registry=_OVERRIDE["registry"], reason=_OVERRIDE["reason"]
    )

    cidr: str
    registry: str = Field(description="Its key in the settings, or that of an RIR.")


class RegistryOverride(Wire):
    """The operator's word on which registry is responsible for a range."""

    model_config = ConfigDict(json_schema_extra={"examples": [_OVERRIDE]})

    id: Id
    cidr: str
    registry: str
    reason: str
    created_at: Time


def override_of(override: domain.RegistryOverride) -> RegistryOverride:
    """An override as the wire shows it."""
    return RegistryOverride(
        id=override.id.hex,
        cidr=str(override.prefix),
        registry=override.registry,
        reason=override.reason.value,
        created_at=override.created_at,
    )
