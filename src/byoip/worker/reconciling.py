"""Theory of operation: the reconciler makes speakers hold what owners want.

One process leads: it holds a lease (`LeaderElection`). For its term it runs a task for each
speaker, so that none waits for another, and eight tasks beside them:

    bgp_prefixes ─NOTIFY─▶ listen ──▶ speaker task ──▶ speaker ──BGP──▶ peers, listeners
      (desired)                         ▲      │          │                  │
                        open the stage  │      │applied   │ADJ-RIB-Out       │sees
                                        │      ▼          ▼                  ▼
                                      advance: was each change seen at its stage?
                                      warn:    speakers that do not answer, a silent watcher
                                      keep:    snapshots, the database's clock
                                      beat:    renew the lease, while the tasks make progress
                                      revise:  which settings count, and how far do new ones get
                                      drain:   what do people take out of service
                                      follow:  what do workers find that compare (`comparing.py`)

A speaker task starts with a full sync (ask what the speaker holds, correct that, let its sessions
come up), repeats it after a restart, after a change that it was not told, and slowly otherwise; in
between it tells changes. All that matters is in the database: a process may die at any moment, and
the next leader starts again with full syncs. Without database or leadership no speaker is told
anything: routes stay as they are.

A process may also be frozen at any moment, and go on later. Its lease then ends, another process
takes it over, and the database refuses all that the frozen one writes (`Leadership.store`, `pool`).
No speaker is told anything more by it, for each call to a speaker ends before the lease does. What
was on its way may still arrive: so the next leader waits for the longest call, compares in full,
and again ten seconds later. Another process looks at what is seen from outside: `watching.py`.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from byoip.domain.speakers.revision import Entries
from byoip.ports.clock import Clock
from byoip.ports.speakers.speaker import Listener
from byoip.ports.steady_clock import SteadyClock
from byoip.ports.supervising import end, supervised
from byoip.store.speakers.leader_election import LeaderElection, Leadership
from byoip.store.speakers.leased import DatabaseClock
from byoip.store.speakers.leases import LeaseLost
from byoip.store.speakers.routes import Routes
from byoip.store.transaction import Store
from byoip.store.unavailable import StoreUnavailable
from byoip.worker.comparing import Comparing
from byoip.worker.leading import Parts, ReachesNone, Term
from byoip.worker.pace import Pace
from byoip.worker.recognising import recognise_database
from byoip.worker.revising import (
    Connect,
    Proposing,
    Renewed,
    told,
)

_LOG = logging.getLogger(__name__)

_PAUSE_SECONDS = 1.0  # before it tries to lead again
_END_SECONDS = 10.0
_OTHERS_SECONDS = 3.0  # the same after a turn without speakers: the others look each second


@dataclass(frozen=True, slots=True)
class Reconciler:
    """Reconciles while it runs, whenever this process leads.

    Attributes:
        clock: what moments on record are stamped with, before this process knows the database's.
        steady: what counts pauses; it cannot be set.
        proposal: what this process's file says of speakers; the database says what counts.
        silent_after: seconds without a renewal after which the watcher counts as silent.
        leading: set while this process leads.
    """

    election: LeaderElection
    routes: Routes
    store: Store
    clock: Clock
    proposal: Entries
    connect: Connect
    listeners: Sequence[Listener] = ()
    pace: Pace = Pace()  # noqa: RUF009 - frozen
    steady: Clock = SteadyClock()  # noqa: RUF009 - has no state
    silent_after: float = 15.0
    leading: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Run until cancelled; what fails is tried again.

        A cancellation that meets a fault may be lost. It is tried again (`cli/stopping.py`), and
        each must get through to what leads: a group of tasks would pass on just the first.
        """
        comparing = Comparing(self.routes, self.connect, self.pace, self.leading, self.silent_after)
        proposing = Proposing(self.routes.revisions, self.proposal)
        beside = [
            asyncio.create_task(supervised("Proposing settings", proposing.run)),
            asyncio.create_task(supervised("Comparing speakers", comparing.run)),
        ]
        try:
            await self._reconcile()
        finally:
            await end(beside, seconds=_END_SECONDS)

    async def _reconcile(self) -> None:
        while True:
            pause = _PAUSE_SECONDS
            try:
                async with self.election.hold() as leadership:
                    await self._lead(leadership)
            except* (LeaseLost, StoreUnavailable) as lost:
                _LOG.warning("Not reconciling, routes stay as they are: %s", lost.exceptions[0])
            except* ReachesNone:
                _LOG.warning("This process reaches no speaker, and lets another one try")
                pause = _OTHERS_SECONDS
            await asyncio.sleep(pause)

    async def _lead(self, leadership: Leadership) -> None:
        routes, store = self.routes.on(leadership.pool), leadership.store(self.store)
        await recognise_database(leadership, store)
        clock = DatabaseClock()
        await clock.set(leadership.pool)
        parts = Parts(
            *(routes, store, clock, self.steady, self.listeners, self.pace, self.silent_after)
        )
        self.leading.set()
        try:
            while True:
                by = await told(routes.revisions, self.proposal, self.connect)
                try:
                    await Term(parts, by, leadership, clock).run()
                except* Renewed:
                    _LOG.info("There is news of the settings of speakers")
        finally:
            self.leading.clear()
