"""Theory of operation: the reconciler makes speakers hold what owners want.

One process leads: it holds a lease (`LeaderElection`). For its term it runs a task for each
speaker, so that none waits for another, and seven tasks beside them:

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
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import UUID

from byoip.domain.speakers.revision import Entries
from byoip.ports.clock import Clock
from byoip.ports.speakers.speaker import Listener
from byoip.ports.steady_clock import SteadyClock, boottime
from byoip.store.speakers.leader_election import LeaderElection, Leadership
from byoip.store.speakers.leased import DatabaseClock
from byoip.store.speakers.leases import LeaseLost
from byoip.store.speakers.routes import Alarm, Routes
from byoip.store.speakers.watch_election import LeaseWatch
from byoip.store.transaction import Store
from byoip.store.unavailable import StoreUnavailable
from byoip.usecases.speakers.acceptance import ALARMS
from byoip.usecases.speakers.carry_out_drains import DRAINED
from byoip.usecases.speakers.observe import ObserveRoutes
from byoip.usecases.speakers.open_sessions import OPENING_ALARMS, Witnesses
from byoip.usecases.speakers.stage_changes import StageChanges
from byoip.usecases.speakers.sync_speaker import SyncSpeaker
from byoip.usecases.speakers.travel import TravelRevision
from byoip.worker.draining import Draining
from byoip.worker.pace import Pace
from byoip.worker.recognising import recognise_database
from byoip.worker.revising import (
    SETTINGS_ALARMS,
    Connect,
    Proposing,
    Renewed,
    Revising,
    SpeakerPart,
    Told,
    told,
)
from byoip.worker.speaker_alarms import fed_by_one, speakers_down, unreleased
from byoip.worker.speaker_task import SpeakerTask

_LOG = logging.getLogger(__name__)

_PAUSE_SECONDS = 1.0  # before it tries to lead again
_OTHERS_SECONDS = 3.0  # the same after a turn without speakers: the others look each second
_WARN_SECONDS = 0.5  # between two looks for alarms
_SOONEST_SECONDS = 0.01  # at first, between two looks for the same change
_SNAPSHOT_EVERY = timedelta(minutes=1)


class _ReachesNone(Exception):  # noqa: N818 - a state of affairs: another process may reach some
    """No speaker has answered this process for long."""


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
        proposing = asyncio.create_task(Proposing(self.routes.revisions, self.proposal).run())
        try:
            await self._reconcile()
        finally:
            proposing.cancel()
            await asyncio.wait([proposing])

    async def _reconcile(self) -> None:
        while True:
            pause = _PAUSE_SECONDS
            try:
                async with self.election.hold() as leadership:
                    await self._lead(leadership)
            except* (LeaseLost, StoreUnavailable) as lost:
                _LOG.warning("Not reconciling, routes stay as they are: %s", lost.exceptions[0])
            except* _ReachesNone:
                _LOG.warning("This process reaches no speaker, and lets another one try")
                pause = _OTHERS_SECONDS
            await asyncio.sleep(pause)

    async def _lead(self, leadership: Leadership) -> None:
        routes, store = self.routes.on(leadership.pool), leadership.store(self.store)
        await recognise_database(leadership, store)
        clock = DatabaseClock()
        await clock.set(leadership.pool)
        parts = replace(self, routes=routes, store=store, clock=clock)
        self.leading.set()
        try:
            while True:
                by = await told(routes.revisions, self.proposal, self.connect)
                try:
                    await _Term(parts, by, leadership, clock).run()
                except* Renewed:
                    _LOG.info("There is news of the settings of speakers")
        finally:
            self.leading.clear()


class _Term:
    """What runs while this process leads."""

    def __init__(
        self, parts: Reconciler, by: Told, leadership: Leadership, clock: DatabaseClock
    ) -> None:
        self._parts = parts
        self._by = by
        self._clock = clock
        self._leadership = leadership
        observe = ObserveRoutes(parts.listeners)
        self._stages = StageChanges(
            *(parts.routes, parts.store, parts.clock, parts.steady, observe),
            first=min(one.stage for one in by.parts),
            absent_for=parts.pace.absent_for,
        )
        revisions, patience = parts.routes.revisions, parts.pace.absent_for.total_seconds()
        travel = TravelRevision(by.in_use, revisions, parts.store, parts.routes, observe, patience)
        self._revising = Revising(by, revisions, travel, parts.store)
        self._draining = Draining(parts.routes, parts.store, parts.clock)
        self._watcher = LeaseWatch("watcher", parts.silent_after)
        self._warned: dict[str, frozenset[Alarm]] = {}
        self._changed = asyncio.Event()
        self._speaker_tasks = [self._speaker_task(one) for one in by.parts]
        self._snapshot_due = parts.steady.now()
        self._advanced_at = self._reached_at = boottime()

    def _speaker_task(self, part: SpeakerPart) -> SpeakerTask:
        parts = self._parts
        stage = [one.speaker for one in self._by.parts if one.stage == part.stage]
        siblings = [one for one in stage if one is not part.speaker]
        sync = SyncSpeaker(
            part.speaker,
            part.stage,
            part.attributes,
            parts.routes,
            self._leadership,
            self._stages,
            parts.clock,
            parts.store,
            Witnesses(siblings, ObserveRoutes(parts.listeners)),
            part.keeps,
        )
        return SpeakerTask(sync, part.staged, parts.pace, self._changed, parts.steady)

    async def run(self) -> None:
        await self._draining.order(self._speaker_tasks)  # before any session comes up
        async with asyncio.TaskGroup() as tasks:
            for task in self._speaker_tasks:
                tasks.create_task(task.run())
                tasks.create_task(task.watch())
            beside = (self._beat, self._listen, self._advance, self._warn, self._keep)
            for one in (*beside, self._revise, self._drain):
                tasks.create_task(one())

    async def _beat(self) -> None:
        """Renew the lease while work goes on: one speaker that hangs does not cost it."""
        while True:
            patience = boottime() - self._parts.pace.stalled_after
            speakers = max(one.progressed_at for one in self._speaker_tasks)
            if min(speakers, self._advanced_at) >= patience:
                await self._leadership.require()
            elif self._leadership.lease.ended:
                raise LeaseLost("this process hangs")
            self._require_a_speaker()
            await asyncio.sleep(self._leadership.lease.pause)

    def _require_a_speaker(self) -> None:
        if any(one.alive for one in self._speaker_tasks):
            self._reached_at = boottime()
        elif boottime() - self._reached_at > self._parts.pace.unreached_after:
            raise _ReachesNone

    async def _listen(self) -> None:
        async for changed in self._leadership.changes():
            first = min((one.staged.stage for one in self._speaker_tasks if one.alive), default=0)
            for task in self._speaker_tasks:
                if task.staged.drained or task.staged.stage <= first:
                    task.notify({changed})

    async def _advance(self) -> None:
        pause, every = _SOONEST_SECONDS, self._parts.pace.every.total_seconds()
        while True:
            self._changed.clear()
            self._advanced_at = boottime()
            speakers = {one.staged: one.queried for one in self._speaker_tasks}
            waiting = await self._stages.advance(speakers, self._notify)
            soon = max(pause, (boottime() - self._advanced_at) / 2)  # thousands take it long
            try:
                async with asyncio.timeout(soon if waiting else every):
                    await self._changed.wait()
                pause = _SOONEST_SECONDS
            except TimeoutError:
                pause = min(pause * 2, 1.0)

    def _notify(self, stage: int, ids: Collection[UUID]) -> None:
        for task in self._speaker_tasks:
            if task.staged.stage == stage:
                task.notify(ids)

    async def _warn(self) -> None:
        """Raise alarms as soon as there is a reason, and end them as soon as there is none."""
        while True:
            silent = await self._watcher.silent(self._leadership.pool)
            watcher = [Alarm("watcher_silent", "watcher", silent)] if silent else []
            await self._raise("watcher_silent", watcher)
            await self._raise("speaker_down", speakers_down(self._speaker_tasks))
            await self._raise("fed_by_one", fed_by_one(self._speaker_tasks))
            of_speakers = [alarm for task in self._speaker_tasks for alarm in task.alarms]
            for kind in (*ALARMS, *OPENING_ALARMS):
                await self._raise(kind, (one for one in of_speakers if one.kind == kind))
            await asyncio.sleep(min(_WARN_SECONDS, self._parts.pace.probe))

    async def _revise(self) -> None:
        """Follow the revision: raises `Renewed` when there is news of it."""
        while True:
            alarms = await self._revising.look(self._speaker_tasks, self._parts.steady)
            for kind in SETTINGS_ALARMS:
                await self._raise(kind, (one for one in alarms if one.kind == kind))
            await asyncio.sleep(min(_WARN_SECONDS, self._parts.pace.probe))

    async def _drain(self) -> None:
        """Carry out what people take out of service, and what they bring back."""
        while True:
            await self._raise(DRAINED, await self._draining.look(self._speaker_tasks))
            await asyncio.sleep(min(_WARN_SECONDS, self._parts.pace.probe))

    async def _raise(self, kind: str, alarms: Iterable[Alarm]) -> None:
        standing = frozenset(alarms)
        if self._warned.get(kind) != standing:
            now = self._parts.clock.now()
            for subject in await self._parts.routes.replace_alarms(kind, standing, now):
                _LOG.warning("Alarm %s: %s", kind, subject)
            self._warned[kind] = standing

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(self._parts.pace.every.total_seconds())
            await self._clock.set(self._leadership.pool)
            names = [one.staged.name for one in self._speaker_tasks]
            await self._raise("unreleased", await unreleased(self._parts.store, names))
            await self._take_snapshot()

    async def _take_snapshot(self) -> None:
        now = self._parts.steady.now()
        if now >= self._snapshot_due:
            await recognise_database(self._leadership, self._parts.store)
            await self._parts.routes.take_snapshot()
            self._snapshot_due = now + _SNAPSHOT_EVERY
