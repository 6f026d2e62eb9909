"""What all acts of operators have in common: a reason, and a place in the history."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from byoip.domain.claims.claim import Claim
from byoip.domain.customer_text import CustomerText
from byoip.domain.history import Actor, Event, OperatorEvent
from byoip.usecases.events import changes

_NOTHING: Mapping[str, Any] = {}


def noted(
    kind: str,
    by: Actor,
    reason: CustomerText,
    at: datetime,
    *,
    before: Mapping[str, Any] = _NOTHING,
    after: Mapping[str, Any] = _NOTHING,
) -> OperatorEvent:
    """A line of the operators' history."""
    return OperatorEvent(kind, by.name, by.request_id, reason, at, before, after)


def explained(
    before: Claim, after: Claim, by: Actor, reason: CustomerText, at: datetime
) -> tuple[Event, ...]:
    """What a prefix's history says of an operator's act; its owner reads the reason there."""
    return tuple(
        replace(event, after={**event.after, "reason": reason.value})
        for event in changes(before, after, by, at)
    )
