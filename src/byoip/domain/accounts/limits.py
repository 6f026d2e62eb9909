"""How many requests a credential and an account may make, and how API processes share that."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

WINDOW: Final = timedelta(minutes=5)
BLOCK: Final = 50
SHARES: Final = 8


@dataclass(frozen=True, slots=True)
class Limits:
    """How many requests are admitted; 0: no limit.

    Attributes:
        per_credential, per_account: requests of any kind in five minutes.
        validations_per_account, validations_per_prefix, preflights_per_account: in one minute.
        writes_per_account: in a day, which may come at once. History keeps each write for ever, and
            its answer for a day where it has a key: together up to 17 kB.
    """

    per_credential: int = 1200
    per_account: int = 6000
    validations_per_account: int = 30
    validations_per_prefix: int = 6
    preflights_per_account: int = 10
    writes_per_account: int = 50_000


@dataclass(frozen=True, slots=True)
class Policy:
    """So many of one thing in so many seconds."""

    what: str
    permits: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Lease:
    """Permits that one process has until their window ends, by the database's clock.

    Attributes:
        permits: how many; 0: all permits of the window are leased.
        left: how many no process has leased yet.
        seconds_left: until the window ends; the next one begins with the first lease after that.
    """

    permits: int
    left: int
    seconds_left: float
