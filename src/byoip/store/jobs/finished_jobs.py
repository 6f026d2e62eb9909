"""Finished jobs, deleted in pages: the statement of the queue reads all jobs and their events.

Text SQL: the queue's tables are not ours.
"""

from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.store.statements import Session, compiled
from byoip.store.unavailable import translate_driver_errors

_PAGE: Final = 1000

_DELETE: Final = compiled(
    sa.text("""
    DELETE FROM procrastinate.procrastinate_jobs WHERE id IN (
        SELECT id FROM procrastinate.procrastinate_jobs AS job
        WHERE status IN ('succeeded', 'failed', 'cancelled', 'aborted') AND NOT EXISTS (
            SELECT FROM procrastinate.procrastinate_events
            WHERE job_id = job.id AND at > now() - interval '1 day'
        ) ORDER BY id LIMIT :page FOR UPDATE SKIP LOCKED
    )
    """)
)


async def prune_finished(engine: AsyncEngine, page: int = _PAGE) -> int:
    """Delete the jobs that ended more than a day ago, well or not; how many."""
    deleted = 0
    while True:
        with translate_driver_errors():
            async with engine.begin() as connection:
                done = await (await Session.of(connection)).change(_DELETE, page=page)
        deleted += done
        if done < page:
            return deleted
