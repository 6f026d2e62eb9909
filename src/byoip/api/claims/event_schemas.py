"""The lines of a prefix's and of an account's history on the wire."""

from typing import Annotated, Any, Final, TypeAlias

from pydantic import ConfigDict, Field

from byoip.api.border.envelope import Id, Time, Wire
from byoip.domain.event_kinds import OF_PREFIXES, names
from byoip.store.claims import views
from byoip.store.claims.views import NumberedEvent

EXAMPLE: dict[str, Any] = {
    "number": 3,
    "kind": "check.rpki",
    "actor": "worker",
    "request_id": "6f9c2b1e4d3a48d7b0a1c2e3f4051627",
    "at": "2026-11-02T09:31:07Z",
    "before": {"state": "pending"},
    "after": {"state": "valid"},
}

ACCOUNT_EXAMPLE: dict[str, Any] = EXAMPLE | {
    "number": 17,
    "prefix_id": "2af39739cc4e3b5910c918468bb89828",
    "prefix_number": EXAMPLE["number"],
}


_KINDS: Final = ", ".join(f"`{one}`" for one in names(OF_PREFIXES))
EventKind: TypeAlias = Annotated[
    str, Field(description=f"What happened; later versions may add kinds. Today: {_KINDS}.")
]


class Event(Wire):
    """One line of a prefix's history."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    number: int = Field(description="Counts up within the prefix, without gaps.")
    kind: EventKind
    actor: str = Field(description="`credential:<id>`, `worker`, `operator:<id>` or `cli`.")
    request_id: str
    at: Time
    before: dict[str, Any]
    after: dict[str, Any]


class AccountEvent(Wire):
    """One line of the history of all the account's prefixes."""

    model_config = ConfigDict(json_schema_extra={"examples": [ACCOUNT_EXAMPLE]})

    number: int = Field(description="Counts up within the account, without gaps.")
    prefix_id: Id
    prefix_number: int = Field(description="Its number in the prefix's own history.")
    kind: EventKind
    actor: str = Field(description="`credential:<id>`, `worker`, `operator:<id>` or `cli`.")
    request_id: str
    at: Time
    before: dict[str, Any]
    after: dict[str, Any]


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


def account_event_of(event: views.AccountEvent) -> AccountEvent:
    """The same among those of all prefixes."""
    shown = event_of(event.event)
    return AccountEvent(
        **shown.model_dump(exclude={"number"}),
        number=event.number,
        prefix_id=event.claim_id.hex,
        prefix_number=shown.number,
    )
