"""Plugs adapters and store into ports; the only package that knows them all."""

from byoip.composition.external_services import (
    SANDBOX_ORIGIN,
    ExternalServices,
    external_services,
    sandbox_services,
)

__all__ = [
    "SANDBOX_ORIGIN",
    "ExternalServices",
    "external_services",
    "sandbox_services",
]
