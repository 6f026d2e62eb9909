"""Leases of rate limits. Text SQL: hot, one statement judges and writes under a row lock."""

from typing import Final
from uuid import UUID

from sqlalchemy import Integer, Interval, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.accounts.limits import SHARES, WINDOW, Lease
from byoip.store.autocommit import autocommit_pool
from byoip.store.statements import Session, compiled

_WHO: Final = bindparam("who", type_=Uuid)
# A row whose window is over, so that the first lease begins a new one.
_KNOW: Final = compiled(
    text("""
    INSERT INTO rate_windows (who, began_at, used) VALUES (:who, 'epoch', 0)
    ON CONFLICT (who) DO NOTHING RETURNING who
    """).bindparams(_WHO)
)
# The row is locked before it is judged, and the time is read after that: processes take turns,
# and the next one sees what is left. A window begins with the first lease after the end of the
# last one, so that not all windows end at once.
_LEASE: Final = compiled(
    text("""
    WITH kept AS MATERIALIZED (
        SELECT began_at, used FROM rate_windows WHERE who = :who FOR UPDATE
    ), timed AS MATERIALIZED (
        SELECT began_at, used, clock_timestamp() AS now FROM kept
    ), standing AS (
        SELECT now,
            CASE WHEN began_at + :length > now THEN began_at ELSE now END AS began_at,
            CASE WHEN began_at + :length > now THEN used ELSE 0 END AS used
        FROM timed
    ), granted AS MATERIALIZED (
        SELECT now, began_at, used,
            greatest(0, least(:most, greatest(1, (:limit - used) / :shares), :limit - used))
                AS permits
        FROM standing
    )
    UPDATE rate_windows SET began_at = granted.began_at, used = granted.used + granted.permits
    FROM granted WHERE who = :who
    RETURNING granted.permits, greatest(0, :limit - rate_windows.used) AS left,
        extract(epoch FROM granted.began_at + :length - granted.now)::float AS seconds_left
    """).bindparams(
        _WHO,
        bindparam("most", type_=Integer),
        bindparam("limit", type_=Integer),
        bindparam("shares", type_=Integer),
        bindparam("length", type_=Interval),
    )
)

# A credential that comes back after a day begins a new window anyway.
_PRUNE: Final = compiled(
    text("DELETE FROM rate_windows WHERE began_at < clock_timestamp() - interval '1 day'")
)


class RateWindows:
    """Permits that all API processes share; a lease is one statement, the first ever three."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._autocommit = autocommit_pool(engine)

    async def lease(self, who: UUID, *, limit: int, most: int) -> Lease:
        """Take a block of permits of the current window, of which there are `limit` in all.

        At most `most`, and no more than one of SHARES parts of what is left, so that blocks become
        small when little is left; but one, if there is one.
        """
        asked = {"who": who, "limit": limit, "most": most, "shares": SHARES, "length": WINDOW}
        rows = await self._autocommit.ask(_LEASE, **asked)
        if not rows:
            await self._autocommit.ask(_KNOW, who=who)
            rows = await self._autocommit.ask(_LEASE, **asked)
        (row,) = rows
        return Lease(row.permits, row.left, row.seconds_left)


async def prune(session: Session) -> int:
    """Drop windows that ended long ago; how many."""
    return await session.change(_PRUNE)
