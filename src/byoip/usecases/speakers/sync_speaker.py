"""Make one speaker hold what owners want.

That it may hold a route is recorded before it is asked to announce it; that it has announced or
withdrawn a route, after it confirmed that. So a process that dies in between leaves nothing that
the next leader cannot find out. No transaction is open while the speaker is asked.

Before each batch the leader's lease is renewed, and the call ends before the lease does: a process
that was frozen in between sends nothing when it goes on.
"""

import asyncio
from collections.abc import Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from byoip.domain.asn import Asn
from byoip.domain.prefix import Prefix
from byoip.domain.routes.prepending import prepends_lost_as
from byoip.domain.routes.route import Path, PathAttributes
from byoip.domain.speakers.reconciliation import DesiredRoute, PathUpdate, Plan, plan
from byoip.ports.clock import Clock
from byoip.ports.speakers.speaker import Neighbour, Speaker
from byoip.ports.steady_clock import boottime
from byoip.store.speakers.leader_election import Leadership
from byoip.store.speakers.routes import Routes
from byoip.usecases.speakers.acceptance import Acceptance
from byoip.usecases.speakers.open_sessions import OpenSessions, Witnesses
from byoip.usecases.speakers.speaker_notes import SpeakerNotes

_BATCH: Final = 2000  # paths a call: gobgpd takes 20,000 in a second, and has four for a call
_STEP_SECONDS: Final = 0.1


class _Tell(Protocol):
    async def __call__(self, paths: Sequence[Path], *, until: float) -> None: ...


class Gates(Protocol):
    """Decides which stages may have which changes."""

    def admits(self, desired: DesiredRoute, stage: int) -> bool:
        """Whether speakers of this stage may have the row's last change."""
        ...

    def not_held(self, desired: DesiredRoute, speaker: str) -> None:
        """The speaker answered that it has the row's last change, and does not hold it."""
        ...


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What came of it.

    Attributes:
        changed: rows that the speaker confirmed.
        neighbours: its sessions; None: not asked.
        held: how many routes it has; only with `neighbours`.
        again: it lost routes during the sync: another full sync must follow at once.
        left: something is left for the next full sync to do.
    """

    changed: frozenset[UUID] = frozenset()
    neighbours: Sequence[Neighbour] | None = None
    held: int = 0
    again: bool = False
    left: bool = False


@dataclass(slots=True)
class SyncSpeaker:
    """All that is told to one speaker, one thing after the other.

    Attributes:
        attributes: of what it announces, but for its local AS: the speaker itself is asked for it.
        keeps: what it holds with other attributes stays as it is.
        withheld: how many routes that are, as of the last full sync.
        progressed_at: when the speaker or the database last answered, by `boottime`.
        listed_at: when the last full sync began to ask what it holds, by `boottime`.
    """

    speaker: Speaker
    stage: int
    attributes: PathAttributes
    routes: Routes
    leadership: Leadership
    gates: Gates
    clock: Clock
    witnesses: Witnesses = field(default_factory=Witnesses)
    keeps: bool = False
    withheld: int = field(default=0, init=False)
    acceptance: Acceptance = field(init=False)
    opening: OpenSessions = field(init=False)
    notes: SpeakerNotes = field(init=False)
    progressed_at: float = field(default_factory=boottime, init=False)
    listed_at: float = field(default=0.0, init=False)
    _local_as: Asn | None = field(default=None, init=False)
    _missing: frozenset[Prefix] = field(default=frozenset(), init=False)

    def __post_init__(self) -> None:
        self.acceptance = Acceptance(self.speaker)
        self.opening = OpenSessions(self.speaker, self.witnesses)
        self.notes = SpeakerNotes(self.name, self.stage, self.routes, self.clock)

    @property
    def name(self) -> str:
        """As the settings name the speaker."""
        return self.speaker.name

    async def full_sync(self) -> SyncResult:
        """Ask what it holds, correct that, and only then let its sessions come up.

        Raises:
            SpeakerUnanswered: it could not be asked, or did not answer; it may have done it.
            LeaseLost, StoreUnavailable: nothing more may be told to any speaker.
        """
        self._local_as = await self.speaker.local_as()
        await self.acceptance.close_imports(await self.leadership.require())
        await self.opening.begin(self.routes.records)
        attributes, looked_at = await self._attributes(), self.clock.now()
        self.listed_at = boottime()
        held = {path.prefix: path for path in await self.speaker.held()}
        self.progressed_at = boottime()
        states = await self.routes.states(self.name)
        self.progressed_at = boottime()
        decided = await self.routes.decided_orphans(self.name)
        todo = plan(states, attributes, self._admits, held, decided, keeps=self.keeps)
        self.withheld = len(todo.withheld)
        self.acceptance.begin()
        changed = await self._carry_out(todo)
        remaining = await self._withdraw_orphans(todo)
        now, unknown = self.clock.now(), not self.opening.known
        await self.routes.note_orphans(self.name, remaining, now, unknown=unknown)
        announced = {prefix for prefix, path in held.items() if prefix not in todo.orphans}
        announced |= {update.path.prefix for update in todo.announce}
        announced -= {update.path.prefix for update in todo.withdraw}
        neighbours, again = await self._enable_neighbours(announced, remaining, looked_at)
        lost_as = prepends_lost_as(attributes, [one.asn for one in neighbours])
        self.acceptance.note_prepends(states, lost_as)
        many = len(announced) + len(remaining)
        await self.notes.note(many, neighbours, attributes)
        left = bool(todo.decided or todo.withheld or self.acceptance.alarms or self.opening.alarms)
        return SyncResult(changed, neighbours, many, again, left)

    async def sync_changes(self, ids: Collection[UUID]) -> SyncResult:
        """Tell it of a few rows that changed, without asking for all that it holds.

        Raises:
            SpeakerUnanswered, LeaseLost, StoreUnavailable: as for `full_sync`.
        """
        states = await self.routes.states_of(self.name, ids)
        if not states:
            return SyncResult()
        return SyncResult(
            await self._carry_out(plan(states, await self._attributes(), self._admits))
        )

    def _admits(self, desired: DesiredRoute) -> bool:
        return self.gates.admits(desired, self.stage)

    async def _attributes(self) -> PathAttributes:
        if self._local_as is None:
            self._local_as = await self.speaker.local_as()
        return replace(self.attributes, local_as=self._local_as)

    async def _carry_out(self, todo: Plan) -> frozenset[UUID]:
        # Announcements first: what fails halfway leaves routes up.
        confirmed = [*todo.confirmed, *await self._announce(todo.announce)]
        if confirmed:
            await self.routes.mark_announced(self.name, confirmed, self.clock.now())
        withdrawn = await self._withdraw(todo.withdraw)
        gone = [*todo.gone, *withdrawn]
        if gone:
            await self.routes.mark_withdrawn(self.name, gone, self.clock.now())
        return frozenset(one.bgp_prefix_id for one in (*confirmed, *gone))

    async def _announce(self, updates: Sequence[PathUpdate]) -> Sequence[DesiredRoute]:
        """Announce what rows still want, read again under lock: owners may have changed them."""
        if not updates:
            return []
        still = await self.routes.mark_possibly_installed(
            self.name, _desired_routes(updates), self.clock.now()
        )
        asked = [
            one
            for one in updates
            if all(desired.bgp_prefix_id in still for desired in one.desired_routes)
        ]
        await self._tell(self.speaker.announce, [update.path for update in asked])
        return await self._held(asked)

    async def _held(self, updates: Sequence[PathUpdate]) -> Sequence[DesiredRoute]:
        """Those of what was announced that it holds: a policy of its own may have rejected some."""
        held = await self.acceptance.held_of([update.path for update in updates])
        for update in updates:
            if update.path.prefix not in held:
                for desired in update.desired_routes:
                    self.gates.not_held(desired, self.name)
        return _desired_routes([one for one in updates if one.path.prefix in held])

    async def _withdraw(self, updates: Sequence[PathUpdate]) -> Sequence[DesiredRoute]:
        """Withdraw what the rows still say is withdrawn, read again under lock (rule R3)."""
        if not updates:
            return []
        still = await self.routes.withdrawable(self.name, _desired_routes(updates))
        asked = [
            one
            for one in updates
            if any(desired.bgp_prefix_id in still for desired in one.desired_routes)
        ]
        await self._tell(self.speaker.withdraw, [update.path for update in asked])
        return [one for one in _desired_routes(asked) if one.bgp_prefix_id in still]

    async def _tell(self, tell: _Tell, paths: Sequence[Path]) -> None:
        for start in range(0, len(paths), _BATCH):
            until = await self.leadership.require()
            await tell(paths[start : start + _BATCH], until=until)
            self.progressed_at = boottime()

    async def _withdraw_orphans(self, todo: Plan) -> Mapping[Prefix, Path]:
        """Withdraw decided orphans that no row wants now, no faster than the breaker's ceiling."""
        if not todo.decided:
            return todo.orphans
        decided = [path.prefix for path in todo.decided]
        gone = await self.routes.permit_orphan_withdrawals(self.name, decided)
        told = [path for path in todo.decided if path.prefix in gone]
        await self._tell(self.speaker.withdraw, told)
        return {prefix: path for prefix, path in todo.orphans.items() if prefix not in gone}

    async def _enable_neighbours(
        self, announced: Collection[Prefix], orphans: Collection[Prefix], looked_at: datetime
    ) -> tuple[Sequence[Neighbour], bool]:
        """Enable sessions that are down since its start, now that it has every route.

        Not while anything is missing of what peers may have from it (`OpenSessions`), nor
        while it has no route: peers that keep its routes through a graceful restart would drop
        them, and an empty database withdraws nothing. Nor if it has restarted since it was asked,
        and so may be empty: it is asked what it holds again, just before each session comes up.
        Nor if it does not hold a probe: then it takes nothing of ours.
        """
        neighbours, records = await self.speaker.neighbours(), self.routes.records
        down = [one for one in neighbours if not one.enabled]
        holds = {*announced, *orphans}
        may = await self._progressing(self.opening.may_open(records, neighbours, holds, looked_at))
        if not (down and announced and may):
            return neighbours, False
        if len(down) == len(neighbours) and not await self._takes_ours(announced):
            return neighbours, False
        await self.opening.begun(records)
        for one in down:
            until = await self.leadership.require()
            if await self._lacks(announced):  # last: nothing is waited for between this and that
                return await self.speaker.neighbours(), True
            await self.speaker.enable(one.address, until=until)
            self.progressed_at = boottime()
        neighbours = await self.speaker.neighbours()
        await self.opening.note(records, neighbours, holds)
        return neighbours, False

    async def _progressing(self, asked: Coroutine[None, None, bool]) -> bool:
        """Wait for others, who have a deadline: this task does not hang meanwhile."""
        answer = asyncio.ensure_future(asked)
        try:
            while not answer.done():
                await asyncio.wait([answer], timeout=_STEP_SECONDS)
                self.progressed_at = boottime()
            return answer.result()
        finally:
            answer.cancel()

    async def _takes_ours(self, announced: Collection[Prefix]) -> bool:
        until = await self.leadership.require()
        return await self.acceptance.takes_ours(announced, until)

    async def _lacks(self, announced: Collection[Prefix]) -> bool:
        """Whether the speaker has lost routes.

        What it lacks twice in a row it refuses, and the other routes must not wait for that.
        """
        missing = frozenset(announced) - {path.prefix for path in await self.speaker.held()}
        refuses = missing == self._missing and len(missing) < len(announced)
        self._missing = missing
        return bool(missing) and not refuses


def _desired_routes(updates: Sequence[PathUpdate]) -> list[DesiredRoute]:
    return [desired for update in updates for desired in update.desired_routes]
