"""The lines of a prefix's and of an account's history on the wire."""

from typing import Annotated, Any, Final, TypeAlias

from pydantic import Field

from byoip.api.border.envelope import Id, Time, Wire, example
from byoip.domain.event_kinds import OF_PREFIXES, names
from byoip.store.claims import views

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


_WHO: Final = (
    "`credential:<id>`, `worker`, `operator:<id>` or `cli`; `account:<id>`: another account, to or "
    "from which the prefix moved."
)
_Actor: TypeAlias = Annotated[str, Field(description=_WHO)]
_RequestId: TypeAlias = Annotated[str, Field(description="Empty where another account acted.")]


class Event(Wire):
    """One line of a prefix's history."""

    model_config = example(**EXAMPLE)

    number: int = Field(description="Counts up within the prefix, without gaps.")
    kind: EventKind
    actor: _Actor
    request_id: _RequestId
    at: Time
    before: dict[str, Any]
    after: dict[str, Any]


class AccountEvent(Wire):
    """One line of the history of all the account's prefixes."""

    model_config = example(**ACCOUNT_EXAMPLE)

    number: int = Field(description="Counts up within the account, without gaps.")
    prefix_id: Id
    prefix_number: int = Field(description="Its number in the prefix's own history.")
    kind: EventKind
    actor: _Actor
    request_id: _RequestId
    at: Time
    before: dict[str, Any]
    after: dict[str, Any]


def account_event_of(event: views.AccountEvent) -> AccountEvent:
    """An event among those of all prefixes, as the wire shows it."""
    kept = event.event
    return AccountEvent.showing(
        kept, number=event.number, prefix_id=event.claim_id, prefix_number=kept.number
    )
