"""What is remembered of what observers say of routes that are out."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from byoip.ports.speakers.routes import Routes


class WatchedRoutes(Routes, Protocol):
    """Routes, with what only whoever watches them notes. Each call is a transaction of its own.

    Raises StoreUnavailable, all of it.
    """

    async def note_told(self, speakers: Collection[str], now: datetime) -> None:
        """Keep which speakers said of every row of `to_observe` what they send to whom."""
        ...

    async def let_go(
        self, speakers: Collection[str], sessions: Collection[str], now: datetime
    ) -> None:
        """Nothing is sent to peers that speakers have no session for any more.

        Args:
            speakers: those who said which sessions they have.
            sessions: these, each as `seen_by` names it.
            now: when they said so.
        """
        ...

    async def standing(self, kind: str) -> Collection[str]:
        """The subjects of a kind of alarm that stand, whoever raised them."""
        ...
