"""Theory of operation: the watcher looks at routes from outside, and tells speakers nothing.

What watches a process must not live in it: a worker that hangs raises no alarm. So one process
holds the watcher's lease (`WatchElection`), a worker that does not lead; without such a worker the
API process; without that the leader itself. It runs four tasks:

    look:     ask every listener for every settled route: which is lost? (`MonitorRoutes`); while
              all is calm slowly, in proportion to what a look takes; and more slowly while no owner
              changes anything, for then no loss is hidden from what confirms
    confirm:  is all that the last look rests on still there? If not, look again at once
    suspect:  does a worker lead at all?
    beat:     renew the lease, while looks are taken

The leader in turn says when the watcher is silent (`reconciling.py`).
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta

from byoip.domain.speakers.revision import Entries
from byoip.ports.clock import Clock
from byoip.ports.speakers.speaker import Listener, Speaker
from byoip.ports.steady_clock import boottime
from byoip.store.speakers.leased import DatabaseClock
from byoip.store.speakers.leases import LeaseLost
from byoip.store.speakers.routes import Alarm, Routes
from byoip.store.speakers.watch_election import LeaseWatch, Watch, WatchElection
from byoip.store.transaction import Store
from byoip.store.unavailable import StoreUnavailable
from byoip.usecases.speakers.monitor import MonitorRoutes
from byoip.usecases.speakers.observe import ObserveRoutes
from byoip.worker.pace import Pace
from byoip.worker.revising import Connect

_LOG = logging.getLogger(__name__)

_PAUSE_SECONDS = 1.0
_REST_SECONDS = 2.0  # between two looks, also in a storm of changes
RECONCILER_SILENT = "reconciler_silent"


@dataclass(frozen=True, slots=True)
class Watcher:
    """Watches while it runs, whenever this process holds the watcher's lease.

    Attributes:
        proposal: what this process's file says of speakers; the database says what counts.
        vanishing: how many routes may vanish within a minute before that is an alarm of its own.
        silent_after: seconds without a renewal after which the reconciler counts as silent.
    """

    election: WatchElection
    routes: Routes
    store: Store
    proposal: Entries
    connect: Connect
    listeners: Sequence[Listener] = ()
    pace: Pace = Pace()  # noqa: RUF009 - frozen
    vanishing: int = 10
    silent_after: float = 15.0

    async def run(self) -> None:
        """Run until cancelled; what fails is tried again."""
        while True:
            try:
                async with self.election.hold() as watch:
                    routes, store = self.routes.on(watch.pool), watch.store(self.store)
                    _LOG.info("Watching routes, lease %d", watch.lease.number)
                    await _Term(replace(self, routes=routes, store=store), watch).run()
            except* (LeaseLost, StoreUnavailable) as lost:
                _LOG.info("Not watching routes: %s", lost.exceptions[0])
            await asyncio.sleep(_PAUSE_SECONDS)


class _Term:
    """What runs while this process watches."""

    def __init__(self, parts: Watcher, watch: Watch) -> None:
        self._parts = parts
        self._watch = watch
        self._clock = DatabaseClock()
        observe = ObserveRoutes(parts.listeners)
        clock: Clock = self._clock
        self._monitor = MonitorRoutes(
            parts.routes, parts.store, clock, observe, vanishing=parts.vanishing
        )
        self._again = asyncio.Event()
        self._look_due = boottime()

    async def run(self) -> None:
        await self._clock.set(self._watch.pool)
        async with asyncio.TaskGroup() as tasks:
            for each in (self._beat, self._look, self._confirm, self._suspect):
                tasks.create_task(each())

    async def _speakers(self) -> Sequence[Speaker]:
        in_use = await self._parts.routes.revisions.in_use()
        known = in_use.entries if in_use else self._parts.proposal
        return [self._parts.connect(one) for one in known]

    async def _beat(self) -> None:
        lease = self._watch.lease
        while True:
            if self._look_due >= boottime() - self._parts.pace.stalled_after:
                await lease.renew()
            elif lease.ended:
                raise LeaseLost("this process hangs")
            await asyncio.sleep(lease.pause)

    async def _look(self) -> None:
        every = self._parts.pace.every.total_seconds()
        while True:
            self._again.clear()
            began, changes = boottime(), await self._parts.routes.changes()
            await self._monitor(await self._speakers())
            await self._clock.set(self._watch.pool)
            pause = longest = every
            if self._monitor.calm:
                pace, took = self._parts.pace, timedelta(seconds=boottime() - began)
                pause = longest = pace.calm(took).total_seconds()
                if self._parts.listeners:
                    longest = pace.watched(took).total_seconds()
            self._look_due = began + pause
            await asyncio.sleep(min(every / 5, _REST_SECONDS))
            while not await self._called_for() and self._look_due < began + longest:
                if await self._parts.routes.changes() != changes:
                    break
                self._look_due += pause

    async def _called_for(self) -> bool:
        """Wait until a look is due; whether one was called for before that."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._look_due - boottime()):
                return await self._again.wait()
        return False

    async def _confirm(self) -> None:
        while True:
            await asyncio.sleep(self._parts.pace.probe)
            if not await self._monitor.confirm(await self._speakers()):
                self._again.set()

    async def _suspect(self) -> None:
        leader = LeaseWatch("reconciler", self._parts.silent_after)
        known: str | None = ""
        while True:
            said = await leader.silent(self._watch.pool)
            if said != known:
                alarms = [Alarm(RECONCILER_SILENT, "reconciler", said)] if said else []
                now = self._clock.now()
                if await self._parts.routes.replace_alarms(RECONCILER_SILENT, alarms, now):
                    _LOG.error("No worker reconciles: the lease is %s", said)
                known = said
            await asyncio.sleep(self._parts.pace.probe)
