"""The work of one speaker while this process leads: syncs, and a watch for its restarts.

A full sync costs as much as the speaker holds. While that is watched (`surprises`), and is as many
as it should be (`miscounts`), and nothing is left for the next one to do, they come slowly: in
proportion to what one takes.
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from math import inf
from uuid import UUID

from byoip.domain.speakers.drain import Drain
from byoip.domain.speakers.reconciliation import EVERY_ROUTE
from byoip.domain.speakers.staging import StagedSpeaker
from byoip.ports.clock import Clock
from byoip.ports.speakers.speaker import Neighbour, SpeakerUnanswered
from byoip.ports.steady_clock import boottime
from byoip.store.speakers.comparisons import Comparison
from byoip.store.speakers.records import SpeakerState
from byoip.store.speakers.routes import Alarm
from byoip.usecases.speakers.carry_out_drains import DrainProgress
from byoip.usecases.speakers.observe import QueriedSpeaker
from byoip.usecases.speakers.sync_speaker import SyncResult, SyncSpeaker
from byoip.worker.compared_elsewhere import ComparedElsewhere
from byoip.worker.pace import Pace
from byoip.worker.speaker_faults import Unforeseen, fault_of

_LOG = logging.getLogger(__name__)

_ODD_SECONDS = 1.0
_RETRY_SECONDS = 0.1  # how soon a speaker that went away is noticed to be back
_PROBE_SECONDS = 3.0  # it answers within a millisecond, unless it is frozen or very busy
_NOTED_EVERY = timedelta(seconds=1)  # while a speaker is away


class SpeakerTask:
    """The work of one speaker, one thing after the other."""

    def __init__(
        self,
        sync: SyncSpeaker,
        staged: StagedSpeaker,
        pace: Pace,
        changed: asyncio.Event,
        steady: Clock,
    ) -> None:
        """Take a clock that cannot be set for all pauses (`steady`)."""
        self._sync = sync
        self._steady = steady
        self._pace = pace
        self._changed = changed
        self._pending: set[UUID] = set()
        self._wakeup = asyncio.Event()
        self._full_sync_at = self._noted_at = self._counted_at = steady.now()
        self._second_at = self._noted_again_at = self._full_sync_at + pace.second_after
        self._took = timedelta(0)
        self._surprises: asyncio.Task[object] | None = None
        self._watched_since, self._again = inf, False
        self._elsewhere = ComparedElsewhere()
        self.staged = replace(staged, gone_after=pace.gone_after)
        self.neighbours: Sequence[Neighbour] = ()
        self.fault = ""
        self.synced = False

    @property
    def alive(self) -> bool:
        """Whether the speaker answered when it was last asked."""
        return self.staged.down_since is None

    @property
    def held(self) -> int:
        """How many routes it holds, as far as is known."""
        return self._sync.many

    @property
    def alarms(self) -> Sequence[Alarm]:
        """What operators should know of it."""
        return [*self._sync.acceptance.alarms, *self._sync.opening.alarms]

    @property
    def withheld(self) -> int | None:
        """How many routes it holds in another way than told, and may keep; None: not known."""
        return self._sync.withheld if self.synced and self.alive else None

    @property
    def progressed_at(self) -> float:
        """When its work last went on, by `boottime`: a task that hangs stands still."""
        return self._sync.progressed_at

    @property
    def queried(self) -> QueriedSpeaker:
        """The speaker, to be asked what it sends."""
        return QueriedSpeaker(self._sync.speaker, self.neighbours)

    def order(self, drains: Sequence[Drain]) -> None:
        """These drains stand; those that concern the speaker are carried out at once."""
        one = self.staged
        orders = tuple(each for each in drains if each.target.concerns(one.name, one.stage))
        if orders != self._sync.drained.orders:
            self._sync.drained.orders = orders
            self._look_again()

    @property
    def drain_progress(self) -> DrainProgress:
        """How far the speaker is with them."""
        one, drained = self.staged, self._sync.drained
        away = replace(one, drained=False).gone(self._steady.now())
        return DrainProgress(one.name, one.stage, drained.done, away, drained.fault)

    def notify(self, ids: Iterable[UUID]) -> None:
        """These rows changed, or may now go to this speaker; `EVERY_ROUTE`: compare all."""
        self._pending.update(ids)
        if EVERY_ROUTE in self._pending:
            self._look_again()
        if self._pending:
            self._wakeup.set()

    def _look_again(self, after: timedelta = timedelta(0)) -> None:
        """Have a full sync, also where one is under way: it may have looked already."""
        self._again = True
        self._full_sync_at = min(self._full_sync_at, self._steady.now() + after)
        self._wakeup.set()

    def follow(self, found: Comparison | None) -> None:
        """Take what another process says that compares the speaker, if one does.

        Where none goes on, the next full sync is due when its next comparison would have been:
        so not all speakers that are handed over are listed at once.
        """
        before, next_ = self._elsewhere.goes_on, self._pace.watched(self._took)
        patience = self._pace.patience(self._took).total_seconds()
        differs = self._elsewhere.follow(found, patience)
        if before and not self._elsewhere.goes_on:
            due = max(next_ - timedelta(seconds=self._elsewhere.seconds), timedelta(0))
            self._full_sync_at = min(self._full_sync_at, self._steady.now() + due)
        if differs:
            self._look_again(self._rest)

    @property
    def _rest(self) -> timedelta:  # until one that cannot be watched has its next full sync
        rested = timedelta(seconds=boottime() - self._sync.listed_at)
        return max(self._pace.every - rested, timedelta(0))

    async def run(self) -> None:
        """Run until cancelled.

        Raises:
            LeaseLost, StoreUnavailable: no speaker may be told anything more.
        """
        while True:
            fault = await fault_of(self.staged.name, self._work, self.fault)
            if fault:
                await fault_of(self.staged.name, partial(self._down, fault), self.fault)
            if not self.alive:
                pause = _ODD_SECONDS if isinstance(fault, Unforeseen) else _RETRY_SECONDS
                await asyncio.sleep(min(self._pace.probe, pause))
                continue
            try:
                async with asyncio.timeout(self._pace.probe):
                    await self._wakeup.wait()
            except TimeoutError:
                pass

    async def watch(self) -> None:
        """Run until cancelled, beside `run`: what it was not told calls for a full sync."""
        while True:
            looking = fault_of(self.staged.name, self._look_at_surprises)
            self._surprises = asyncio.create_task(looking)
            try:
                await asyncio.wait([self._surprises])
            finally:
                self._surprises.cancel()
                self._watched_since = inf
            unwatched = self._steady.now() + self._rest  # what it is not told, it has to look for
            self._full_sync_at = min(self._full_sync_at, unwatched)
            await asyncio.sleep(self._pace.probe)

    async def _look_at_surprises(self) -> None:
        async for _ in self._sync.speaker.surprises():
            if self._watched_since == inf:
                self._watched_since = boottime()
                due = self._steady.now() + self._rest  # it may have missed some
                self._full_sync_at = min(self._full_sync_at, due)
            else:
                self._look_again(self._took)  # with pauses: it may change all the time

    async def _work(self) -> None:
        self._wakeup.clear()
        self._sync.progressed_at = boottime()
        now = self._steady.now()
        if self._pending and self.alive:
            pending, self._pending = self._pending, set()
            try:
                result = await self._sync.sync_changes(pending)
                self._note(result)
                if result.again:
                    self._look_again()
            except SpeakerUnanswered:
                self._full_sync_at = now
                raise
            serving = self._sync.sessions.in_service(self.neighbours)
            down = not all(one.enabled for one in serving)
            if down and not self._sync.opening.shut:
                self._full_sync_at = now  # sessions come up with the first route
        if now >= self._full_sync_at:
            self._pending.clear()  # a full sync reads all rows
            self._again = False
            result = await self._sync.full_sync()
            self._note(result)
            self._took = self._steady.now() - now
            self._noted_again_at = now + self._pace.every
            self._full_sync_at = self._next_full_sync(now, result)
            self.synced = not result.again
        else:
            await self._probe(now)
            if now >= self._noted_again_at:
                self._noted_again_at = now + self._pace.every
                await self._sync.opening.note_seen(self._sync.routes.records)
                if await self._miscounts(now) or not await self._sync.look(self.neighbours):
                    self._look_again()

    async def _miscounts(self, now: datetime) -> bool:
        """Whether its count calls for a full sync: that may be so for good, so not often."""
        if now < self._counted_at:
            return False
        self._counted_at = now + self._pace.calm(self._took)
        with suppress(SpeakerUnanswered, TimeoutError):  # then nothing is known by it, and no more
            async with asyncio.timeout(_PROBE_SECONDS):
                if await self._sync.acceptance.miscounts():
                    _LOG.info("Speaker %s: its count differs", self.staged.name)
                    return True
                self._counted_at = now
        return False

    def _next_full_sync(self, now: datetime, done: SyncResult) -> datetime:
        """Soon, at first: the leader before may have told the speaker something since."""
        if done.again:
            return now
        if self._again:
            return self._steady.now() + self._took
        calm = self._watched_since <= self._sync.listed_at and not done.left
        due = now + (self._pace.watched(self._took) if calm else self._pace.every)
        if calm and self._elsewhere.goes_on:
            due = now + self._pace.backstop
        return min(due, self._second_at) if now < self._second_at else due

    async def _probe(self, now: datetime) -> None:
        """Notice a restart by the sessions: they go, and are administratively down again."""
        try:
            async with asyncio.timeout(_PROBE_SECONDS):
                found = await self._sync.speaker.neighbours()
        except TimeoutError as fault:
            raise SpeakerUnanswered(f"{self.staged.name}: no answer in time") from fault
        self._sync.opening.seen(found)
        due = await self._sync.opening.due(self._sync.routes.records)
        if due or list(found) != list(self.neighbours):
            self._full_sync_at = now
            self._wakeup.set()

    def _note(self, done: SyncResult) -> None:
        if done.neighbours is not None:
            self.neighbours = done.neighbours
        if not self.alive:
            _LOG.info("Speaker %s is back", self.staged.name)
            self.staged = replace(self.staged, down_since=None)
            self._changed.set()
        before, drains = self.staged, self._sync.drained
        up = {one.address for one in self.neighbours if one.established}
        cut_off = (before.cut_off | drains.kept_down) - up
        self.staged = replace(
            before, drained=drains.silenced, cut_off=cut_off, local_as=self._sync.local_as
        )
        if done.changed or self.staged != before:
            self._changed.set()

    async def _down(self, fault: SpeakerUnanswered) -> None:
        now = self._steady.now()
        self._full_sync_at = now
        self.fault = str(fault)
        if self._surprises:
            self._surprises.cancel()  # it may hang where the speaker has gone without a word
        if self.alive:
            _LOG.warning("Speaker %s does not answer: %s", self.staged.name, fault)
            self.staged = replace(self.staged, down_since=now)
            self._noted_at = now - _NOTED_EVERY
        if now >= self._noted_at + _NOTED_EVERY:
            self._noted_at = now
            self._changed.set()
            at = self._sync.clock.now()
            state = SpeakerState(
                self.staged.name, self.staged.stage, str(fault), 0, at, loaded=False
            )
            await self._sync.routes.note_speaker(state)
            await self._sync.opening.note_seen(self._sync.routes.records)
