"""Let changes travel from stage to stage, as far as they were seen.

What is known of their way lies in memory: whoever takes over looks again, from the first stage.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from byoip.domain.history import Actor
from byoip.domain.speakers.reconciliation import AppliedRoute, DesiredRoute
from byoip.domain.speakers.sightings import Sightings
from byoip.domain.speakers.staging import (
    StageAction,
    StagedSpeaker,
    StageProgress,
    Visibility,
    announcement_visibility,
    next_action,
    seen_nowhere,
    stage_progress,
    withdrawal_visibility,
)
from byoip.ports.clock import Clock
from byoip.store.speakers.routes import Alarm, Observation, Routes
from byoip.store.transaction import Store
from byoip.usecases.speakers.observe import Asked, ObserveRoutes, observations
from byoip.usecases.speakers.retract import RetractRoute

BY = Actor("worker", "reconciler")
_KINDS = ("stage_skipped", "unanswered", "absent", "still_seen", "no_next_hop")
_TOLD = ("absent", "still_seen")  # in the history of the prefix, too

_Row = tuple[DesiredRoute, Mapping[str, AppliedRoute]]


@dataclass(slots=True)
class _Propagation:
    """How far one change has come."""

    change: int
    seen: set[int] = field(default_factory=set)
    opened: int | None = None
    absent_since: datetime | None = None


Tell = Callable[[int, Collection[UUID]], None]


@dataclass(slots=True)
class _Round:
    """What one look at everything comes to.

    Attributes:
        tell: a stage's speakers of rows that they may have now.
        waiting: rows that are being looked for.
        found: what observers said.
        lost: announcements that are to be taken back.
    """

    tell: Tell
    waiting: int = 0
    found: list[Observation] = field(default_factory=list)
    lost: list[DesiredRoute] = field(default_factory=list)
    alarms: defaultdict[str, set[Alarm]] = field(default_factory=lambda: defaultdict(set))


class StageChanges:
    """The ways of all changes that are not settled; also who may have which."""

    def __init__(
        self,
        routes: Routes,
        store: Store,
        clock: Clock,
        look: ObserveRoutes,
        *,
        first: int,
        absent_for: timedelta,
    ) -> None:
        self._routes = routes
        self._store = store
        self._clock = clock
        self._look = look
        self._first = first
        self._absent_for = absent_for
        self._roll_back = RetractRoute(store, clock)
        self._propagations: dict[UUID, _Propagation] = {}
        self._alarms: dict[str, frozenset[Alarm]] = {}

    def admits(self, desired: DesiredRoute, stage: int) -> bool:
        """Whether speakers of this stage may have the row's last change."""
        if desired.is_settled or stage == self._first:
            return True
        way = self._propagations.get(desired.bgp_prefix_id)
        opened = way.opened if way and way.change == desired.change else None
        return opened is not None and stage <= opened

    async def advance(self, posts: Mapping[StagedSpeaker, Asked], tell: Tell) -> int:
        """Look for every change where it is, and let go on what was seen.

        Args:
            posts: all speakers.
            tell: is called at once with what a stage may have from now on.

        Returns:
            How many are being looked for still: look again soon.

        Raises:
            StoreUnavailable: as it says.
        """
        rows = await self._routes.unsettled()
        self._propagations = {one.bgp_prefix_id: self._way(one) for one, _ in rows}
        made = _Round(tell)
        settled = [desired for desired, _ in rows if desired.superseded]
        active = [row for row in rows if not row[0].superseded]
        while active:
            stands = [(row, self._stand(row, posts)) for row in active]
            settled += [desired for (desired, _), one in stands if one.settled]
            self._open(stands, made)
            ready = [(row, one) for row, one in stands if one.ready]
            active = await self._look_for(ready, posts, made)
        if made.found:
            await self._routes.observed(made.found, self._clock.now())
        if settled:
            await self._routes.settle(settled)
        await self._take_back(made)
        await self._raise(made.alarms, {one.bgp_prefix_id: one for one, _ in rows})
        return made.waiting

    def _way(self, desired: DesiredRoute) -> _Propagation:
        known = self._propagations.get(desired.bgp_prefix_id)
        return known if known and known.change == desired.change else _Propagation(desired.change)

    def _stand(self, row: _Row, posts: Mapping[StagedSpeaker, Asked]) -> StageProgress:
        desired, marks = row
        way = self._propagations[desired.bgp_prefix_id]
        return stage_progress(desired, marks, list(posts), way.seen, way.opened, self._clock.now())

    def _open(self, stands: Sequence[tuple[_Row, StageProgress]], made: _Round) -> None:
        opened = defaultdict[int, set[UUID]](set)
        for (desired, _), one in stands:
            for stage in one.skipped:
                made.alarms["stage_skipped"].add(
                    Alarm("stage_skipped", f"stage {stage}", "no live speaker")
                )
            if one.unfit:
                made.alarms["no_next_hop"].add(_alarm("no_next_hop", desired))
            if one.stage is not None and one.open_now:
                self._propagations[desired.bgp_prefix_id].opened = one.stage
                opened[one.stage].add(desired.bgp_prefix_id)
        for stage, ids in opened.items():
            made.tell(stage, ids)

    async def _look_for(
        self,
        ready: Sequence[tuple[_Row, StageProgress]],
        posts: Mapping[StagedSpeaker, Asked],
        made: _Round,
    ) -> list[_Row]:
        """Ask for what every speaker of its stage has confirmed; the rows that may go on."""
        if not ready:
            return []
        asked = {one for _, where in ready for one in where.posts}
        desired_routes = [desired for (desired, _), _ in ready]
        look = await self._look(
            {one.prefix for one in desired_routes}, [posts[one] for one in asked]
        )
        now = self._clock.now()
        made.found += observations(desired_routes, look)
        last = max(one.stage for one in posts)
        on = []
        for row, where in ready:
            desired, way = row[0], self._propagations[row[0].bgp_prefix_id]
            next_move = self._judge(row, where, look, last, now)
            if next_move is StageAction.ON and where.stage is not None:
                way.seen.add(where.stage)
                on.append(row)
                continue
            made.waiting += 1
            _follow(desired, next_move, made)
        return on

    def _answer(
        self, desired: DesiredRoute, where: StageProgress, look: Sightings, last: int
    ) -> Visibility:
        heard, own = look.by_listeners(desired), look.by_ourselves(desired, where.posts)
        if desired.advertised:
            seen = self._propagations[desired.bgp_prefix_id].seen
            return announcement_visibility(heard, own, first=not seen)
        return withdrawal_visibility(heard, own, last=where.stage == last)

    def _judge(
        self, row: _Row, where: StageProgress, look: Sightings, last: int, now: datetime
    ) -> StageAction:
        desired, way = row[0], self._propagations[row[0].bgp_prefix_id]
        answer = self._answer(desired, where, look, last)
        if answer is not Visibility.ABSENT:
            way.absent_since = None
        elif way.absent_since is None:
            way.absent_since = now
        absent_for = now - way.absent_since if way.absent_since else timedelta(0)
        nobody = seen_nowhere(
            look.by_listeners(desired),
            before=bool(way.seen),
            listened=self._look.listened,
            asked_all=not where.skipped,
        )
        return next_action(desired, answer, absent_for, self._absent_for, nobody=nobody)

    async def _take_back(self, made: _Round) -> None:
        """What may not be taken back stays announced, and is shown."""
        if made.lost:
            taken = await self._roll_back(made.lost)
            kept = [one for one in made.lost if one.bgp_prefix_id not in taken]
            made.alarms["absent"].update(_alarm("absent", one) for one in kept)

    async def _raise(
        self, alarms: Mapping[str, Collection[Alarm]], desired_routes: Mapping[UUID, DesiredRoute]
    ) -> None:
        now = self._clock.now()
        for kind in _KINDS:
            standing = frozenset(alarms.get(kind, ()))
            if self._alarms.get(kind) == standing:
                continue
            new = await self._routes.alarms(kind, standing, now)
            self._alarms[kind] = standing
            if kind in _TOLD and new:
                await self._tell(kind, [desired_routes[UUID(subject)] for subject in new])

    async def _tell(self, kind: str, desired_routes: Sequence[DesiredRoute]) -> None:
        async with self._store.transaction(actor=BY) as tx:
            for one in desired_routes:
                shown = {"bgp_prefix_id": one.bgp_prefix_id.hex, "cidr": str(one.prefix)}
                tx.record(one.claim_id, f"bgp_prefix.{kind}", after=shown)


def _follow(desired: DesiredRoute, next_move: StageAction, made: _Round) -> None:
    if next_move is StageAction.ROLL_BACK:
        made.lost.append(desired)
    elif next_move is StageAction.HOLD:
        made.alarms["unanswered"].add(_alarm("unanswered", desired))
    elif next_move is StageAction.ALARM:
        kind = "absent" if desired.advertised else "still_seen"
        made.alarms[kind].add(_alarm(kind, desired))


def _alarm(kind: str, desired: DesiredRoute) -> Alarm:
    return Alarm(kind, desired.bgp_prefix_id.hex, str(desired.prefix))
