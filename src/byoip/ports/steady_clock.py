"""A clock that cannot be set, and that goes on while the machine sleeps: for pauses and deadlines.

Its moments say nothing outside of this machine, and are compared with each other only.
"""

import time
from datetime import UTC, datetime, timedelta
from typing import Final

# The monotonic clock stands still in suspend (clock_gettime(2)); where there is no other, that one.
_CLOCK: Final[int] = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
_START: Final = datetime(1970, 1, 1, tzinfo=UTC)


def boottime() -> float:
    """Seconds since the machine was started."""
    return time.clock_gettime(_CLOCK)


class SteadyClock:
    """The same as a `Clock`: for what counts in `datetime`s."""

    def now(self) -> datetime:
        """A moment after the start of the machine; no date."""
        return _START + timedelta(seconds=boottime())
