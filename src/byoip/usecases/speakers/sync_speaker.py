"""Make one speaker hold what is wanted of it.

What it may hold is written down before it is asked to announce, and what it has announced or
withdrawn after it said so: whoever dies in between leaves nothing that the next cannot make out.
No transaction is open while it is asked.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol
from uuid import UUID

from byoip.domain.asn import Asn
from byoip.domain.prefix import Prefix
from byoip.domain.routes.route import Path, PathAttributes
from byoip.domain.speakers.reconciliation import DesiredRoute, PathUpdate, Plan, plan
from byoip.ports.clock import Clock
from byoip.ports.speakers.speaker import Neighbour, Speaker
from byoip.store.speakers.leader_election import Leadership
from byoip.store.speakers.routes import Routes, SpeakerState


class Gates(Protocol):
    """Which stages may have which changes."""

    def admits(self, desired: DesiredRoute, stage: int) -> bool:
        """Whether speakers of this stage may have the row's last change."""
        ...


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What came of it.

    Attributes:
        changed: rows that the speaker confirmed.
        neighbours: its sessions; None: not asked.
        again: it has lost routes meanwhile: another whole look must follow at once.
    """

    changed: frozenset[UUID] = frozenset()
    neighbours: Sequence[Neighbour] | None = None
    again: bool = False


@dataclass(slots=True)
class SyncSpeaker:
    """All that is told to one speaker, one thing after the other.

    Attributes:
        marking: how it marks what it announces; its local AS it says itself.
    """

    speaker: Speaker
    stage: int
    marking: PathAttributes
    routes: Routes
    turn: Leadership
    gates: Gates
    clock: Clock
    _local_as: Asn | None = field(default=None, init=False)
    _missing: frozenset[Prefix] = field(default=frozenset(), init=False)

    @property
    def name(self) -> str:
        """The speaker's."""
        return self.speaker.name

    async def whole(self) -> SyncResult:
        """Ask what it holds, make it right, and only then let its sessions come up.

        Raises:
            SpeakerUnanswered: it could not be asked, or did not answer; it may have done it.
            TurnLost, StoreUnavailable: nothing more may be told to anybody.
        """
        self._local_as = await self.speaker.local_as()
        marking = await self._marked()
        held = {path.prefix: path for path in await self.speaker.held()}
        known = await self.routes.known(self.name)
        decided = await self.routes.decided(self.name)
        made = plan(known, marking, self._admits, held, decided)
        changed = await self._carry_out(made)
        remaining = await self._remove_decided(made)
        await self.routes.note_orphans(self.name, remaining, self.clock.now())
        announced = {prefix for prefix, path in held.items() if prefix not in made.orphans}
        announced |= {step.path.prefix for step in made.announce}
        announced -= {step.path.prefix for step in made.withdraw}
        neighbours, again = await self._enable_neighbours(announced)
        await self._note(len(announced) + len(remaining), neighbours)
        return SyncResult(changed, neighbours, again)

    async def some(self, ids: Collection[UUID]) -> SyncResult:
        """Tell it of a few rows that changed, without asking for all that it holds.

        Raises:
            SpeakerUnanswered, TurnLost, StoreUnavailable: as above.
        """
        known = await self.routes.some(self.name, ids)
        if not known:
            return SyncResult()
        return SyncResult(await self._carry_out(plan(known, await self._marked(), self._admits)))

    def _admits(self, desired: DesiredRoute) -> bool:
        return self.gates.admits(desired, self.stage)

    async def _marked(self) -> PathAttributes:
        if self._local_as is None:
            self._local_as = await self.speaker.local_as()
        return replace(self.marking, local_as=self._local_as)

    async def _carry_out(self, made: Plan) -> frozenset[UUID]:
        # Announcements first: what fails halfway leaves routes up.
        confirmed = [*made.confirmed, *await self._announce(made.announce)]
        if confirmed:
            await self.routes.given(self.name, confirmed, self.clock.now())
        taken = await self._withdraw(made.withdraw)
        gone = [*made.gone, *taken]
        if gone:
            await self.routes.taken(self.name, gone, self.clock.now())
        return frozenset(one.bgp_prefix_id for one in (*confirmed, *gone))

    async def _announce(self, steps: Sequence[PathUpdate]) -> Sequence[DesiredRoute]:
        """Only what the rows still want, read again under lock: the world moved while we asked."""
        if not steps:
            return []
        still = await self.routes.may_hold(self.name, _wishes(steps), self.clock.now())
        asked = [
            one
            for one in steps
            if all(desired.bgp_prefix_id in still for desired in one.desired_routes)
        ]
        if asked:
            await self.turn.require()
            await self.speaker.announce([step.path for step in asked])
        return _wishes(asked)

    async def _withdraw(self, steps: Sequence[PathUpdate]) -> Sequence[DesiredRoute]:
        """Only what the rows still say, read again under lock (rule R3)."""
        if not steps:
            return []
        still = await self.routes.may_withdraw(self.name, _wishes(steps))
        asked = [
            one
            for one in steps
            if any(desired.bgp_prefix_id in still for desired in one.desired_routes)
        ]
        if not asked:
            return []
        await self.turn.require()
        await self.speaker.withdraw([step.path for step in asked])
        return [one for one in _wishes(asked) if one.bgp_prefix_id in still]

    async def _remove_decided(self, made: Plan) -> Mapping[Prefix, Path]:
        """Only what nobody wants still, read again; and no faster than the breaker's ceiling."""
        if not made.decided:
            return made.orphans
        decided = [path.prefix for path in made.decided]
        gone = await self.routes.may_remove(self.name, decided)
        if not gone:
            return made.orphans
        await self.turn.require()
        await self.speaker.withdraw([path for path in made.decided if path.prefix in gone])
        return {prefix: path for prefix, path in made.orphans.items() if prefix not in gone}

    async def _enable_neighbours(
        self, announced: Collection[Prefix]
    ) -> tuple[Sequence[Neighbour], bool]:
        """Enable sessions that are down since its start, now that it has every route.

        Not while there is none: peers that keep its routes through a graceful restart would drop
        them, and an empty database withdraws nothing. Nor when it has started anew since it was
        asked, and so may be empty: what it holds is asked again just before each session comes up.
        """
        neighbours = await self.speaker.neighbours()
        down = [one for one in neighbours if not one.enabled]
        if not down or not announced:
            return neighbours, False
        for one in down:
            await self.turn.require()
            if await self._lacks(announced):
                return await self.speaker.neighbours(), True
            await self.speaker.enable(one.address)
        return await self.speaker.neighbours(), False

    async def _lacks(self, announced: Collection[Prefix]) -> bool:
        """Whether it has lost routes.

        What it lacks after two looks it refuses, and the others must not wait for that.
        """
        missing = frozenset(announced) - {path.prefix for path in await self.speaker.held()}
        refuses = missing == self._missing and len(missing) < len(announced)
        self._missing = missing
        return bool(missing) and not refuses

    async def _note(self, held: int, neighbours: Sequence[Neighbour]) -> None:
        loaded = all(one.enabled for one in neighbours)
        state = SpeakerState(self.name, self.stage, "", held, self.clock.now(), loaded=loaded)
        await self.routes.note_speaker(state)


def _wishes(steps: Sequence[PathUpdate]) -> list[DesiredRoute]:
    return [desired for step in steps for desired in step.desired_routes]
