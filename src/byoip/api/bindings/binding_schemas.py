"""Bindings, and the services that customers can bind, on the wire."""

from typing import Any

from pydantic import Field

from byoip.api.border.envelope import (
    Id,
    IdIn,
    Strict,
    Text,
    Wire,
    answer_of,
    counted_list_of,
    example,
)
from byoip.domain.bindings import service_binding as domain
from byoip.domain.bindings.service_binding import Provisioning

_SERVICE: dict[str, Any] = {"id": "f0e1d2c3b4a5968778695a4b3c2d1e0f", "name": "CDN"}
EXAMPLE: dict[str, Any] = {
    "id": "0429b49b6a5155297b78e75a44b09e14",
    "cidr": "198.18.0.0/23",
    "service_id": _SERVICE["id"],
    "service_name": "CDN",
    "provisioning": {"state": "active"},
}


class NewBinding(Strict):
    """A range to bind: first the whole prefix, then parts of it."""

    model_config = example(cidr="198.18.0.0/23", service_id=_SERVICE["id"])

    cidr: str
    service_id: IdIn = Field(description="From GET /services.")


class BindingChange(Strict):
    """The other service."""

    model_config = example(service_id="a1b2c3d4e5f60718293a4b5c6d7e8f90")

    service_id: IdIn = Field(description="From GET /services.")


class ProvisioningState(Wire):
    """How far the edge has come."""

    state: Provisioning


class ServiceBinding(Wire):
    """A range of a prefix, answered for by a service."""

    model_config = example(**EXAMPLE)

    id: Id
    cidr: Text
    service_id: Id
    service_name: str
    provisioning: ProvisioningState


class Service(Wire):
    """Something the operator offers to bind."""

    model_config = example(**_SERVICE)

    id: Id
    name: str


BindingAnswer = answer_of(ServiceBinding, "Binding")
BindingListAnswer = counted_list_of(ServiceBinding, "Binding")


def binding_of(binding: domain.ServiceBinding) -> ServiceBinding:
    """A binding as the wire shows it."""
    service = binding.service
    return ServiceBinding.showing(
        binding,
        service_id=service.id,
        service_name=service.name,
        provisioning=ProvisioningState.showing(binding),
    )
