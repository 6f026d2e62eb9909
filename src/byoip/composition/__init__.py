"""Plugs adapters and store into ports; the only package that knows them all."""

from byoip.composition.external_services import (
    SANDBOX_ORIGIN,
    ExternalServices,
    external_services,
    sandbox_services,
)
from byoip.composition.process import Composition
from byoip.composition.speaking import reconciler_of

__all__ = [
    "SANDBOX_ORIGIN",
    "Composition",
    "ExternalServices",
    "external_services",
    "reconciler_of",
    "sandbox_services",
]
