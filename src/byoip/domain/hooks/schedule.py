"""When what a receiver did not take is sent again (Standard Webhooks 1.0.0, "Retry schedule")."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

# After the first failure, the second, and so on: 76 hours in all.
PAUSES: Final[Sequence[timedelta]] = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24)),
)
MOST_ATTEMPTS: Final = len(PAUSES) + 1
LONGEST_PAUSE: Final = timedelta(hours=24)
JITTER: Final = 0.2


def pause(failures: int, asked: timedelta, chance: float) -> timedelta | None:
    """How long to wait after so many failures in a row; None: no more attempts.

    Args:
        failures: at least 1.
        asked: by the receiver (Retry-After, RFC 9110, section 10.2.3); 24 hours count at most.
        chance: 0 to 1: a pause is up to a fifth longer, so that many do not end at once.
    """
    if failures >= MOST_ATTEMPTS:
        return None
    longer = PAUSES[failures - 1] * (1 + JITTER * chance)
    return max(longer, min(asked, LONGEST_PAUSE))
