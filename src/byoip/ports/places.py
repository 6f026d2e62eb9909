"""Places for work at the same time, and who gets the next: connections, requests, questions.

Places go round: first to who has none, in the order in which they began to wait, then to who has
fewer than its share. So one account, or a dozen, that ask without end keep another one waiting for
about as many places as there are accounts, however many requests of theirs wait.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Hashable, Sequence
from enum import Enum


class Party(Enum):
    """Those that a process works for and that are no account."""

    SERVICE = "the service itself"
    STRANGERS = "all that send no token, or one that this process has not seen"


class Places:
    """Places for work at the same time. Belongs to one event loop.

    Attributes:
        held: how many each party has. With n parties one has at most one part of n + 1, so that
            there is one for the next; the service itself has no share.
    """

    def __init__(self, most: int) -> None:
        self.held: Counter[Hashable] = Counter()
        self._most = self._free = most
        self._waiting: dict[Hashable, deque[asyncio.Future[None]]] = {}
        # The parties that wait, in order: those without a place, and those with some.
        self._without: dict[Hashable, None] = {}
        self._with: dict[Hashable, None] = {}

    async def take(self, whose: Hashable, *, seconds: float | None = None) -> None:
        """Wait for a place, and have it until it is given back.

        Raises:
            TimeoutError: none came in so many seconds.
        """
        if self.take_free(whose):
            return
        loop = asyncio.get_running_loop()
        coming = loop.create_future()
        self._waiting.setdefault(whose, deque()).append(coming)
        self._queue(whose)
        self._hand_out()
        late = None if seconds is None else loop.call_later(seconds, _too_late, coming)
        try:
            await coming
        except BaseException:
            if coming.done() and not coming.cancelled() and coming.exception() is None:
                self.give_back(whose)  # it came at that moment
            else:
                self._forget(whose)
            raise
        finally:
            if late:
                late.cancel()

    def take_free(self, whose: Hashable) -> bool:
        """Have a place, if one is free for this party now."""
        if not self._free or self._without:
            return False
        held = self.held.get(whose, 0)
        if held and self._full(whose):
            return False
        self.held[whose] = held + 1
        self._free -= 1
        return True

    def give_back(self, whose: Hashable) -> None:
        """Give a place to the next."""
        self.held[whose] -= 1
        if not self.held[whose]:
            del self.held[whose]
            if whose in self._with:
                self._queue(whose)
        self._free += 1
        if self._waiting:
            self._hand_out()

    def _full(self, whose: Hashable) -> bool:
        return whose is not Party.SERVICE and self.held[whose] >= self._share()

    def _share(self) -> int:
        return max(1, self._most // (len(self.held) + len(self._without) + 1))

    def _seat(self, whose: Hashable) -> None:
        self.held[whose] += 1
        self._free -= 1

    def _queue(self, whose: Hashable) -> None:
        """Have a party wait behind others that have, like it, some places or none."""
        some = self.held[whose] and whose is not Party.SERVICE
        line, other = (self._with, self._without) if some else (self._without, self._with)
        other.pop(whose, None)
        line.setdefault(whose)

    def _hand_out(self) -> None:
        while self._free and (found := self._next()):
            (whose,) = found
            ones = self._waiting[whose]
            while ones and ones[0].done():
                ones.popleft()
            self._without.pop(whose, None)
            self._with.pop(whose, None)
            if ones:
                ones.popleft().set_result(None)
                self._seat(whose)
            if ones:
                self._queue(whose)
            else:
                del self._waiting[whose]

    def _next(self) -> Sequence[Hashable]:
        """The party whose turn it is, if there is one."""
        if self._without:
            return [next(iter(self._without))]
        if self._share() == 1:
            return []  # who waits has one
        return [whose for whose in self._with if not self._full(whose)][:1]

    def _forget(self, whose: Hashable) -> None:
        ones = self._waiting.get(whose)
        if ones is not None and all(one.done() for one in ones):
            for known in (self._waiting, self._without, self._with):
                known.pop(whose, None)


def _too_late(coming: asyncio.Future[None]) -> None:
    if not coming.done():
        coming.set_exception(TimeoutError())
