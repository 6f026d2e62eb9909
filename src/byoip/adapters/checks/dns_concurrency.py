"""How many DNS exchanges run at once: one prefix's silent servers must not stop the others."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

from byoip.domain.checks.reverse_zone import ReverseZone

# Of all turns, for the zones of one prefix. Two silent addresses in each of its 128 zones, the
# most there are, take 12 s at 3 s each with 64 turns: still within the deadline of a zone.
_PART = 4


class Share:
    """The turns of zones that belong together; first come first served among them."""

    def __init__(self, everyones: asyncio.Semaphore, at_once: int) -> None:
        self._everyones = everyones
        self._own = asyncio.Semaphore(at_once)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait until one more exchange may be under way, and count it until the block ends."""
        # In this order: a zone that waits for its own share takes no turn from other zones.
        async with self._own, self._everyones:
            yield


class DnsConcurrency:
    """At most so many exchanges at once, of which zones with one parent get a quarter.

    All zones of a prefix are cut at one boundary and have the same parent, one octet or nibble
    up. Prefixes of several customers may have it too (in one IPv4 /16): they share its turns.
    """

    def __init__(self, at_once: int) -> None:
        self._everyones = asyncio.Semaphore(at_once)
        self._each = -(-at_once // _PART)
        self._shares: WeakValueDictionary[str, Share] = WeakValueDictionary()

    def of(self, zone: ReverseZone) -> Share:
        """The share of this zone and its neighbours, which lasts while a zone uses it."""
        parent = zone.name.partition(".")[2]
        return self._shares.setdefault(parent, Share(self._everyones, self._each))
