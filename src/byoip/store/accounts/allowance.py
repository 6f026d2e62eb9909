"""Permits per minute of single operations. Text SQL: one statement on each such request."""

from math import ceil
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.store.engine import autocommitting
from byoip.store.statements import Session, compiled
from byoip.store.unavailable import translate_driver_errors

# The generic cell rate algorithm (ITU-T I.371): each permit moves `spent_until` one step ahead of
# the clock; it may be at most a minute ahead. So a whole minute's permits may be spent at once,
# then one each step. The database's clock, as all processes share it.
_SPEND: Final = text("""
    WITH asked AS (
        SELECT clock_timestamp() AS now, make_interval(secs => :step) AS step
    ), spent AS (
        INSERT INTO allowances AS kept (what, who, spent_until)
        SELECT :what, :who, now + step FROM asked
        ON CONFLICT (what, who) DO UPDATE
        SET spent_until = greatest(kept.spent_until, clock_timestamp())
            + make_interval(secs => :step)
        WHERE greatest(kept.spent_until, clock_timestamp())
            + make_interval(secs => :step) <= clock_timestamp() + interval '1 minute'
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM spent) AS granted,
        (SELECT extract(epoch FROM kept.spent_until + step - interval '1 minute' - now)
            FROM allowances kept WHERE what = :what AND who = :who) AS wait
    FROM asked
    """)


# A row in the past means the same as no row.
_PRUNE: Final = compiled(text("DELETE FROM allowances WHERE spent_until < clock_timestamp()"))


class Allowance:
    """Permits per minute that all processes share."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = autocommitting(engine)

    async def spend(self, what: str, who: UUID, *, per_minute: int) -> int | None:
        """Take one permit: None if granted, else seconds until the next; one statement."""
        asked = {"what": what, "who": who, "step": 60 / per_minute}
        with translate_driver_errors():
            async with self._engine.connect() as connection:
                row = (await connection.execute(_SPEND, asked)).one()
        return None if row.granted else max(1, ceil(row.wait or 1))


async def prune(session: Session) -> int:
    """Drop rows that are past; gives how many."""
    return await session.change(_PRUNE)
