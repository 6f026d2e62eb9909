"""How often one process without a database asks registries (the `RegistryBudget` port)."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from byoip.ports.checks.registry import Found, NoEntries, RegistryQuestion
from byoip.ports.checks.registry_budget import Admission, Busy, Permit, Spent
from byoip.ports.clock import Clock


@dataclass
class _Usage:
    minute: datetime | None = None
    in_minute: int = 0
    day: datetime | None = None
    in_day: int = 0
    permits: set[UUID] = field(default_factory=set)
    until: datetime | None = None


class LocalBudget:
    """Counts by minutes and days of the clock, from when the process began; remembers no answer."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._used: defaultdict[str, _Usage] = defaultdict(_Usage)

    async def admit(self, question: RegistryQuestion) -> Admission:
        """A permit, or why not now."""
        used, budget, now = self._of(question), question.registry.budget, self._clock.now()
        if used.until and now < used.until:
            return Spent(f"the registry refused us, and is left alone until {used.until:%H:%M} UTC")
        minute = now.replace(second=0, microsecond=0)
        day = minute.replace(hour=0, minute=0)
        if used.minute != minute:
            used.minute, used.in_minute = minute, 0
        if used.day != day:
            used.day, used.in_day = day, 0
        if used.in_day >= budget.per_day:
            return Spent(f"the {budget.per_day} questions of this day (UTC) are used up")
        if used.in_minute >= budget.per_minute:
            return Spent(f"the {budget.per_minute} questions of this minute are used up")
        if len(used.permits) >= budget.connections:
            return Busy()
        permit = Permit(uuid4())
        used.permits.add(permit.id)
        used.in_minute, used.in_day = used.in_minute + 1, used.in_day + 1
        return permit

    async def settle(
        self, permit: Permit, question: RegistryQuestion, answer: Found | NoEntries | None
    ) -> None:
        """Release the connection."""
        del answer
        self._of(question).permits.discard(permit.id)

    async def hold(self, question: RegistryQuestion, pause: timedelta) -> None:
        """Ask that registry nothing for so long."""
        used, until = self._of(question), self._clock.now() + pause
        used.until = max(until, used.until or until)

    def _of(self, question: RegistryQuestion) -> _Usage:
        return self._used[question.registry.key]
