import asyncio
from contextlib import AbstractContextManager
from typing import Protocol
from uuid import UUID


class EventNotifier(Protocol):
    """Rings when the history has grown; it may ring for nothing, and may fail to ring."""

    @property
    def closed(self) -> bool:
        """Whether it will never ring again: nobody shall wait any longer."""
        ...

    def hearing(self, about: UUID) -> AbstractContextManager[asyncio.Event]:
        """An event that is set at each new line about an account or claim, while it is open."""
        ...
