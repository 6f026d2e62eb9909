"""The time, so that tests can set it."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """What time is it?"""

    def now(self) -> datetime:
        """The time, aware, in UTC."""
        ...
