"""What every job does that can take something away: say what it would do, and be held to it."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from byoip.domain.customer_text import CustomerText
from byoip.domain.job_history import JobKind, JobRun, JobStopped, objection
from byoip.ports.clock import Clock
from byoip.ports.operating import OperatorEvent
from byoip.ports.store import By, Shelf, Store

AT_ONCE: Final = 10_000  # listed by one run: far more than it may act on, so that floods are seen
_SAMPLE: Final = 20
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class MeasuredRun:
    """Runs one kind of job over a set of rows that was listed before.

    The set is written down before anything is done. One out of proportion to the job's own past
    is refused until an operator lets it through, and the kill switch is asked before each row.
    """

    store: Store
    clock: Clock
    kind: JobKind

    async def __call__(
        self, listed: Sequence[UUID], act: Callable[[UUID], Awaitable[int]], *, by: By
    ) -> int:
        """Act on each row that is still what it was; the sum of what was done."""
        if not listed:
            return 0
        try:
            run = await self._begin(listed, by)
        except JobStopped:
            _log.warning("%s is stopped; it had %d rows to act on", self.kind.value, len(listed))
            return 0
        return 0 if run is None else await self._act(run, listed, act)

    async def _act(
        self, run: JobRun, listed: Sequence[UUID], act: Callable[[UUID], Awaitable[int]]
    ) -> int:
        done = acted = 0
        try:
            for row in listed:
                async with self.store.transaction() as shelf:
                    await shelf.guards.demand_running(self.kind)
                many = await act(row)
                done, acted = done + many, acted + (many > 0)
        except JobStopped:
            _log.warning("%s was stopped after %d rows", self.kind.value, acted)
        async with self.store.transaction() as shelf:
            await shelf.guards.acted(run.id, acted)
        return done

    async def _begin(self, listed: Sequence[UUID], by: By) -> JobRun | None:
        now = self.clock.now()
        sample = tuple(listed[:_SAMPLE])
        run = JobRun(uuid4(), self.kind, now, by.request_id, len(listed), sample)
        async with self.store.transaction() as shelf:
            await shelf.guards.demand_running(self.kind)
            why = objection(len(listed), await shelf.guards.past(self.kind))
            if not why or await self._let_through(shelf, len(listed), now):
                await shelf.guards.begin(run)
                return run
            await self._refuse(shelf, run, why, by)
        _log.error("%s is refused: %s", self.kind.value, why)
        return None

    async def _let_through(self, shelf: Shelf, many: int, now: datetime) -> bool:
        waiting = await shelf.guards.waiting(self.kind)
        if waiting is None or not waiting.lets_through(many):
            return False
        await shelf.guards.used(waiting.id, now)
        return True

    async def _refuse(self, shelf: Shelf, run: JobRun, why: str, by: By) -> None:
        refused = JobRun(
            run.id, run.kind, run.at, run.request_id, run.listed, run.sample, refused=why
        )
        if not await shelf.guards.refuse(refused):
            return  # one waits already: it was said
        after = {
            "kind": run.kind.value,
            "listed": run.listed,
            "sample": [one.hex for one in run.sample],
        }
        event = OperatorEvent(
            "job.refused", by.actor, by.request_id, CustomerText(why), run.at, after=after
        )
        await shelf.operating.events.add(event)
