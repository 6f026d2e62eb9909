"""Admission of questions to registries, in one statement where nobody was in between."""

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, timedelta
from functools import partial
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.checks.evidence import RawAnswer
from byoip.domain.checks.registry import Budget
from byoip.domain.checks.rpsl import RpslObject
from byoip.ports.checks.registry import Found, NoEntries, RegistryQuestion
from byoip.ports.checks.registry_budget import Admission, Busy, Permit, Spent
from byoip.ports.places import Places
from byoip.ports.threads import unless_short
from byoip.store.autocommit import autocommit_pool
from byoip.store.checks import registry_budget_sql as sql
from byoip.store.engine import begun
from byoip.store.statements import Session
from byoip.store.unavailable import translate_driver_errors


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
        # One question of this process after the other, and of each account in turn: so it is seldom
        # that one waits for the registry's row, and has to look again.
        self._turns: defaultdict[str, Places] = defaultdict(partial(Places, 1))

    async def admit(self, question: RegistryQuestion) -> Admission:
        """A permit, or the answer to the same question of a moment ago, or why not now."""
        asking = _asking(question)
        turns = self._turns[question.registry.key]
        await turns.take(question.account_id)
        try:
            admission = await self._admit_at_once(question, asking)
        finally:
            turns.give_back(question.account_id)
        return admission or await self._admit_after_others(question, asking)

    async def _admit_at_once(
        self, question: RegistryQuestion, asking: Mapping[str, Any]
    ) -> Admission | None:
        """A permit or the answer, in one statement; None: there is none, or others were faster."""
        budget = question.registry.budget
        rows = await self._autocommit.ask(
            sql.ADMIT,
            **asking,
            per_day=budget.per_day,
            per_minute=budget.per_minute,
            connections=budget.connections,
            lease=self._lease,
        )
        if rows and rows[0].permit is not None:
            return Permit(rows[0].permit)
        if rows and rows[0].fresh and rows[0].asked is not None:
            row, whose = rows[0], question.account_id
            return await unless_short(whose, len(row.objects), _remembered, row)
        return None

    async def _admit_after_others(
        self, question: RegistryQuestion, asking: Mapping[str, Any]
    ) -> Admission:
        """The same in a transaction, which looks again once it has the registry's row."""
        with translate_driver_errors():
            async with begun(self._engine) as connection:
                session = await Session.of(connection)
                row = await session.row(sql.LOCK, **asking)
                if row is None:
                    await session.change(sql.FIRST, **asking)
                    row = await session.row(sql.LOCK, **asking)
                if row is None or not row.fresh:
                    (row,) = await session.rows(sql.USAGE, **asking)
                everyone = _Usage(row.in_minute, row.in_day, row.everyones)
                mine = _Usage(row.my_minute, row.my_day, row.mine)
                if row.asked is None:
                    share = _share(question.registry.budget, row, everyone, mine)
                    if reason := _refusal(question, row.pause, everyone, mine, share):
                        if mine.day < share.per_day and not row.known:
                            await session.change(
                                sql.SHARE, **asking, **_counts(row, everyone, mine)
                            )
                        return reason
                    counted = _counts(row, everyone, mine, more=1)
                    (spent,) = await session.rows(sql.SPEND, **asking, **counted, lease=self._lease)
                    return Permit(spent.id)
        # Without the lock: a megabyte, as anyone may write into some registries, takes a while.
        return await unless_short(question.account_id, len(row.objects), _remembered, row)

    async def settle(
        self, permit: Permit, question: RegistryQuestion, answer: Found | NoEntries | None
    ) -> None:
        """Release the connection and cache the answer for identical questions."""
        if answer is None or not self._remember:
            await self._autocommit.ask(sql.GIVE_BACK, permit=permit.id)
            return
        exhibit = answer.exhibit
        objects = answer.objects if isinstance(answer, Found) else ()
        keeping = _key(question) | {
            "permit": permit.id,
            "asked": exhibit.asked,
            "asked_of": exhibit.of,
            "answer": exhibit.answer,
            "objects": await unless_short(
                question.account_id, len(exhibit.answer), msgspec.json.encode, objects
            ),
            "answered_at": exhibit.at,
            "remember": self._remember,
        }
        await self._autocommit.ask(sql.KEEP, **keeping)

    async def hold(self, question: RegistryQuestion, pause: timedelta) -> None:
        """Ask that registry nothing for so long; never shortens a longer pause."""
        await self._autocommit.ask(sql.HOLD, registry=question.registry.key, pause=pause)


def _asking(question: RegistryQuestion) -> dict[str, Any]:
    return _key(question) | {"account": question.account_id}


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
        connections=math.ceil(budget.connections / sql.PART_OF_CONNECTIONS),
        per_minute=max(1, budget.per_minute // (accounts + 1)),
        per_day=math.ceil(left_by_others / sql.PART_OF_DAY),
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
