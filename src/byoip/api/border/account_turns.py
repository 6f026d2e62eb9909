"""Of an account few requests are at work in the database; its others wait, and hold nothing there.

Requests that write the same row wait for each other. Where each holds a connection meanwhile, those
of one account hold all, and other accounts get none.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv6Address
from uuid import UUID
from weakref import WeakValueDictionary

from starlette.types import Scope

from byoip.api.border.refusals import RateLimited

MOST_WAITING = 200
MOST_LISTENING = 100
_RETRY_AFTER = 5
_NETWORK = len("2001:0db8:0000:0000")


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
    semaphores: dict[UUID, asyncio.Semaphore] = field(default_factory=dict)

    def turn(self, account_id: UUID) -> "_Turn":
        """Wait for a turn, in order, and have it while a block runs.

        Raises:
            RateLimited: too many of the account wait already.
        """
        return _Turn(self, account_id)

    @contextmanager
    def listen(self, account_id: UUID) -> Iterator[None]:
        """Count one more that listens while the block runs.

        Raises:
            RateLimited: the account has as many as it may.
        """
        with one_more(self.listening, account_id, MOST_LISTENING):
            yield


class _Turn:
    __slots__ = ("_account_id", "_of", "_semaphore")

    def __init__(self, of: AccountTurns, account_id: UUID) -> None:
        self._of, self._account_id = of, account_id

    async def __aenter__(self) -> None:
        of, account_id = self._of, self._account_id
        under_way = of.of[account_id]
        if under_way >= of.at_once + MOST_WAITING:
            raise RateLimited(_RETRY_AFTER)
        if not under_way:
            of.semaphores[account_id] = asyncio.Semaphore(of.at_once)
        self._semaphore = of.semaphores[account_id]
        of.of[account_id] = under_way + 1
        try:
            await self._semaphore.acquire()
        except BaseException:
            self._leave()
            raise

    async def __aexit__(self, *_: object) -> None:
        self._semaphore.release()
        self._leave()

    def _leave(self) -> None:
        """The last of the account takes its turns away."""
        left = self._of.of[self._account_id] - 1
        if left:
            self._of.of[self._account_id] = left
        else:
            del self._of.of[self._account_id], self._of.semaphores[self._account_id]


@dataclass(frozen=True, slots=True)
class ClientTurns:
    """The same for clients without an account, or not known by one yet: by their addresses.

    As many as it likes may wait: a proxy has one address, and its clients are not one client.
    """

    at_once: int = 2
    _turns: WeakValueDictionary[str, asyncio.Semaphore] = field(default_factory=WeakValueDictionary)

    @asynccontextmanager
    async def turn(self, scope: Scope) -> AsyncIterator[None]:
        """Wait for a turn, in order, and have it while the block runs."""
        async with self._turns.setdefault(client_of(scope), asyncio.Semaphore(self.at_once)):
            yield


def client_of(scope: Scope) -> str:
    """Who asks."""
    return client_at((scope.get("client") or ("",))[0])


@lru_cache(maxsize=10_000)
def client_at(address: str) -> str:
    """Who is there: an address, or the first 64 bits of one of IPv6, where a host has many."""
    try:
        return IPv6Address(address.partition("%")[0]).exploded[:_NETWORK]
    except ValueError:  # of IPv4, or as a proxy has written it
        return address


@contextmanager
def one_more(of: Counter[UUID], account_id: UUID, most: int) -> Iterator[None]:
    """Count one more of the account while the block runs.

    Raises:
        RateLimited: it has as many as it may.
    """
    if of[account_id] >= most:
        raise RateLimited(_RETRY_AFTER)
    of[account_id] += 1
    try:
        yield
    finally:
        of[account_id] -= 1
        if not of[account_id]:
            del of[account_id]
