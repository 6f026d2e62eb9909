from typing import Any

from pydantic import ConfigDict, Field

from byoip.api.schemas.envelope import EventPageInfo, Success, Time, Wire
from byoip.ports.reader import NumberedEvent

EXAMPLE: dict[str, Any] = {
    "number": 3,
    "kind": "check.rpki",
    "actor": "worker",
    "request_id": "6f9c2b1e4d3a48d7b0a1c2e3f4051627",
    "at": "2026-11-02T09:31:07Z",
    "before": {"state": "pending"},
    "after": {"state": "valid"},
}


class Event(Wire):
    """One line of a prefix's history."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    number: int = Field(description="Counts up within the prefix, without gaps.")
    kind: str
    actor: str = Field(description="`credential:<id>`, `worker`, `operator:<id>` or `cli`.")
    request_id: str
    at: Time
    before: dict[str, Any]
    after: dict[str, Any]


class EventListAnswer(Success[list[Event]]):
    """History of a prefix, oldest first."""

    result_info: EventPageInfo


def event_of(event: NumberedEvent) -> Event:
    """An event as the wire shows it."""
    return Event(
        number=event.number,
        kind=event.kind,
        actor=event.actor,
        request_id=event.request_id,
        at=event.at,
        before=dict(event.before),
        after=dict(event.after),
    )
