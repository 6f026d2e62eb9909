"""Of an account few requests are at work in the database; its others wait, and hold nothing there.

Requests that write the same row wait for each other. Where each holds a connection meanwhile, those
of one account hold all, and other accounts get none.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID
from weakref import WeakValueDictionary

from byoip.api.border.refusals import RateLimited

MOST_WAITING = 200
_RETRY_AFTER = 5


@dataclass(frozen=True, slots=True)
class AccountTurns:
    """The turns of this process.

    Attributes:
        at_once: requests of one account.
        of: how many have a turn or wait for one, by account.
    """

    at_once: int = 2
    of: Counter[UUID] = field(default_factory=Counter)
    _turns: WeakValueDictionary[UUID, asyncio.Semaphore] = field(
        default_factory=WeakValueDictionary
    )

    @asynccontextmanager
    async def turn(self, account_id: UUID) -> AsyncIterator[None]:
        """Wait for a turn, in order, and have it while the block runs.

        Raises:
            RateLimited: too many of the account wait already.
        """
        if self.of[account_id] >= self.at_once + MOST_WAITING:
            raise RateLimited(_RETRY_AFTER)
        turns = self._turns.setdefault(account_id, asyncio.Semaphore(self.at_once))
        self.of[account_id] += 1
        try:
            async with turns:
                yield
        finally:
            self.of[account_id] -= 1
            if not self.of[account_id]:
                del self.of[account_id]
