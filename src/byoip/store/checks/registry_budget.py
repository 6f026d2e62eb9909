"""Admission of questions to registries.

Text SQL: hot, all workers take turns under a lock of the registry (`benchmarks/throughput.py`).
"""

import math
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.checks.evidence import RawAnswer
from byoip.domain.checks.registry import Budget
from byoip.domain.checks.rpsl import RpslObject
from byoip.ports.checks.registry import Found, NoEntries, RegistryQuestion
from byoip.ports.checks.registry_budget import Admission, Busy, Permit, Spent
from byoip.ports.threads import in_thread
from byoip.store.autocommit import autocommit_pool
from byoip.store.engine import begun
from byoip.store.statements import Session, from_text
from byoip.store.unavailable import translate_driver_errors

# All times are the database's: workers on several machines share one budget. clock_timestamp(),
# since now() stands still while a transaction waits for a lock. A crash may forget the last moment
# of these tables (synchronous_commit): no worker waits for the disk while a registry is locked.

_FIRST: Final = from_text(
    "INSERT INTO registry_budgets (registry) VALUES (:registry) ON CONFLICT DO NOTHING"
)

# Counts of an earlier minute or day are past.
_USAGE_TEXT: Final = """
    WITH {first} clock AS MATERIALIZED (
        SELECT now, date_trunc('minute', now, 'UTC') AS minute, date_trunc('day', now, 'UTC') AS day
        FROM {clock}
    ), leases AS (
        SELECT count(*) AS everyones, count(*) FILTER (WHERE account_id = :account) AS mine
        FROM registry_leases, clock WHERE registry = :registry AND expires_at > now
    )
    SELECT clock.minute, clock.day,
        extract(epoch FROM budget.paused_until - now) AS pause,
        CASE budget.minute WHEN clock.minute THEN budget.asked_in_minute ELSE 0 END AS in_minute,
        CASE budget.day WHEN clock.day THEN budget.asked_in_day ELSE 0 END AS in_day,
        leases.everyones,
        CASE share.minute WHEN clock.minute THEN share.asked_in_minute ELSE 0 END AS my_minute,
        CASE share.day WHEN clock.day THEN share.asked_in_day ELSE 0 END AS my_day,
        leases.mine, share.minute IS NOT DISTINCT FROM clock.minute AS known,
        (
            SELECT count(*) FROM registry_shares other
            WHERE other.registry = budget.registry AND other.account_id <> :account
                AND other.minute >= clock.minute - interval '1 minute'
        ) AS others_asking,
        kept.asked, kept.asked_of, kept.answer, kept.objects, kept.answered_at,
        {fresh} AS fresh
    FROM clock, leases, registry_budgets budget
    LEFT JOIN registry_shares share
        ON share.registry = budget.registry AND share.account_id = :account
    LEFT JOIN registry_answers kept
        ON kept.registry = budget.registry AND kept.lookup = :lookup
        AND kept.prefix = CAST(:prefix AS cidr) AND kept.kept_until > clock_timestamp()
    WHERE budget.registry = :registry
"""
# A statement sees what was committed when it began, and this one may wait for the lock. All that
# counts questions changes the registry's row, too: where that is as it was, so is all the rest.
_LOCK: Final = from_text(
    _USAGE_TEXT.format(
        first="""seen AS MATERIALIZED (
        SELECT xmin AS version FROM registry_budgets WHERE registry = :registry
    ), locked AS MATERIALIZED (
        SELECT xmin AS version, set_config('synchronous_commit', 'off', true)
        FROM registry_budgets WHERE registry = :registry FOR UPDATE
    ),""",
        clock="(SELECT clock_timestamp() AS now FROM locked OFFSET 0) AS since",
        fresh="(SELECT seen.version = locked.version FROM seen, locked)",
    )
)
_USAGE: Final = from_text(
    _USAGE_TEXT.format(first="", clock="clock_timestamp() AS now", fresh="true")
)

_SHARE_TEXT: Final = """
    INSERT INTO registry_shares
        (registry, account_id, minute, asked_in_minute, day, asked_in_day)
    VALUES (:registry, :account, :minute, :minute_mine, :day, :day_mine)
    ON CONFLICT (registry, account_id) DO UPDATE
    SET minute = excluded.minute, asked_in_minute = excluded.asked_in_minute,
        day = excluded.day, asked_in_day = excluded.asked_in_day
"""
_SHARE: Final = from_text(f"""
    WITH counted AS (UPDATE registry_budgets SET registry = registry WHERE registry = :registry)
    {_SHARE_TEXT}
""")  # noqa: S608 - of constants

# Clearing away skips what another worker is just giving back or keeping: who holds the registry's
# row does not wait.
_SPEND: Final = from_text(f"""
    WITH spent AS (
        UPDATE registry_budgets
        SET minute = :minute, asked_in_minute = :minute_everyones,
            day = :day, asked_in_day = :day_everyones
        WHERE registry = :registry
    ), shared AS ({_SHARE_TEXT}
    ), expired AS (
        DELETE FROM registry_leases WHERE id IN (
            SELECT id FROM registry_leases
            WHERE registry = :registry AND expires_at <= clock_timestamp()
            FOR UPDATE SKIP LOCKED)
    ), stale AS (
        DELETE FROM registry_answers WHERE (registry, lookup, prefix) IN (
            SELECT registry, lookup, prefix FROM registry_answers
            WHERE registry = :registry AND kept_until <= clock_timestamp()
            FOR UPDATE SKIP LOCKED)
    )
    INSERT INTO registry_leases (registry, account_id, expires_at)
    VALUES (:registry, :account, clock_timestamp() + :lease)
    RETURNING id
""")  # noqa: S608 - of constants

_GIVE_BACK: Final = from_text("""
    WITH returned AS (DELETE FROM registry_leases WHERE id = :permit)
    SELECT set_config('synchronous_commit', 'off', true)
""")

_KEEP: Final = from_text("""
    WITH returned AS (DELETE FROM registry_leases WHERE id = :permit)
    INSERT INTO registry_answers (registry, lookup, prefix, asked, asked_of, answer, objects,
        answered_at, kept_until)
    SELECT :registry, :lookup, CAST(:prefix AS cidr), :asked, :asked_of, :answer, :objects,
        :answered_at, clock_timestamp() + :remember
    FROM set_config('synchronous_commit', 'off', true)
    ON CONFLICT (registry, lookup, prefix) DO UPDATE
    SET asked = excluded.asked, asked_of = excluded.asked_of, answer = excluded.answer,
        objects = excluded.objects, answered_at = excluded.answered_at,
        kept_until = excluded.kept_until
    RETURNING registry
""")

_HOLD: Final = from_text("""
    INSERT INTO registry_budgets AS budget (registry, paused_until)
    VALUES (:registry, clock_timestamp() + :pause)
    ON CONFLICT (registry) DO UPDATE
    SET paused_until = greatest(budget.paused_until, excluded.paused_until)
    RETURNING registry
""")


# One account gets half of the connections, rounded up. A minute is parted among those that asked
# in this one or the last, or wanted to, and one part is left for the next that comes. Of a day,
# which is not free again soon, an account gets a tenth of what the others have left: a dozen
# accounts, all of one customer perhaps, must not leave others without a registry until midnight.
_PART_OF_CONNECTIONS: Final = 2
_PART_OF_DAY: Final = 10


@dataclass(frozen=True, slots=True)
class _Usage:
    """What has been asked in this minute and day, and how many connections are in use."""

    minute: int
    day: int
    connections: int

    def exceeds(self, budget: Budget, *, whose: str) -> Spent | Busy | None:
        """Why one more question would be too many; None if it would not."""
        if self.day >= budget.per_day:
            return Spent(f"{whose} {budget.per_day} questions of this day (UTC) are used up")
        if self.minute >= budget.per_minute:
            return Spent(f"{whose} {budget.per_minute} questions of this minute are used up")
        return Busy() if self.connections >= budget.connections else None


class PostgresRegistryBudget:
    """Keeps the budgets of all registries, for all workers on this database.

    Minutes and days are those of the clock (UTC), not sliding: twice a minute's questions may
    fall together where two minutes meet.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        lease: timedelta = timedelta(seconds=30),
        remember: timedelta = timedelta(seconds=60),
    ) -> None:
        """Take how long a connection is counted (longer than any deadline) and answers are kept."""
        self._engine = engine
        self._autocommit = autocommit_pool(engine)
        self._lease = lease
        self._remember = remember

    async def admit(self, question: RegistryQuestion) -> Admission:
        """A permit, or the answer to the same question of a moment ago, or why not now."""
        asking = _key(question) | {"account": question.account_id}
        with translate_driver_errors():
            async with begun(self._engine) as connection:
                session = await Session.of(connection)
                row = await session.row(_LOCK, **asking)
                if row is None:
                    await session.change(_FIRST, **asking)
                    row = await session.row(_LOCK, **asking)
                if row is None or not row.fresh:
                    (row,) = await session.rows(_USAGE, **asking)
                everyone = _Usage(row.in_minute, row.in_day, row.everyones)
                mine = _Usage(row.my_minute, row.my_day, row.mine)
                if row.asked is None:
                    share = _share(question.registry.budget, row, everyone, mine)
                    if reason := _refusal(question, row.pause, everyone, mine, share):
                        if mine.day < share.per_day and not row.known:
                            await session.change(_SHARE, **asking, **_counts(row, everyone, mine))
                        return reason
                    counted = _counts(row, everyone, mine, more=1)
                    (spent,) = await session.rows(_SPEND, **asking, **counted, lease=self._lease)
                    return Permit(spent.id)
        # Without the lock: a megabyte, as anyone may write into some registries, takes a while.
        return await in_thread(question.account_id, _remembered, row)

    async def settle(
        self, permit: Permit, question: RegistryQuestion, answer: Found | NoEntries | None
    ) -> None:
        """Release the connection and cache the answer for identical questions."""
        if answer is None or not self._remember:
            await self._autocommit.ask(_GIVE_BACK, permit=permit.id)
            return
        exhibit = answer.exhibit
        objects = answer.objects if isinstance(answer, Found) else ()
        keeping = _key(question) | {
            "permit": permit.id,
            "asked": exhibit.asked,
            "asked_of": exhibit.of,
            "answer": exhibit.answer,
            "objects": await in_thread(question.account_id, msgspec.json.encode, objects),
            "answered_at": exhibit.at,
            "remember": self._remember,
        }
        await self._autocommit.ask(_KEEP, **keeping)

    async def hold(self, question: RegistryQuestion, pause: timedelta) -> None:
        """Ask that registry nothing for so long; never shortens a longer pause."""
        await self._autocommit.ask(_HOLD, registry=question.registry.key, pause=pause)


def _key(question: RegistryQuestion) -> dict[str, Any]:
    return {
        "registry": question.registry.key,
        "lookup": question.lookup.value,
        "prefix": str(question.prefix),
    }


def _remembered(row: Any) -> Found | NoEntries:
    exhibit = RawAnswer(row.asked, row.asked_of, row.answer, row.answered_at.astimezone(UTC))
    objects = msgspec.json.decode(row.objects, type=tuple[RpslObject, ...])
    return Found(objects, exhibit) if objects else NoEntries(exhibit)


def _share(budget: Budget, row: Any, everyone: _Usage, mine: _Usage) -> Budget:
    """What one account may ask, as things stand."""
    accounts = row.others_asking + 1
    left_by_others = budget.per_day - (everyone.day - mine.day)
    return Budget(
        connections=math.ceil(budget.connections / _PART_OF_CONNECTIONS),
        per_minute=max(1, budget.per_minute // (accounts + 1)),
        per_day=math.ceil(left_by_others / _PART_OF_DAY),
    )


def _refusal(
    question: RegistryQuestion, pause: float, everyone: _Usage, mine: _Usage, share: Budget
) -> Spent | Busy | None:
    if pause > 0:
        left = math.ceil(pause)
        return Spent(f"the registry refused us and is left alone for {left} s")
    budget = question.registry.budget
    return everyone.exceeds(budget, whose="the registry's") or mine.exceeds(
        share, whose="this account's"
    )


def _counts(row: Any, everyone: _Usage, mine: _Usage, *, more: int = 0) -> dict[str, Any]:
    """What will have been asked; of one that is refused only that it wants to ask."""
    return {
        "minute": row.minute,
        "day": row.day,
        "minute_everyones": everyone.minute + more,
        "day_everyones": everyone.day + more,
        "minute_mine": mine.minute + more,
        "day_mine": mine.day + more,
    }
