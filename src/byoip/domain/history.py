"""Lines of the histories: of a claim, and of the operators."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from byoip.domain.customer_text import CustomerText
from byoip.domain.precondition import ANY_VERSION, Precondition


@dataclass(frozen=True, slots=True)
class OperatorEvent:
    """One line of the operators' history, before it has a number."""

    kind: str  # `account.created`, `service.retired`, ...
    actor: str
    request_id: str
    reason: CustomerText
    at: datetime
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something, and at whose request.

    Attributes:
        name: `credential:<id>`, `worker`, `operator:<id>`, `cli`.
        request_id: of the HTTP request or job that asked.
        seen: the version of the object that the request is based on.
    """

    name: str
    request_id: str
    seen: Precondition = ANY_VERSION


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a prefix's history, before it has a number."""

    claim_id: UUID
    kind: str  # `prefix.created`, `token.issued`, `check.rpki`, `prefix.approved`, ...
    by: Actor
    at: datetime
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
