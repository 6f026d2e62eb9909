"""Large answers (lists, evidence, documents): of an account few at a time, made one by one.

A list of a thousand prefixes takes almost half a second, more than an account's requests leave: so
its others wait, and some of them only. While one is written (`answers.py`) all other requests have
their turn. A client may read slowly what it asked for: so the answer counts until it has.
"""

import asyncio
import re
import zlib
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from uuid import UUID
from weakref import WeakValueDictionary

from starlette.types import Message

from byoip.api.border.account_turns import one_more
from byoip.api.border.refusals import RateLimited
from byoip.store.sharing import one_slice

OF_AN_ACCOUNT = 20
BYTES_OF_AN_ACCOUNT = 64 * 2**20  # of all of them; of one that is alone any number
_RETRY_AFTER = 5
PART = 64 * 1024
COMPRESSED_FROM = 1024  # bytes
_FAST, _AS_GZIP = 1, 31  # level, and the bits of its window with gzip's head
_LONGEST_ACCEPT = 1000
_GZIP = re.compile(rb"gzip(\s*;\s*q=(1(\.0*)?|0\.(?!0*$)[0-9]+))?")  # a weight of 0: not that


@dataclass(frozen=True, slots=True)
class LargeAnswers:
    """Those of this process that were asked for and are not read.

    Attributes:
        of: how many, by account; of operators and edges by credential.
        bytes_of: of those that are made.
    """

    of: Counter[UUID] = field(default_factory=Counter)
    bytes_of: Counter[UUID] = field(default_factory=Counter)
    _turns: WeakValueDictionary[UUID, asyncio.Lock] = field(default_factory=WeakValueDictionary)

    @contextmanager
    def one_more(self, account_id: UUID) -> Iterator[None]:
        """Count one more while the block runs.

        Raises:
            RateLimited: the account has as many as it may.
        """
        with one_more(self.of, account_id, OF_AN_ACCOUNT):
            yield

    @contextmanager
    def holding(self, account_id: UUID, size: int) -> Iterator[None]:
        """Count so many bytes more while the block runs.

        Raises:
            RateLimited: with others the account would have more than it may.
        """
        others = self.bytes_of[account_id]
        if others and others + size > BYTES_OF_AN_ACCOUNT:
            raise RateLimited(_RETRY_AFTER)
        self.bytes_of[account_id] += size
        try:
            yield
        finally:
            self.bytes_of[account_id] -= size
            if not self.bytes_of[account_id]:
                del self.bytes_of[account_id]

    @asynccontextmanager
    async def turn(self, account_id: UUID) -> AsyncIterator[None]:
        """Wait for those that the account asked for earlier; its next one follows the block."""
        async with self._turns.setdefault(account_id, asyncio.Lock()):
            yield


async def compressed(body: bytes) -> bytes:
    """The same in gzip; a part at a time, so that others are served in between."""
    packing = zlib.compressobj(_FAST, wbits=_AS_GZIP)
    whole, packed = memoryview(body), []
    for first in range(0, len(whole), PART):
        async with one_slice():
            packed.append(packing.compress(whole[first : first + PART]))
    return b"".join((*packed, packing.flush()))


def takes_gzip(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether the client names gzip as what it takes (RFC 9110, section 12.5.3)."""
    given = b",".join(value for name, value in headers if name == b"accept-encoding")
    return any(_GZIP.fullmatch(one.strip()) for one in given[:_LONGEST_ACCEPT].lower().split(b","))


def in_parts(message: Message) -> Iterator[Message]:
    """What an application sends, its body a part at a time.

    Each part waits until the client has read most of the last: uvicorn would take all of it at
    once, and a client has hundreds of connections.
    """
    body = message.get("body", b"")
    first = 0
    while len(body) - first > PART:
        yield {**message, "body": body[first : first + PART], "more_body": True}
        first += PART
    yield {**message, "body": body[first:]} if first else message
