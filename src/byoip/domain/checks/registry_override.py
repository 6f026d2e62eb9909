"""The operator's word on which registry is responsible for a range, and what is refused of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from byoip.domain.customer_text import CustomerText
from byoip.domain.errors import Refusal
from byoip.domain.prefix import Prefix


class RegistryUnknown(Refusal):
    """The settings name no such registry."""

    name = "registry_unknown"

    def __init__(self, known: Iterable[str]) -> None:
        super().__init__(f"Name one of {', '.join(sorted(known))}.", pointer="/registry")


class OverrideNotFound(Refusal):
    """There is no such override, or it was removed."""

    name = "registry_override_not_found"

    def __init__(self) -> None:
        super().__init__(
            "There is no such override; an override of the settings is changed in the settings."
        )


@dataclass(frozen=True, slots=True)
class RegistryOverride:
    """The operator's word on which registry is responsible for a range."""

    id: UUID
    prefix: Prefix
    registry: str
    reason: CustomerText
    created_at: datetime
