from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol
from uuid import UUID

WINDOW: Final = timedelta(minutes=5)
BLOCK: Final = 50


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may be asked; 0 stands for as much as one likes.

    Attributes:
        per_credential, per_account: requests of any kind within five minutes.
        validations_per_account, validations_per_prefix, preflights_per_account: a minute.
    """

    per_credential: int = 1200
    per_account: int = 6000
    validations_per_account: int = 30
    validations_per_prefix: int = 6
    preflights_per_account: int = 10


@dataclass(frozen=True, slots=True)
class Window:
    """How one window stands, by the database's clock.

    Attributes:
        used: requests that all processes have reported for it.
        seconds_left: until it ends; the next begins with the first request after that.
    """

    used: int
    seconds_left: float


class RateWindows(Protocol):
    """Counts that all API processes share."""

    async def report(self, who: UUID, used: int) -> Window:
        """Add what was used since the last report; the window as it then stands."""
        ...
