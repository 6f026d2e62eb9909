"""What readers show of webhooks."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from byoip.domain.hooks.message import About
from byoip.domain.hooks.webhook import accepted


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt.

    Attributes:
        number: counts the attempts of its webhook.
        event_number: 0: of none.
        status: of the answer; None: there was none.
        said: the beginning of the answer, or why there was none.
    """

    number: int
    about: About
    event_number: int
    message_id: str
    at: datetime
    status: int | None
    seconds: float
    said: str

    @property
    def taken(self) -> bool:
        """Whether the receiver has taken it."""
        return accepted(self.status)


@dataclass(frozen=True, slots=True)
class Due:
    """One that something can be sent to now."""

    id: UUID
    account_id: UUID
