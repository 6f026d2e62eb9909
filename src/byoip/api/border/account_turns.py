"""Of an account few requests are at work in the database; its others wait, and hold nothing there.

Requests that write the same row wait for each other. Where each holds a connection meanwhile, those
of one account hold all, and other accounts get none.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from uuid import UUID
from weakref import WeakValueDictionary

from byoip.api.border.refusals import RateLimited

MOST_WAITING = 200
MOST_LISTENING = 100
_RETRY_AFTER = 5


@dataclass(frozen=True, slots=True)
class AccountTurns:
    """The turns of this process.

    Attributes:
        at_once: requests of one account.
        of: how many have a turn or wait for one, by account.
        listening: how many wait until there is something to read. One event wakes them all.
    """

    at_once: int = 2
    of: Counter[UUID] = field(default_factory=Counter)
    listening: Counter[UUID] = field(default_factory=Counter)
    _turns: WeakValueDictionary[UUID, asyncio.Semaphore] = field(
        default_factory=WeakValueDictionary
    )

    @asynccontextmanager
    async def turn(self, account_id: UUID) -> AsyncIterator[None]:
        """Wait for a turn, in order, and have it while the block runs.

        Raises:
            RateLimited: too many of the account wait already.
        """
        turns = self._turns.setdefault(account_id, asyncio.Semaphore(self.at_once))
        with _one_more(self.of, account_id, self.at_once + MOST_WAITING):
            async with turns:
                yield

    @contextmanager
    def listen(self, account_id: UUID) -> Iterator[None]:
        """Count one more that listens while the block runs.

        Raises:
            RateLimited: the account has as many as it may.
        """
        with _one_more(self.listening, account_id, MOST_LISTENING):
            yield


@contextmanager
def _one_more(of: Counter[UUID], account_id: UUID, most: int) -> Iterator[None]:
    if of[account_id] >= most:
        raise RateLimited(_RETRY_AFTER)
    of[account_id] += 1
    try:
        yield
    finally:
        of[account_id] -= 1
        if not of[account_id]:
            del of[account_id]
