"""What runs while one process leads: its speakers' tasks, and what all of them share.

The theory of operation is at the top of `reconciling.py`.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import inf
from typing import Final
from uuid import UUID

from byoip.ports.clock import Clock
from byoip.ports.speakers.speaker import Listener
from byoip.ports.steady_clock import boottime
from byoip.store.speakers.leader_election import Leadership
from byoip.store.speakers.leased import DatabaseClock
from byoip.store.speakers.leases import LeaseLost, Stillness
from byoip.store.speakers.routes import Alarm, Routes
from byoip.store.speakers.watch_election import LeaseWatch
from byoip.store.transaction import Store
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
    Revising,
    SpeakerPart,
    Told,
)
from byoip.worker.speaker_alarms import fed_by_one, speakers_down, unreleased
from byoip.worker.speaker_task import SpeakerTask

_LOG = logging.getLogger(__name__)

WARN_SECONDS: Final = 0.5  # between two looks for alarms
_LOOK_SECONDS = 1.0  # between two looks at what people and other processes say
_SOONEST_SECONDS = 0.01  # at first, between two looks for the same change
_SNAPSHOT_EVERY = timedelta(minutes=1)


class ReachesNone(Exception):  # noqa: N818 - a state of affairs: another process may reach some
    """No speaker has answered this process for long."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What the leader works with; what it writes carries its lease."""

    routes: Routes
    store: Store
    clock: Clock
    steady: Clock
    listeners: Sequence[Listener]
    pace: Pace
    silent_after: float


class Term:
    """What runs while this process leads."""

    def __init__(
        self, parts: Parts, by: Told, leadership: Leadership, clock: DatabaseClock
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
        """Run until cancelled, or until the term ends.

        Raises:
            LeaseLost, StoreUnavailable: no speaker may be told anything more.
            ReachesNone: another process may reach some.
            Renewed: there is news of speakers' settings.
        """
        await self._draining.order(self._speaker_tasks)  # before any session comes up
        async with asyncio.TaskGroup() as tasks:
            for task in self._speaker_tasks:
                tasks.create_task(task.run())
                tasks.create_task(task.watch())
            beside = (self._beat, self._listen, self._advance, self._warn, self._keep)
            for one in (*beside, self._revise, self._drain, self._follow):
                tasks.create_task(one())

    async def _beat(self) -> None:
        """Renew the lease while work goes on: one speaker that hangs does not cost it.

        Else it ends, however often tasks that do not hang renew it for what they tell.
        """
        lease = self._leadership.lease
        while True:
            speakers = max(one.progressed_at for one in self._speaker_tasks)
            staged = max(self._advanced_at, self._stages.progressed_at)
            hung = boottime() - min(speakers, staged) - self._parts.pace.stalled_after
            if hung <= 0:
                await self._leadership.require()
            elif hung > lease.seconds or lease.ended:
                raise LeaseLost("this process hangs")
            self._require_a_speaker()
            await asyncio.sleep(lease.pause)

    def _require_a_speaker(self) -> None:
        if any(one.alive for one in self._speaker_tasks):
            self._reached_at = boottime()
        elif boottime() - self._reached_at > self._parts.pace.unreached_after:
            raise ReachesNone

    async def _listen(self) -> None:
        async for changed in self._leadership.changes():
            # One that comes back has read its rows before a change, or after it: it hears of it.
            first = min((one.staged.stage for one in self._speaker_tasks if one.alive), default=inf)
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
            await asyncio.sleep(min(WARN_SECONDS, self._parts.pace.probe))

    async def _revise(self) -> None:
        """Follow the revision: raises `Renewed` when there is news of it."""
        while True:
            alarms = await self._revising.look(self._speaker_tasks, self._parts.steady)
            for kind in SETTINGS_ALARMS:
                await self._raise(kind, (one for one in alarms if one.kind == kind))
            await asyncio.sleep(min(_LOOK_SECONDS, self._parts.pace.probe))

    async def _drain(self) -> None:
        """Carry out what people take out of service, and what they bring back."""
        while True:
            await self._raise(DRAINED, await self._draining.look(self._speaker_tasks))
            await asyncio.sleep(min(_LOOK_SECONDS, self._parts.pace.probe))

    async def _follow(self) -> None:
        """Take what other processes find that compare speakers, and live (`comparing.py`)."""
        beats = defaultdict[str, Stillness](Stillness)
        while True:
            found = {
                one.speaker: one
                for one in await self._parts.routes.comparisons.look()
                if beats[one.speaker].seconds(one.number, one.beat) < self._parts.silent_after
                and one.holder is not None
            }
            for task in self._speaker_tasks:
                task.follow(found.get(task.staged.name))
            await asyncio.sleep(min(_LOOK_SECONDS, self._parts.pace.probe))

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
            waiting = await unreleased(self._parts.store, self._speaker_tasks)
            await self._raise("unreleased", waiting)
            await self._take_snapshot()

    async def _take_snapshot(self) -> None:
        now = self._parts.steady.now()
        if now >= self._snapshot_due:
            await recognise_database(self._leadership, self._parts.store)
            await self._parts.routes.take_snapshot()
            self._snapshot_due = now + _SNAPSHOT_EVERY
