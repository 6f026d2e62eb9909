"""What was noted of watches and counts no more, deleted in pages.

Text SQL: rows of a page are locked by a subquery.
"""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.watch.validity import LONGEST
from byoip.store.statements import delete_in_pages, from_text

_PAGE: Final = 1000
_COUNTED_FOR: Final = timedelta(days=2)  # the breaker of levels counts those of one
_KEPT_FOR: Final = timedelta(days=90)  # for people
# New ids are those of an account that brings space again within the longest proof, and of a holder
# whom a letter of a year ago names; prefixes hear a file within hours.
_IDS_KEPT_FOR: Final = 2 * LONGEST

# Those that are held, or decided and not carried out yet, stay.
_RISES: Final = from_text("""
    DELETE FROM level_rises WHERE id IN (
        SELECT id FROM level_rises
        WHERE state = 'done' AND at < :counted_since OR settled_at < :kept_since
        LIMIT :page FOR UPDATE SKIP LOCKED
    )
""")
_REKEYS: Final = from_text("""
    DELETE FROM registry_rekeys WHERE snapshot IN (
        SELECT snapshot FROM registry_rekeys WHERE at < :kept_since
        LIMIT :page FOR UPDATE SKIP LOCKED
    )
""")


async def prune(engine: AsyncEngine, now: datetime, page: int = _PAGE) -> int:
    """Delete rises of levels and re-keyings of registries that are past; how many rows.

    Args:
        engine: of the database.
        now: the moment.
        page: rows of a transaction.

    Raises:
        StoreUnavailable: the database is away; what was deleted stays so.
    """
    counted, kept = now - _COUNTED_FOR, now - _KEPT_FOR
    rises = await delete_in_pages(engine, _RISES, page, counted_since=counted, kept_since=kept)
    return rises + await delete_in_pages(engine, _REKEYS, page, kept_since=now - _IDS_KEPT_FOR)
