"""Open changes to one stage of speakers after the other, as they are seen.

How far they have come is kept in memory: the next leader looks again, from the first stage. The
theory is in `domain/speakers/staging.py`.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from byoip.domain.asn import Asn
from byoip.domain.speakers import staging
from byoip.domain.speakers.reconciliation import AppliedRoute, DesiredRoute
from byoip.domain.speakers.sightings import Observation, Sightings
from byoip.domain.speakers.staging import StageAction, StagedSpeaker, StageProgress
from byoip.ports.clock import Clock
from byoip.ports.steady_clock import boottime
from byoip.store.sharing import in_slices
from byoip.store.speakers.routes import Alarm, Routes
from byoip.store.transaction import Store
from byoip.usecases.speakers.monitor import record
from byoip.usecases.speakers.observe import ObserveRoutes, QueriedSpeaker, observations, pages
from byoip.usecases.speakers.propagation import Notify, Propagation, RoundResult
from byoip.usecases.speakers.retract import RetractRoute

_KINDS = ("stage_skipped", "unanswered", "absent", "still_seen", "no_next_hop")
_SLICE: Final = 500  # changes, some two milliseconds
_RECORDED = ("absent", "still_seen")  # in the history of the prefix, too

_Row = tuple[DesiredRoute, Mapping[str, AppliedRoute]]


class StageChanges:
    """All changes that are not settled: how far each has come, and which stages may have it."""

    def __init__(
        self,
        routes: Routes,
        store: Store,
        clock: Clock,
        steady: Clock,
        observe: ObserveRoutes,
        *,
        first: int,
        absent_for: timedelta,
    ) -> None:
        self._routes = routes
        self._store = store
        self._clock = clock
        self._steady = steady  # for all that lasts: it cannot be set
        self._observe = observe
        self._first = first
        self._absent_for = absent_for
        self._retract = RetractRoute(store, clock)
        self._propagations: dict[UUID, Propagation] = {}
        self._not_held: dict[tuple[UUID, int], set[str]] = {}  # by change: the speakers
        self._alarms: dict[str, frozenset[Alarm]] = {}
        self.progressed_at = boottime()  # ahead of now while it waits for what has an end

    def admits(self, desired: DesiredRoute, stage: int) -> bool:
        """Whether speakers of this stage may have the row's last change."""
        if desired.is_settled or stage == self._first:
            return True
        opened = self._propagation(desired).opened
        return opened is not None and stage <= opened

    def not_held(self, desired: DesiredRoute, speaker: str) -> None:
        """The speaker answered that it has this change, and does not hold it.

        It is looked for all the same: it may be seen from another speaker, or be absent.
        """
        self._not_held.setdefault((desired.bgp_prefix_id, desired.change), set()).add(speaker)

    async def advance(
        self, speakers: Mapping[StagedSpeaker, QueriedSpeaker], notify: Notify
    ) -> int:
        """Look for every change at its stage, and open the next stage to what was seen.

        Args:
            speakers: all of them.
            notify: is called at once with what a stage may have from now on.

        Returns:
            How many changes have not been seen yet: look again soon.

        Raises:
            StoreUnavailable: the database is away; the next look finds the same.
        """
        self.progressed_at = boottime()
        rows = await self._routes.unsettled()
        self._propagations = {one.bgp_prefix_id: self._propagation(one) for one, _ in rows}
        changes = {(one.bgp_prefix_id, one.change) for one, _ in rows}
        self._not_held = {key: told for key, told in self._not_held.items() if key in changes}
        result = RoundResult(notify)
        settled = [desired for desired, _ in rows if desired.superseded]
        active = [row for row in rows if not row[0].superseded]
        while active:
            progress = await in_slices(active, self._progressing(list(speakers)), size=_SLICE)
            settled += [desired for (desired, _), one in progress if one.settled]
            self._open(progress, result, {one.stage for one in speakers if one.drained})
            ready = [(row, one) for row, one in progress if one.ready]
            active = await self._look_for(ready, speakers, result)
        # In this order: a worker that ends between the two leaves a change that is looked for
        # again, not one that is settled beside an observation of the time before it.
        await self._observed(result.found)
        await self._settle(settled)
        await self._take_back(result)
        await self._raise(result.alarms, {one.bgp_prefix_id: one for one, _ in rows})
        return result.waiting

    async def _observed(self, found: Sequence[Observation]) -> None:
        for page in pages(found):
            await self._routes.record_observations(page, self._clock.now())
            self.progressed_at = boottime()

    async def _settle(self, settled: Sequence[DesiredRoute]) -> None:
        for page in pages(settled):
            await self._routes.settle(page)
            self.progressed_at = boottime()

    def _propagation(self, desired: DesiredRoute) -> Propagation:
        known = self._propagations.get(desired.bgp_prefix_id)
        return known if known and known.change == desired.change else Propagation(desired.change)

    def _progressing(
        self, speakers: Sequence[StagedSpeaker]
    ) -> Callable[[_Row], tuple[_Row, StageProgress]]:
        """How far a row has come; where, is found once for all that were seen at the same stages.

        Before anything changes: it holds for one look.
        """
        now = self._steady.now()

        places: dict[tuple[int, Asn | None, frozenset[int]], StageProgress] = {}

        def place(desired: DesiredRoute, seen: frozenset[int]) -> StageProgress:
            alike = desired.prefix.family, staging.behind(desired), seen
            if alike not in places:
                places[alike] = staging.place(desired, speakers, seen, now)
            return places[alike]

        def progress(row: _Row) -> tuple[_Row, StageProgress]:
            desired, applied = row
            one = self._propagations[desired.bgp_prefix_id]
            if told := self._not_held.get((desired.bgp_prefix_id, desired.change)):
                done = AppliedRoute(advertised=desired.advertised, change=desired.change)
                applied = {**applied, **dict.fromkeys(told, done)}
            where = place(desired, frozenset(one.seen))
            return row, where.of(desired, applied, one.opened)

        return progress

    def _open(
        self,
        progress: Sequence[tuple[_Row, StageProgress]],
        result: RoundResult,
        drained: Collection[int],
    ) -> None:
        opened = defaultdict[int, set[UUID]](set)
        for (desired, _), one in progress:
            for stage in one.skipped:
                why = "it is drained" if stage in drained else "no live speaker"
                result.alarms["stage_skipped"].add(Alarm("stage_skipped", f"stage {stage}", why))
            if one.unfit:
                result.alarms["no_next_hop"].add(_alarm("no_next_hop", desired, one.unfit))
            propagation = self._propagations[desired.bgp_prefix_id]
            # The first stage hears of changes by itself: NOTIFY, or a full sync as it comes back.
            if one.stage not in {None, self._first} and one.open_now:
                propagation.opened = one.stage
                if not one.ready:
                    opened[one.stage].add(desired.bgp_prefix_id)
        for stage, ids in opened.items():
            result.notify(stage, ids)

    async def _look_for(
        self,
        ready: Sequence[tuple[_Row, StageProgress]],
        speakers: Mapping[StagedSpeaker, QueriedSpeaker],
        result: RoundResult,
    ) -> list[_Row]:
        """Look for what every speaker of its stage has confirmed; the rows that were seen there."""
        if not ready:
            return []
        asked = {one for _, where in ready for one in where.speakers}
        desired_routes = [desired for (desired, _), _ in ready]
        self.progressed_at = boottime() + self._observe.longest(len(ready))
        sightings = await self._observe(
            {one.prefix for one in desired_routes}, [speakers[one] for one in asked]
        )
        self.progressed_at, now = boottime(), self._steady.now()
        result.found += await observations(desired_routes, sightings)
        last = max(one.stage for one in speakers)
        seen = []
        for number, (row, where) in enumerate(ready, 1):
            if number % _SLICE == 0:
                await asyncio.sleep(0)
            desired, propagation = row[0], self._propagations[row[0].bgp_prefix_id]
            action = self._judge(row, where, sightings, last, now)
            if action is StageAction.ON and where.stage is not None:
                propagation.seen.add(where.stage)
                seen.append(row)
                continue
            result.waiting += 1
            _apply(desired, action, result)
        return seen

    def _answer(
        self, desired: DesiredRoute, where: StageProgress, sightings: Sightings, last: int
    ) -> staging.Visibility:
        heard, own = sightings.by_listeners(desired), sightings.by_speakers(desired, where.speakers)
        if desired.advertised:
            seen = self._propagations[desired.bgp_prefix_id].seen
            cut_off = any(one.cut_off for one in where.speakers)
            return staging.announcement_visibility(heard, own, first=not seen, cut_off=cut_off)
        return staging.withdrawal_visibility(heard, own, last=where.stage == last)

    def _judge(
        self, row: _Row, where: StageProgress, sightings: Sightings, last: int, now: datetime
    ) -> StageAction:
        desired, propagation = row[0], self._propagations[row[0].bgp_prefix_id]
        answer = self._answer(desired, where, sightings, last)
        if answer is not staging.Visibility.ABSENT:
            propagation.absent_since = None
        elif propagation.absent_since is None:
            propagation.absent_since = now
        absent_for = now - propagation.absent_since if propagation.absent_since else timedelta(0)
        unseen = staging.seen_nowhere(
            sightings.by_listeners(desired),
            before=bool(propagation.seen),
            listened=self._observe.listened,
            asked_all=not where.skipped,
        )
        return staging.next_action(desired, answer, absent_for, self._absent_for, unseen=unseen)

    async def _take_back(self, result: RoundResult) -> None:
        """Retract what was lost. What may not be retracted stays announced, with an alarm."""
        if result.lost:
            taken = await self._retract(result.lost)
            kept = [one for one in result.lost if one.bgp_prefix_id not in taken]
            result.alarms["absent"].update(_alarm("absent", one) for one in kept)

    async def _raise(
        self, alarms: Mapping[str, Collection[Alarm]], desired_routes: Mapping[UUID, DesiredRoute]
    ) -> None:
        now = self._clock.now()
        for kind in _KINDS:
            standing = frozenset(alarms.get(kind, ()))
            if self._alarms.get(kind) == standing:
                continue
            new = await self._routes.replace_alarms(kind, standing, now)
            self._alarms[kind] = standing
            if kind in _RECORDED and new:
                lines = [desired_routes[UUID(subject)] for subject in new]
                await record(self._store, f"bgp_prefix.{kind}", lines)


def _apply(desired: DesiredRoute, action: StageAction, result: RoundResult) -> None:
    if action is StageAction.ROLL_BACK:
        result.lost.append(desired)
    elif action is StageAction.HOLD:
        result.alarms["unanswered"].add(_alarm("unanswered", desired))
    elif action is StageAction.ALARM:
        kind = "absent" if desired.advertised else "still_seen"
        result.alarms[kind].add(_alarm(kind, desired))


def _alarm(kind: str, desired: DesiredRoute, why: str = "") -> Alarm:
    said = f"{desired.prefix}: {why}" if why else str(desired.prefix)
    return Alarm(kind, desired.bgp_prefix_id.hex, said)
