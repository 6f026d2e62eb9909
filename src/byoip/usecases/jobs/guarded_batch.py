"""How every job runs that can take something away: it lists its rows first, and is measured."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID, uuid4

from byoip.domain.customer_text import CustomerText
from byoip.domain.history import Actor
from byoip.domain.jobs.job_history import JobKind, JobRun, JobStopped, measure, objection
from byoip.ports.clock import Clock
from byoip.store.transaction import Store, Transaction
from byoip.usecases.jobs.isolate_rows import IsolatedRows

BATCH_LIMIT: Final = 10_000  # rows of one run: far more than it may act on, so floods are seen
_SAMPLE: Final = 20
_log = logging.getLogger(__name__)


async def _enrol_none(tx: Transaction, rows: Sequence[UUID]) -> None:
    """Rows that are off the list as soon as they are done need no enrolling."""


@dataclass(frozen=True, slots=True)
class New:
    """The rows to measure: those that no run has listed before, where rows stay listed for long.

    Attributes:
        rows: each with its account: one account's flood is refused by itself.
        enrol: notes that a run has them, in the transaction that writes its set down.
    """

    rows: Mapping[UUID, UUID]
    enrol: Callable[[Transaction, Sequence[UUID]], Awaitable[None]] = _enrol_none


@dataclass(frozen=True, slots=True)
class GuardedBatch:
    """Runs one kind of job over a set of rows that was listed beforehand.

    The whole set is written down before the job acts. What is out of proportion to the job's own
    past is refused until an operator lets it through; the kill switch is checked before each row;
    and a row that fails is logged and stops no other.
    """

    store: Store
    clock: Clock
    kind: JobKind

    async def __call__(
        self,
        listed: Sequence[UUID],
        act: Callable[[UUID], Awaitable[int]],
        *,
        by: Actor,
        new: New | None = None,
    ) -> int:
        """Act on each row that may be acted on; the sum of what was done.

        Args:
            listed: all rows that could be acted on now.
            act: acts on one row, in transactions of its own; how much was done.
            by: who runs the job.
            new: the rows to measure; None: all, each as an account of its own.

        Raises:
            RowsFailed: some rows failed; all others were done.
        """
        if not listed:
            return 0
        try:
            run = await self._begin(listed, new or New({row: row for row in listed}), by)
        except JobStopped:
            _log.warning("%s is stopped; it had %d rows to act on", self.kind.value, len(listed))
            return 0
        return 0 if run is None else await self._act(run, act)

    async def _act(self, run: JobRun, act: Callable[[UUID], Awaitable[int]]) -> int:
        done = acted = 0
        rows = IsolatedRows(self.kind.value)
        try:
            for row in run.ids:
                async with self.store.transaction() as tx:
                    await tx.guards.require_running(self.kind)
                many = 0
                with rows.row(row):
                    many = await act(row)
                done, acted = done + many, acted + (many > 0)
        except JobStopped:
            _log.warning("%s was stopped after %d rows", self.kind.value, acted)
        async with self.store.transaction() as tx:
            await tx.guards.acted(run.id, acted, rows.failed)
        rows.require_all_done()
        return done

    async def _begin(self, listed: Sequence[UUID], new: New, by: Actor) -> JobRun | None:
        async with self.store.transaction(actor=by) as tx:
            await tx.guards.require_running(self.kind)
            refused = await self._measured(tx, listed, new)
            acting = [row for row in listed if row not in refused]
            if not acting:
                return None
            enrolled = [row for row in acting if row in new.rows]
            run = self._run(acting, len(enrolled), by)
            await tx.guards.begin(run)
            await new.enrol(tx, enrolled)
        return run

    async def _measured(self, tx: Transaction, listed: Sequence[UUID], new: New) -> frozenset[UUID]:
        """The rows that are refused; they are written down for an operator to look at."""
        past = await tx.guards.past(self.kind)
        waiting = await tx.guards.waiting(self.kind)
        covered = waiting.let_through if waiting else frozenset()
        uncovered = {row: owner for row, owner in new.rows.items() if row not in covered}
        found = measure(uncovered, past)
        if waiting and not found.flood and not covered.isdisjoint(new.rows):
            await tx.guards.used(waiting.id, tx.now)
        refused = frozenset(new.rows) if found.flood else found.refused
        if refused:
            rows = [row for row in listed if row in refused]
            why = objection(len(rows), past)
            _log.error("%s is refused: %s", self.kind.value, why)
            await self._refuse(tx, replace(self._run(rows, len(rows), tx.actor), refused=why))
        return refused

    def _run(self, rows: Sequence[UUID], measured: int, by: Actor) -> JobRun:
        return JobRun(
            id=uuid4(),
            kind=self.kind,
            at=self.clock.now(),
            request_id=by.request_id,
            listed=len(rows),
            sample=tuple(rows[:_SAMPLE]),
            ids=tuple(rows),
            measured=measured,
        )

    async def _refuse(self, tx: Transaction, run: JobRun) -> None:
        if not await tx.guards.refuse(run):
            return  # one waits already, and operators have been told
        after = {
            "kind": run.kind.value,
            "listed": run.listed,
            "sample": [one.hex for one in run.sample],
        }
        why = CustomerText(run.refused)
        tx.record_for_operators("job.refused", why, after=after)
