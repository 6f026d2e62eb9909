"""What is recorded of a write: who did what to which object, and when."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from byoip.domain.accounts.let_in import LetIn
from byoip.domain.customer_text import CustomerText
from byoip.domain.errors import Refusal


@dataclass(frozen=True, slots=True)
class OperatorEvent:
    """One line of the operators' history, before it has a number."""

    kind: str  # of `event_kinds.OF_OPERATORS`
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
        name: `credential:<id>`, `worker`, `operator:<id>`, `cli`; another's is `account:<id>`.
        request_id: of the HTTP request or job that asked; empty of another account's.
        let_in: by what a request was recognised: each transaction asks whether it holds still.
            None: a job or a shell, which nobody let in, or what follows from a write that was.
    """

    name: str
    request_id: str
    let_in: LetIn | None = field(default=None, compare=False)

    def changing(self) -> "Actor":
        """The same, for a request that changes who may come in, or as what."""
        return Actor(self.name, self.request_id, self.let_in and self.let_in.changing())

    def afterwards(self) -> "Actor":
        """The same, of what follows from what was done: that is not asked for again."""
        return Actor(self.name, self.request_id)


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a prefix's history, before it has a number."""

    claim_id: UUID
    kind: str  # of `event_kinds.OF_PREFIXES`
    by: Actor
    at: datetime
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)


class EventsReplaced(Refusal):
    """The database was restored: numbers after this one are given a second time."""

    name = "events_replaced"

    def __init__(self, safe: int, epoch: UUID) -> None:
        super().__init__(
            "The service was restored, and later numbers than these mean other events now: read "
            f"the objects again, then go on after {safe} with the epoch {epoch.hex}."
        )


class EventNotMadeYet(Refusal):
    """A number that no event has: the client read it before a restore, or of another object."""

    name = "event_not_made_yet"

    def __init__(self, newest: int) -> None:
        super().__init__(
            f"The newest event is {newest}, and `after` is beyond it: read the objects again, then "
            f"go on after {newest}."
        )
