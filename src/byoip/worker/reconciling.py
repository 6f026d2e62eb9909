"""Keep speakers as they are wanted: one task for each, so that none waits for another.

Crash-only: everything that matters is in the database, and whoever has the turn next starts with
a whole look at every speaker. While the database is away nobody is told anything: routes stay.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from byoip.domain.routes.route import PathAttributes
from byoip.domain.speakers.staging import StagedSpeaker
from byoip.ports.clock import Clock
from byoip.ports.speakers.speaker import Listener, Neighbour, Speaker, SpeakerUnanswered
from byoip.store.speakers.leader_election import (
    LeaderElection,
    Leadership,
    LeadershipLost,
)
from byoip.store.speakers.routes import Alarm, Routes, SpeakerState
from byoip.store.transaction import Store
from byoip.store.unavailable import StoreUnavailable
from byoip.usecases.speakers.forget_applied import DetectRestore
from byoip.usecases.speakers.monitor import MonitorRoutes
from byoip.usecases.speakers.observe import Asked, ObserveRoutes
from byoip.usecases.speakers.stage_changes import StageChanges
from byoip.usecases.speakers.sync_speaker import SyncResult, SyncSpeaker

_LOG = logging.getLogger(__name__)

_PAUSE_SECONDS = 1.0  # before the turn is asked for again
_PROBE_SECONDS = 1.0  # how soon a restarted speaker is noticed
_RETRY_SECONDS = 0.2  # how soon a speaker that went away is noticed to be back
_SOONEST_SECONDS = 0.01  # between two looks for the same change, at first
_SNAPSHOT_EVERY = timedelta(minutes=1)
_LOOK_AGAIN_AFTER = timedelta(seconds=3)  # once, after the turn was taken
_NOTED_EVERY = timedelta(seconds=1)  # that a speaker is still away


@dataclass(frozen=True, slots=True)
class SpeakerPart:
    """A speaker as it is configured; its marking's local AS is asked for."""

    speaker: Speaker
    stage: int
    marking: PathAttributes

    @property
    def post(self) -> StagedSpeaker:
        """As far as stages are concerned."""
        hops = {4: self.marking.next_hop4, 6: self.marking.next_hop6}
        families = frozenset(family for family, hop in hops.items() if hop is not None)
        return StagedSpeaker(self.speaker.name, self.stage, families)


@dataclass(frozen=True, slots=True)
class Pace:
    """How often, and how patiently.

    Attributes:
        every: between two whole looks at everything.
        absent_for: how long an announcement may be answered "absent".
        probe: between two looks at a speaker's sessions.
    """

    every: timedelta = timedelta(seconds=10)
    absent_for: timedelta = timedelta(seconds=10)
    probe: float = _PROBE_SECONDS


@dataclass(frozen=True, slots=True)
class Reconciler:
    """Does it as long as it runs, whenever it is this process's turn."""

    turns: LeaderElection
    routes: Routes
    store: Store
    clock: Clock
    speakers: Sequence[SpeakerPart]
    listeners: Sequence[Listener] = ()
    pace: Pace = Pace()

    async def run(self) -> None:
        """Until it is cancelled; what fails is tried again."""
        while True:
            try:
                async with self.turns.turn() as turn:
                    await DetectRestore(self.store, self.clock)()
                    _LOG.info("Reconciling %d speakers", len(self.speakers))
                    await _Session(self, turn).run()
            except* (LeadershipLost, StoreUnavailable) as lost:
                _LOG.warning("Not reconciling, routes stay as they are: %s", lost.exceptions[0])
            await asyncio.sleep(_PAUSE_SECONDS)


class _Session:
    """One turn."""

    def __init__(self, parts: Reconciler, turn: Leadership) -> None:
        self._parts = parts
        self._turn = turn
        look = ObserveRoutes(parts.listeners)
        self._stages = StageChanges(
            parts.routes,
            parts.store,
            parts.clock,
            look,
            first=min(one.stage for one in parts.speakers),
            absent_for=parts.pace.absent_for,
        )
        self._look_out = MonitorRoutes(parts.routes, parts.store, parts.clock, look)
        self._changed = asyncio.Event()
        self._speaker_tasks = [self._speaker_task(one) for one in parts.speakers]
        self._snapshot_due = parts.clock.now()

    def _speaker_task(self, part: SpeakerPart) -> "_SpeakerTask":
        parts = self._parts
        tend = SyncSpeaker(
            part.speaker,
            part.stage,
            part.marking,
            parts.routes,
            self._turn,
            self._stages,
            parts.clock,
        )
        return _SpeakerTask(tend, part.post, parts.pace, self._changed)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for task in self._speaker_tasks:
                tasks.create_task(task.run())
            tasks.create_task(self._listen())
            tasks.create_task(self._advance())
            tasks.create_task(self._watch())

    async def _listen(self) -> None:
        async for changed in self._turn.woken():
            first = min(
                (one.post.stage for one in self._speaker_tasks if one.post.down_since is None),
                default=0,
            )
            for task in self._speaker_tasks:
                if task.post.stage <= first:
                    task.tell({changed})

    async def _advance(self) -> None:
        pause = _SOONEST_SECONDS
        every = self._parts.pace.every.total_seconds()
        while True:
            self._changed.clear()
            posts = {one.post: one.asked for one in self._speaker_tasks}
            waiting = await self._stages.advance(posts, self._tell)
            try:
                async with asyncio.timeout(pause if waiting else every):
                    await self._changed.wait()
                pause = _SOONEST_SECONDS
            except TimeoutError:
                pause = min(pause * 2, 1.0)

    def _tell(self, stage: int, ids: Collection[UUID]) -> None:
        for task in self._speaker_tasks:
            if task.post.stage == stage:
                task.tell(ids)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._parts.pace.every.total_seconds())
            await self._observe()
            await self._warn()
            await self._take_snapshot()

    async def _observe(self) -> None:
        alive = [one.asked.speaker for one in self._speaker_tasks if one.post.down_since is None]
        await self._look_out(alive)

    async def _warn(self) -> None:
        feeding = Counter(
            session.address
            for task in self._speaker_tasks
            if task.post.down_since is None
            for session in task.neighbours
            if session.established
        )
        alone = [Alarm("fed_by_one", peer) for peer, count in feeding.items() if count == 1]
        for peer in await self._parts.routes.alarms("fed_by_one", alone, self._parts.clock.now()):
            _LOG.warning(
                "Peer %s is fed by one speaker only: it needs two, or graceful restart", peer
            )

    async def _take_snapshot(self) -> None:
        now = self._parts.clock.now()
        if now >= self._snapshot_due:
            await DetectRestore(self._parts.store, self._parts.clock)()
            await self._parts.routes.take_snapshot()
            self._snapshot_due = now + _SNAPSHOT_EVERY


class _SpeakerTask:
    """One speaker's work, in order."""

    def __init__(
        self, tend: SyncSpeaker, post: StagedSpeaker, pace: Pace, stirred: asyncio.Event
    ) -> None:
        self._tend = tend
        self._pace = pace
        self._changed = stirred
        self._told: set[UUID] = set()
        self._wakeup = asyncio.Event()
        self._whole_at = self._noted_at = tend.clock.now()
        self._again_at = self._whole_at + _LOOK_AGAIN_AFTER
        self.post = post
        self.neighbours: Sequence[Neighbour] = ()

    @property
    def asked(self) -> Asked:
        """To be asked for its own word."""
        return Asked(self._tend.speaker, self.neighbours)

    def tell(self, ids: Iterable[UUID]) -> None:
        """These rows changed, or may now go here."""
        self._told.update(ids)
        if self._told:
            self._wakeup.set()

    async def run(self) -> None:
        while True:
            try:
                await self._once()
            except SpeakerUnanswered as fault:
                await self._down(fault)
            if self.post.down_since is not None:
                await asyncio.sleep(min(self._pace.probe, _RETRY_SECONDS))
                continue
            try:
                async with asyncio.timeout(self._pace.probe):
                    await self._wakeup.wait()
            except TimeoutError:
                pass

    async def _once(self) -> None:
        self._wakeup.clear()
        now = self._tend.clock.now()
        if self._told and self.post.down_since is None:
            told, self._told = self._told, set()
            try:
                self._note(await self._tend.some(told))
            except SpeakerUnanswered:
                self._whole_at = now
                raise
            if not all(one.enabled for one in self.neighbours):
                self._whole_at = now  # sessions come up with the first route
        if now >= self._whole_at:
            self._told.clear()  # all of it is read now
            tended = await self._tend.whole()
            self._note(tended)
            self._whole_at = now if tended.again else self._next_whole(now)
        else:
            await self._probe(now)

    def _next_whole(self, now: datetime) -> datetime:
        """Soon, at first: who had the turn before may have told it something since."""
        due = now + self._pace.every
        return min(due, self._again_at) if now < self._again_at else due

    async def _probe(self, now: datetime) -> None:
        """A restart shows in the sessions: they go, and are administratively down again."""
        found = await self._tend.speaker.neighbours()
        if list(found) != list(self.neighbours):
            self._whole_at = now
            self._wakeup.set()

    def _note(self, done: SyncResult) -> None:
        if done.neighbours is not None:
            self.neighbours = done.neighbours
        if self.post.down_since is not None:
            _LOG.info("Speaker %s is back", self.post.name)
            self.post = replace(self.post, down_since=None)
            self._changed.set()
        if done.changed:
            self._changed.set()

    async def _down(self, fault: SpeakerUnanswered) -> None:
        now = self._tend.clock.now()
        self._whole_at = now
        if self.post.down_since is None:
            _LOG.warning("Speaker %s does not answer: %s", self.post.name, fault)
            self.post = replace(self.post, down_since=now)
            self._noted_at = now - _NOTED_EVERY
        self._changed.set()
        if now >= self._noted_at + _NOTED_EVERY:
            self._noted_at = now
            state = SpeakerState(self.post.name, self.post.stage, str(fault), 0, now, loaded=False)
            await self._tend.routes.note_speaker(state)
