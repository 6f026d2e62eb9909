"""The job that watches whether what was proven is still so. It never withdraws a route."""

import asyncio
from collections import deque
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from byoip.domain.claims.claim import ClaimNotFound
from byoip.domain.history import Actor
from byoip.domain.watch.levels import Signal
from byoip.domain.watch.rises import RiseState
from byoip.domain.watch.validity import begun_again
from byoip.ports.clock import Clock
from byoip.store.transaction import Store
from byoip.store.watch.views import DecidedRise
from byoip.usecases.jobs.isolate_rows import IsolatedRows, each
from byoip.usecases.watch.hear_roas import HearRoas
from byoip.usecases.watch.hear_statistics import HearStatistics
from byoip.usecases.watch.keep_proofs import KeepProofs
from byoip.usecases.watch.levels import note
from byoip.usecases.watch.lift import carried_out
from byoip.usecases.watch.look import Look

_AT_ONCE = 500
# One whose servers are silent takes 20 s: a thousand of them leave a day time for the others.
_TOGETHER = 8
_LISTED = 5000  # more than are looked at in a run; what becomes due meanwhile is the next run's


@dataclass(frozen=True, slots=True)
class WatchPrefixes:
    """Hear new ROA data and statistics, and look at the prefixes whose turn it is.

    Attributes:
        new_ones: no look begins after so many first looks: thousands may be approved in a minute.
        seconds: no look begins later than this after the run began: the next run goes on. ROA data
            is heard for a quarter of it at most, statistics until the half, and proofs are kept
            until three quarters of it.
    """

    store: Store
    clock: Clock
    hear_roas: HearRoas
    hear_statistics: HearStatistics
    look: Look
    keep_proofs: KeepProofs
    new_ones: int = 100
    seconds: float = 40.0

    async def __call__(self, *, by: Actor) -> int:
        """One run; how many prefixes were looked at. What one part cannot read stops no other."""
        began = asyncio.get_running_loop().time()
        rows, looked = IsolatedRows("watch_prefixes"), list[UUID]()
        await each(
            "watch_prefixes",
            partial(self._carry_out_all, rows, by),
            partial(self.hear_roas, rows, began + self.seconds / 4, by=by),
            partial(self.hear_statistics, rows, began + self.seconds / 2, by=by),
            partial(self.keep_proofs, rows, began + self.seconds * 3 / 4, by=by),
            partial(self._look, rows, began + self.seconds, by, looked),
        )
        rows.require_all_done()
        return len(looked)

    async def _look(self, rows: IsolatedRows, until: float, by: Actor, looked: list[UUID]) -> None:
        new: list[UUID] = []
        async with self.store.transaction() as tx:
            due = deque(await tx.watches.due(self.clock.now(), _LISTED))
        async with asyncio.TaskGroup() as tasks:
            for _ in range(_TOGETHER):
                tasks.create_task(self._take(rows, until, by, due, new, looked))

    async def _take(
        self,
        rows: IsolatedRows,
        until: float,
        by: Actor,
        due: deque[UUID],
        new: list[UUID],
        looked: list[UUID],
    ) -> None:
        """Look at one prefix after the other."""
        time = asyncio.get_running_loop().time
        while due and time() < until and len(new) < self.new_ones:
            claim_id = due.popleft()
            async with self.store.transaction() as tx:
                first = await tx.watches.take(claim_id, self.clock.now())
            if first is None:
                continue
            new += [claim_id] if first else []
            with rows.row(claim_id, (Exception,)):  # where the database is away, `take` says so
                await self.look(claim_id, by=by)
            looked.append(claim_id)

    async def _carry_out_all(self, rows: IsolatedRows, by: Actor) -> None:
        async with self.store.transaction() as tx:
            decided = await tx.watches.decided(_AT_ONCE)
        for one in decided:
            with rows.row(one.claim_id):
                await self._carry_out(one, by)

    async def _carry_out(self, rise: DecidedRise, by: Actor) -> None:
        async with self.store.transaction(actor=by) as tx:
            try:
                claim = await tx.claims.lock(rise.claim_id)
            except ClaimNotFound:
                await tx.watches.settle(rise.claim_id, rise.signal, tx.now)
                return
            watch = (await tx.watches.of(claim.id)).get(rise.signal)
            if rise.signal is Signal.PROOF and rise.state is RiseState.DROPPED:
                claim = begun_again(claim, tx.now)
                await tx.claims.save(claim)
            if watch is not None and watch.failing and claim.approved:
                await note(tx, claim, watch, carried_out(watch, rise.level, rise.state))
            await tx.watches.settle(claim.id, rise.signal, tx.now)  # if nothing else did
