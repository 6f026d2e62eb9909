"""Whose run a worker carries out: an account has a share of it, so that no flood stops others.

THEORY OF OPERATION

A worker has places for jobs. An account gets a turn in at most half of them while it is alone, in a
third beside one other, and so on: with n accounts at work, one part of n + 1 is left for those that
come. A run beyond the share of its account waits for a turn in one of the places that are left:
where runs are short, the next one begins as soon as one ends. Where they are not, because servers
are silent, it gives its place up after some seconds. Then its job is put back into the queue, and
the place goes to a run of another account that is due, whatever the order of the queue is. A first
look without a turn gives its place up in the same way.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID


class Turns:
    """The turns of one worker.

    Attributes:
        running: how many runs it carries out, by account.
    """

    def __init__(self, places: int = 40, patience: float = 5.0) -> None:
        """Take how many jobs the worker carries out at once, and seconds that a run waits."""
        self.running: Counter[UUID] = Counter()
        self._places = places
        self._patience = patience
        self._ended = asyncio.Event()

    @contextmanager
    def turn(self, account_id: UUID) -> Iterator[None]:
        """Have a turn, which has come, for as long as the block runs."""
        self.running[account_id] += 1
        try:
            yield
        finally:
            self.running[account_id] -= 1
            if not self.running[account_id]:
                del self.running[account_id]
            self._ended.set()  # wakes all that wait
            self._ended.clear()

    def free(self, account_id: UUID) -> bool:
        """Whether a turn comes at once."""
        return not self._full(account_id)

    async def comes(self, account_id: UUID) -> bool:
        """Wait for a turn; False if none came in time."""
        try:
            async with asyncio.timeout(self._patience):
                while self._full(account_id):
                    await self._ended.wait()
        except TimeoutError:
            return False
        return True

    def full(self) -> Sequence[UUID]:
        """The accounts that have their share."""
        return [one for one in self.running if self._full(one)]

    def _full(self, account_id: UUID) -> bool:
        accounts = len(self.running.keys() | {account_id})
        return self.running[account_id] >= max(1, self._places // (accounts + 1))
