"""Lists: of an account one at a time in each process, however many it may ask for.

A list of a thousand prefixes takes almost half a second, more than an account's requests leave: so
its others wait, and some of them only. While one is written (`answers.py`) all other requests have
their turn.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID
from weakref import WeakValueDictionary

from byoip.api.border.refusals import RateLimited

MOST_WAITING = 20
_RETRY_AFTER = 5


@dataclass(frozen=True, slots=True)
class ListsInFlight:
    """Lists of this process that were asked for and are not answered.

    Attributes:
        of: how many, by account.
    """

    of: Counter[UUID] = field(default_factory=Counter)
    _turns: WeakValueDictionary[UUID, asyncio.Lock] = field(default_factory=WeakValueDictionary)

    @asynccontextmanager
    async def turn(self, account_id: UUID) -> AsyncIterator[None]:
        """Wait for those that the account asked for earlier; its next one follows the block.

        Raises:
            RateLimited: too many wait.
        """
        if self.of[account_id] > MOST_WAITING:
            raise RateLimited(_RETRY_AFTER)
        turn = self._turns.setdefault(account_id, asyncio.Lock())
        self.of[account_id] += 1
        try:
            async with turn:
                yield
        finally:
            self.of[account_id] -= 1
            if not self.of[account_id]:
                del self.of[account_id]
