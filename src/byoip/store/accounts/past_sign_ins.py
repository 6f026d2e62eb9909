"""Links and sessions by which nobody comes in any more, deleted in pages.

Text SQL: rows of a page are locked by a subquery.
"""

from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.accounts.people import REMEMBERED
from byoip.store.statements import delete_in_pages, from_text

_PAGE: Final = 1000

# One that was used, or has ended, expires too: a link within an hour, a session within twelve.
_LINKS: Final = from_text("""
    DELETE FROM sign_in_links WHERE id IN (
        SELECT id FROM sign_in_links WHERE expires_at < :since
        LIMIT :page FOR UPDATE SKIP LOCKED
    )
""")
# A person's last one stays: that an operator came once is known by it.
_SESSIONS: Final = from_text("""
    DELETE FROM browser_sessions WHERE id IN (
        SELECT id FROM browser_sessions AS past
        WHERE expires_at < :since AND EXISTS (
            SELECT FROM browser_sessions AS later WHERE later.person_id = past.person_id
                AND (later.expires_at, later.id) > (past.expires_at, past.id)
        )
        LIMIT :page FOR UPDATE SKIP LOCKED
    )
""")

_LOGOUTS: Final = from_text("""
    DELETE FROM logout_tokens WHERE token_sha256 IN (
        SELECT token_sha256 FROM logout_tokens WHERE expires_at < :since
        LIMIT :page FOR UPDATE SKIP LOCKED
    )
""")


async def prune(engine: AsyncEngine, now: datetime, page: int = _PAGE) -> int:
    """Delete links, sessions and logout tokens that expired more than a month ago; how many rows.

    Args:
        engine: of the database.
        now: the moment.
        page: rows of a transaction.

    Raises:
        StoreUnavailable: the database is away; what was deleted stays so.
    """
    since = now - REMEMBERED
    links = await delete_in_pages(engine, _LINKS, page, since=since)
    logouts = await delete_in_pages(engine, _LOGOUTS, page, since=since)
    return links + logouts + await delete_in_pages(engine, _SESSIONS, page, since=since)
