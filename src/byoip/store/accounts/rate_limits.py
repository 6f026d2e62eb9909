"""Permits that all API processes share: leases of rate limits, and permits of single operations.

Text SQL: hot, on each such request one statement judges and writes under a row lock.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.accounts.limits import SHARES, WINDOW, Lease
from byoip.store.autocommit import autocommit_pool
from byoip.store.statements import Session, Statement, from_text
from byoip.store.unavailable import translate_driver_errors

# A row whose window is over, so that the first lease begins a new one; not one so old that `prune`
# would delete it before that lease.
_KNOW: Final = from_text(
    """
    INSERT INTO rate_windows (who, began_at, used) VALUES (:who, clock_timestamp() - :length, 0)
    ON CONFLICT (who) DO NOTHING RETURNING who
    """,
    who=sa.Uuid,
    length=sa.Interval,
)
# The row is locked before it is judged, and the time is read after that: processes take turns,
# and the next one sees what is left. A window begins with the first lease after the end of the
# last one, so that not all windows end at once.
_LEASE: Final = from_text(
    """
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
    """,
    who=sa.Uuid,
    most=sa.Integer,
    limit=sa.Integer,
    shares=sa.Integer,
    length=sa.Interval,
)

# The generic cell rate algorithm (ITU-T I.371): each permit moves `spent_until` one step ahead of
# the clock; it may be at most `ahead` of it. So as many permits may be spent at once, then one
# each step. The database's clock, as all processes share it.
_SPENT: Final = """
    spent_{n} AS (
        INSERT INTO allowances AS kept (what, who, spent_until)
        SELECT :what_{n}, :who, clock_timestamp() + make_interval(secs => :step_{n}) {after}
        ON CONFLICT (what, who) DO UPDATE
        SET spent_until = greatest(kept.spent_until, clock_timestamp())
            + make_interval(secs => :step_{n})
        WHERE greatest(kept.spent_until, clock_timestamp()) + make_interval(secs => :step_{n})
            <= clock_timestamp() + make_interval(secs => :ahead_{n})
        RETURNING 1
    )"""
_GRANTED: Final = """
    (SELECT count(*) FROM spent_{n}) AS granted_{n},
    (SELECT extract(epoch FROM kept.spent_until + make_interval(secs => :step_{n})
        - make_interval(secs => :ahead_{n}) - clock_timestamp())
        FROM allowances kept WHERE what = :what_{n} AND who = :who) AS wait_{n}"""


@lru_cache
def _spending(many: int) -> Statement:
    """So many kinds of permits, each only where that before it was granted."""
    spent, granted = [], []
    for n in range(many):
        after = f"WHERE EXISTS (SELECT FROM spent_{n - 1})" if n else ""
        spent.append(_SPENT.format(n=n, after=after))
        granted.append(_GRANTED.format(n=n))
    return from_text(f"WITH {','.join(spent)} SELECT {','.join(granted)}")


# A credential that comes back after a day begins a new window anyway; a permit in the past means
# the same as no row. In pages: who has a /32 of IPv6 is four billion clients, each with permits of
# its own. What a statement is spending from, of several kinds at once, is left for the next time.
_PRUNE_PAGE: Final = 10_000
_PRUNE: Final = tuple(
    from_text(f"""
        DELETE FROM {table} WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM {table} WHERE {past} LIMIT :page FOR UPDATE SKIP LOCKED
        ))
    """)  # noqa: S608 - of constants
    for table, past in (
        ("rate_windows", "began_at < clock_timestamp() - interval '1 day'"),
        ("allowances", "spent_until < clock_timestamp()"),
    )
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
            await self._autocommit.ask(_KNOW, who=who, length=WINDOW)
            rows = await self._autocommit.ask(_LEASE, **asked)
        (row,) = rows
        return Lease(row.permits, row.left, row.seconds_left)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Permits for something: those of so many minutes may be taken at once."""

    what: str
    per_minute: float
    minutes: int = 1
    permits: int = 1


class Allowance:
    """Permits per minute that all processes share."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._autocommit = autocommit_pool(engine)

    async def spend(
        self, what: str, who: UUID, *, per_minute: float, minutes: int = 1, permits: int = 1
    ) -> int | None:
        """Take so many permits or none: None if granted, else seconds to wait; one statement.

        The permits of so many minutes may be taken at once.
        """
        refused = await self.spend_each(who, Wanted(what, per_minute, minutes, permits))
        return None if refused is None else refused[1]

    async def spend_each(self, who: UUID, *wanted: Wanted) -> tuple[Wanted, int] | None:
        """Take them in this order, until some are refused: those, and seconds to wait for them.

        One statement.
        """
        asked: dict[str, object] = {"who": who}
        for n, one in enumerate(wanted):
            asked |= {
                f"what_{n}": one.what,
                f"step_{n}": one.permits * 60 / one.per_minute,
                f"ahead_{n}": 60 * one.minutes,
            }
        (row,) = await self._autocommit.ask(_spending(len(wanted)), **asked)
        for one, granted, wait in zip(wanted, row[::2], row[1::2], strict=True):
            if not granted:
                return one, max(1, ceil(wait or 1))
        return None


async def prune(engine: AsyncEngine, page: int = _PRUNE_PAGE) -> int:
    """Drop windows that ended long ago, and permits that are past; how many."""
    total = 0
    for one in _PRUNE:
        dropped = page
        while dropped == page:
            with translate_driver_errors():
                async with engine.begin() as connection:
                    dropped = await (await Session.of(connection)).change(one, page=page)
            total += dropped
    return total
