from dataclasses import dataclass
from datetime import timedelta
from typing import Final

WINDOW: Final = timedelta(minutes=5)


BLOCK: Final = 50


SHARES: Final = 8


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
class Lease:
    """Permits that belong to one process until their window ends, by the database's clock.

    Attributes:
        permits: how many; 0: all of the window's are leased.
        left: those that nobody has leased yet.
        seconds_left: until the window ends; the next begins with the first lease after that.
    """

    permits: int
    left: int
    seconds_left: float
