"""Let a revision of speakers' settings travel from stage to stage; called by the leader.

The theory is in `domain/speakers/travel.py`. All that matters is in the database: with each step
the leader's work begins again with what speakers are told by then (`worker/reconciling.py`).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import uuid4

from byoip.domain.customer_text import CustomerText
from byoip.domain.history import Actor
from byoip.domain.prefix import Prefix
from byoip.domain.speakers import travel
from byoip.domain.speakers.reconciliation import DesiredRoute
from byoip.domain.speakers.revision import InUse, Revision, SpeakerEntry, is_rewritten
from byoip.domain.speakers.travel import SPEAKER, Look, Marks
from byoip.ports.steady_clock import boottime
from byoip.store.speakers.revisions import Revisions
from byoip.store.speakers.routes import Alarm, Routes
from byoip.store.transaction import Store
from byoip.usecases.speakers.observe import ObserveRoutes, QueriedSpeaker

WAITING: Final = "settings_waiting"
_NAMED: Final = 3  # in a reason
_BY: Final = "reconciler"
_SEEN: Final = CustomerText("it was seen at every stage")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a speaker is.

    Attributes:
        synced: since what it is told by was last changed, it has been told all of it.
        gone: it has not answered for a while.
    """

    queried: QueriedSpeaker
    synced: bool
    gone: bool


@dataclass(slots=True)
class TravelRevision:
    """One step of a revision's way, as often as it is called.

    Attributes:
        patience: seconds for which routes may have vanished, or look as before, before that counts.
    """

    in_use: InUse
    revisions: Revisions
    store: Store
    routes: Routes
    observe: ObserveRoutes
    patience: float
    _told_at: float | None = field(default=None, init=False)
    _vanished_at: float | None = field(default=None, init=False)
    _why: str = field(default="", init=False)

    @property
    def alarms(self) -> Sequence[Alarm]:
        """Why it does not go on."""
        if not (self._why and self.in_use.target):
            return []
        return [Alarm(WAITING, f"revision {self.in_use.target.number}", self._why)]

    async def step(self, speakers: Mapping[str, Progress]) -> None:
        """Look at the stage that was told last, and tell the next one, or take it back.

        Raises:
            StoreUnavailable, LeaseLost: the next step finds the same.
        """
        target = self.in_use.target
        if target is None:
            return
        self._why = await self._settle(target, speakers)
        if not self._why:
            await self._open_next(target, speakers)

    async def _settle(self, target: Revision, speakers: Mapping[str, Progress]) -> str:
        """Whether all is well where it was told; what it waits for, or nothing."""
        stage = self.in_use.opened
        if stage is None:
            return ""
        there = {one.name for one in target.entries if one.stage == stage} & speakers.keys()
        live = {name: speakers[name] for name in there if not speakers[name].gone}
        if not live:
            return f"stage {stage} has no live speaker"
        if late := sorted(name for name, one in live.items() if not one.synced):
            return f"stage {stage}: {', '.join(late)} has not been told all of it"
        self._told_at = self._told_at or boottime()
        told = self._told(target, stage, await self._wanted())
        if not told:
            return ""
        noted = await self.revisions.noted()
        before = {one: noted[one] for one in noted if _name(one) in {None, *live}}
        now = await self._marks(before, live.values())
        wanted = {one.prefix for one in await self._wanted()}  # owners may have changed some since
        found = travel.look(before, now, wanted, told & wanted)
        if await self._vanished(stage, found):
            return f"stage {stage}: {_said(found)}"
        return self._unseen(stage, before, now, found)

    async def _vanished(self, stage: int, found: Look) -> bool:
        """Take it back where routes have vanished for a while; whether any have."""
        if not found.vanished:
            self._vanished_at = None
            return False
        self._vanished_at = self._vanished_at or boottime()
        if boottime() - self._vanished_at >= self.patience:
            await self._take_back(f"at stage {stage} {_said(found)}")
        return True

    def _unseen(self, stage: int, before: Marks, now: Marks, found: Look) -> str:
        """Why it is not seen there yet; nothing: it is."""
        if found.silent:
            return f"stage {stage}: {', '.join(sorted(found.silent))} does not answer"
        if self._unheard(now):
            return f"stage {stage}: no listener answers"
        if boottime() - (self._told_at or boottime()) >= self.patience:
            return ""
        if not any(before.values()):
            return f"stage {stage}: nothing was seen before, so nothing can be compared"
        if found.unchanged:
            return f"stage {stage}: {len(found.unchanged)} routes look as before"
        return ""

    def _unheard(self, now: Marks) -> bool:
        return self.observe.listened and all(map(_name, now))

    async def _open_next(self, target: Revision, speakers: Mapping[str, Progress]) -> None:
        stage = self.in_use.next_stage
        if stage is None:
            await self._enforce(target)
            return
        names = {one.name for one in target.entries if one.stage == stage} & speakers.keys()
        live = {name: speakers[name] for name in names if not speakers[name].gone}
        if late := sorted(name for name, one in live.items() if not one.synced):
            self._why = f"stage {stage}: {', '.join(late)} is not loaded"
            return
        prefixes = [one.prefix for one in await self._wanted()]
        noted = await self._marks_of(prefixes, live.values())
        if prefixes and self._unheard(noted):
            self._why = f"stage {stage}: no listener answers"
            return
        async with self.store.transaction() as tx:
            if await tx.revisions.lock() == self.in_use:
                await tx.revisions.open(target.number, stage, noted)

    async def _enforce(self, target: Revision) -> None:
        async with self.store.transaction(actor=_actor("enforced")) as tx:
            if await tx.revisions.lock() == self.in_use:
                await tx.revisions.enforce(target.number, tx.now)
                after = {"revision": target.number}
                tx.record_for_operators("speaker_settings.in_force", _SEEN, after=after)

    async def _take_back(self, said: str) -> None:
        async with self.store.transaction(actor=_actor("taken-back")) as tx:
            if self.in_use.target and await tx.revisions.lock() == self.in_use:
                await tx.revisions.take_back(said, tx.now)
                before = {"revision": self.in_use.target.number}
                tx.record_for_operators(
                    "speaker_settings.taken_back", CustomerText(said), before=before
                )

    def _told(self, target: Revision, stage: int, wanted: Sequence[DesiredRoute]) -> set[Prefix]:
        """Routes that this stage announces in another way than by the revision in force."""
        known = self.in_use.in_force
        pairs: list[tuple[SpeakerEntry | None, SpeakerEntry]] = [
            (None if known.in_doubt else known.by_name.get(one.name), one)
            for one in target.entries
            if one.stage == stage
        ]
        return {
            one.prefix
            for one in wanted
            if any(is_rewritten(old, new, one.route) for old, new in pairs)
        }

    async def _wanted(self) -> Sequence[DesiredRoute]:
        """What is announced and has been seen everywhere: else it is an owner's change."""
        found = await self.routes.to_observe()
        return [one for one in found if one.advertised and not one.unreleased]

    async def _marks(self, before: Marks, live: Collection[Progress]) -> Marks:
        return await self._marks_of({prefix for seen in before.values() for prefix in seen}, live)

    async def _marks_of(self, prefixes: Collection[Prefix], live: Collection[Progress]) -> Marks:
        return travel.marks(await self.observe(prefixes, [one.queried for one in live]))


def _name(observer: str) -> str | None:
    """The speaker whose own word it is; None: a listener's."""
    return observer.removeprefix(SPEAKER) if observer.startswith(SPEAKER) else None


def _actor(what: str) -> Actor:
    return Actor(_BY, f"revision-{what}-{uuid4().hex}")


def _said(found: Look) -> str:
    named = ", ".join(str(one) for one in list(found.vanished)[:_NAMED])
    more = ", …" if len(found.vanished) > _NAMED else ""
    observers = ", ".join(sorted(set(found.vanished.values())))
    return f"{len(found.vanished)} routes have vanished for {observers}: {named}{more}"
