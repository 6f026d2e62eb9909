"""What operators send and are shown of registry overrides."""

from typing import Any

from pydantic import Field

from byoip.api.accounts.operator_schemas import Reasoned
from byoip.api.border.envelope import Id, Text, Time, Wire, example
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

    model_config = example(**_OVERRIDE)

    id: Id
    cidr: Text
    registry: str
    reason: Text
    created_at: Time


def override_of(override: domain.RegistryOverride) -> RegistryOverride:
    """An override as the wire shows it."""
    return RegistryOverride.showing(override, cidr=override.prefix)
