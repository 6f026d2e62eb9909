"""The operators' history as a chain, whose hashes a trigger makes (migration 0046). Text SQL."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.event_chain import BEGINNING, Head, HeadNotFound
from byoip.store.accounts.operator_views import ChainedEvent
from byoip.store.autocommit import autocommit_pool
from byoip.store.statements import from_text

# From the head itself on: whether it is still there is seen at the same moment.
_FROM: Final = from_text("""
    SELECT number, encode(hash, 'hex') AS hash,
        left(operator_event_line(e), -1) || ', "hash": "' || encode(hash, 'hex') || '"}' AS line
    FROM operator_events e WHERE number >= :number ORDER BY number LIMIT :page_size
""")
_HEAD: Final = from_text("""
    SELECT number, encode(hash, 'hex') AS hash FROM operator_events ORDER BY number DESC LIMIT 1
""")
_EPOCH: Final = from_text("SELECT since FROM feed_epochs ORDER BY number DESC LIMIT 1")


class EventChain:
    """Reads the chain; nothing is locked."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._autocommit = autocommit_pool(engine)

    async def after(self, head: Head, *, limit: int) -> Sequence[ChainedEvent]:
        """Events behind this head, oldest first.

        Raises:
            HeadNotFound: no event has this number and hash.
        """
        rows = await self._autocommit.ask(_FROM, number=head.number, page_size=limit + 1)
        found = [ChainedEvent(Head(row.number, row.hash), row.line) for row in rows]
        if head == BEGINNING:
            return found[:limit]
        if not found or found[0].head != head:
            (epoch,) = await self._autocommit.ask(_EPOCH)
            raise HeadNotFound(head.number, epoch.since)
        return found[1:]

    async def head(self) -> Head:
        """The newest event's."""
        rows = await self._autocommit.ask(_HEAD)
        return Head(rows[0].number, rows[0].hash) if rows else BEGINNING
