"""The epoch of the feed of events: after a restore its numbers are given a second time.

Text SQL: it asks Postgres which database it is.
"""

from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.store.autocommit import autocommit_pool
from byoip.store.statements import Statement, from_text
from byoip.store.unavailable import StoreUnavailable

# Another database than a reconciler judged, or one that a process knows to be older: its numbers
# may mean something else.
_CURRENT: Final = from_text("""
    SELECT (SELECT epoch FROM feed_epochs ORDER BY number DESC LIMIT 1) AS epoch,
        NOT EXISTS (SELECT FROM incarnation WHERE identity <> database_identity())
            AND NOT EXISTS (SELECT FROM witnesses WHERE NOT good) AS judged
""")


def _safe(number: str, whose: str) -> Statement:
    """The last number that means the same now as in that epoch: 0 for an epoch that is unknown."""
    return from_text(f"""
        WITH known AS (SELECT number FROM feed_epochs WHERE epoch = :epoch),
        shared AS (SELECT CASE WHEN EXISTS (SELECT FROM known) THEN (
            SELECT min(coalesce(shared_until, '-infinity')) FROM feed_epochs
            WHERE number > (SELECT number FROM known)) END AS until)
        SELECT coalesce((SELECT max({number}) FROM events WHERE {whose} = :whose
            AND {number} < coalesce((SELECT min({number}) FROM events WHERE {whose} = :whose
                AND at >= coalesce((SELECT until FROM shared), '-infinity')), {number} + 1)), 0)
            AS safe
    """)  # noqa: S608 - words from here


_SAFE_IN_ACCOUNT: Final = _safe("account_number", "account_id")
_SAFE_IN_CLAIM: Final = _safe("number", "prefix_id")


class EpochReader:
    """Reads which epoch it is."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Take the engine whose pool is asked."""
        self._autocommit = autocommit_pool(engine)

    async def current(self) -> UUID:
        """The epoch of what is read now.

        Raises:
            StoreUnavailable: this is another database than before, and it is not judged yet.
        """
        (row,) = await self._autocommit.ask(_CURRENT)
        if not row.judged:
            raise StoreUnavailable
        epoch: UUID = row.epoch
        return epoch

    async def safe_in_account(self, account_id: UUID, epoch: UUID) -> int:
        """The last of the account's numbers that means now what it meant in that epoch."""
        return await self._safe(_SAFE_IN_ACCOUNT, account_id, epoch)

    async def safe_in_claim(self, claim_id: UUID, epoch: UUID) -> int:
        """The same of a claim's numbers."""
        return await self._safe(_SAFE_IN_CLAIM, claim_id, epoch)

    async def _safe(self, statement: Statement, whose: UUID, epoch: UUID) -> int:
        (row,) = await self._autocommit.ask(statement, whose=whose, epoch=epoch)
        number: int = row.safe
        return number
