"""Make one speaker hold what owners want.

That it may hold a route is recorded before it is asked to announce it; that it has announced or
withdrawn a route, after it confirmed that. So a process that dies in between leaves nothing that
the next leader cannot find out. No transaction is open while the speaker is asked.

Before each batch the leader's lease is renewed, and the call ends before the lease does: a process
that was frozen in between sends nothing when it goes on.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Final, Protocol
from uuid import UUID

from byoip.domain.asn import Asn
from byoip.domain.prefix import Prefix
from byoip.domain.routes.route import Path, PathAttributes
from byoip.domain.speakers.reconciliation import (
    DesiredRoute,
    PathUpdate,
    Plan,
    desired_routes,
    planning,
)
from byoip.domain.speakers.reconciliation import RouteState as State
from byoip.domain.speakers.staging import Gates
from byoip.ports.clock import Clock
from byoip.ports.speakers.speaker import Neighbour, Speaker
from byoip.ports.steady_clock import boottime
from byoip.store.sharing import one_ahead
from byoip.store.speakers.leader_election import Leadership
from byoip.store.speakers.routes import Routes
from byoip.store.transaction import Store
from byoip.usecases.speakers.acceptance import Acceptance
from byoip.usecases.speakers.drained_sessions import DrainedSessions
from byoip.usecases.speakers.observe import pages
from byoip.usecases.speakers.open_sessions import OpenSessions, Witnesses
from byoip.usecases.speakers.sessions import Sessions
from byoip.usecases.speakers.speaker_notes import SpeakerNotes

_PAGE: Final = 2000  # paths a call: gobgpd takes 20,000 in a second, and has four for a call


class _Tell(Protocol):
    async def __call__(self, paths: Sequence[Path], *, until: float) -> None: ...


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What came of it.

    Attributes:
        changed: rows that it confirmed.
        neighbours: its sessions; None: not asked.
        again: a full sync must follow at once: it lost routes during this one, or what changed
            stood as an orphan.
        left: something is left for the next full sync to do.
    """

    changed: frozenset[UUID] = frozenset()
    neighbours: Sequence[Neighbour] | None = None
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
    store: Store
    witnesses: Witnesses = field(default_factory=Witnesses)
    keeps: bool = False
    withheld: int = field(default=0, init=False)
    acceptance: Acceptance = field(init=False)
    notes: SpeakerNotes = field(init=False)
    sessions: Sessions = field(init=False)
    progressed_at: float = field(default_factory=boottime, init=False)
    listed_at: float = field(default=0.0, init=False)
    local_as: Asn | None = field(default=None, init=False)
    _orphans: frozenset[Prefix] = field(default=frozenset(), init=False)

    def __post_init__(self) -> None:
        self.acceptance = Acceptance(self.speaker)
        self.notes = SpeakerNotes(self.name, self.stage, self.routes, self.clock)
        opening = OpenSessions(self.speaker, self.witnesses)
        drained = DrainedSessions(self.speaker, self.stage, self.leadership, self.store)
        self.sessions = Sessions(
            *(self.speaker, self.routes, self.leadership, self.acceptance, opening, drained),
            self._progress,
        )

    @property
    def opening(self) -> OpenSessions:
        """Whether its sessions may come up."""
        return self.sessions.opening

    @property
    def drained(self) -> DrainedSessions:
        """Which of them are kept down."""
        return self.sessions.drained

    def _progress(self) -> None:
        self.progressed_at = boottime()

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
        self.local_as = await self.speaker.local_as()
        await self.acceptance.close_imports(await self.leadership.standing())
        await self.opening.begin(self.routes.records)
        await self.drained.look()
        life = await self.drained.begin_life()
        attributes, looked_at = await self._attributes(), self.clock.now()
        self.listed_at = boottime()
        held = {path.prefix: path for path in await self.speaker.held()}
        self.acceptance.listed(held, life)
        self.progressed_at = boottime()
        states = await self.routes.states(self.name)
        self.progressed_at = boottime()
        decided = await self.routes.decided_orphans(self.name)
        todo = await self._plan(states, attributes, held, decided)
        self.withheld = len(todo.withheld)
        self.opening.leaves_out = self.acceptance.note_unfit(todo.unfit, attributes.local_as)
        self.acceptance.begin({one.path.prefix for one in todo.announce})
        announced_now, recorded = await self._carry_out(todo)
        remaining = await self._withdraw_orphans(todo)
        self._orphans = frozenset(remaining)
        now, unknown = self.clock.now(), not self.opening.known
        await self.routes.note_orphans(self.name, remaining, now, unknown=unknown)
        announced = {prefix for prefix, path in held.items() if prefix not in todo.orphans}
        announced |= {update.path.prefix for update in todo.announce}
        announced -= {update.path.prefix for update in todo.withdraw}
        neighbours, again = await self.sessions.settle(announced, remaining, looked_at)
        changed = await self._confirm(announced_now, recorded)  # no peer has to wait for it
        self.acceptance.note_prepends(states, attributes, neighbours)
        loaded = all(one.enabled for one in self.sessions.in_service(neighbours))
        silenced = self.drained.silenced
        await self.notes.note(self.many, neighbours, attributes, loaded=loaded, drained=silenced)
        alarms = self.acceptance.amiss or self.opening.alarms
        left = bool(todo.decided or todo.withheld or alarms or self.drained.orders)
        return SyncResult(changed, neighbours, again, left)

    @property
    def many(self) -> int:
        """How many routes it holds, as listed, and told since."""
        return len(self.acceptance.has)

    async def look(self, neighbours: Sequence[Neighbour]) -> bool:
        """Whether it has, between full syncs, what it forgets when its file is read again.

        Raises:
            SpeakerUnanswered, LeaseLost, StoreUnavailable: as for `full_sync`.
        """
        await self.acceptance.close_imports(await self.leadership.standing())
        await self.notes.again(self.many)
        new = self.acceptance.news()
        if new and any(one.enabled for one in neighbours):
            await self.routes.records.note_held(self.name, new)
        return await self.drained.remembered()

    async def sync_changes(self, ids: Collection[UUID]) -> SyncResult:
        """Tell it of a few rows that changed, without asking for all that it holds.

        Raises:
            SpeakerUnanswered, LeaseLost, StoreUnavailable: as for `full_sync`.
        """
        states = await self.routes.states_of(self.name, ids)
        if not states:
            return SyncResult()
        todo = await self._plan(states, await self._attributes())
        # What stands as an orphan is found, and found to be over, by full syncs.
        was_orphan = any(one.desired.prefix in self._orphans for one in states)
        changed = await self._confirm(*await self._carry_out(todo))
        return SyncResult(changed, again=was_orphan)

    def _admits(self, desired: DesiredRoute) -> bool:
        # While all sessions are kept down no peer hears it, and when they come up again it must
        # have nothing that an owner has withdrawn meanwhile.
        withdrawn_unheard = self.drained.silenced and not desired.advertised
        return withdrawn_unheard or self.gates.admits(desired, self.stage)

    async def _attributes(self) -> PathAttributes:
        if self.local_as is None:
            self.local_as = await self.speaker.local_as()
        return replace(self.attributes, local_as=self.local_as)

    async def _plan(
        self,
        states: Sequence[State],
        attributes: PathAttributes,
        held: Mapping[Prefix, Path] | None = None,
        decided: Collection[Prefix] = (),
    ) -> Plan:
        made = Plan()
        keeps = self.keeps and held is not None
        for _ in planning(made, states, attributes, self._admits, held, decided, keeps=keeps):
            await asyncio.sleep(0)
        return made

    async def _carry_out(self, todo: Plan) -> tuple[Sequence[DesiredRoute], ...]:
        """Tell it page by page, one statement and one call each; the next is read meanwhile.

        Announcements first: what fails halfway leaves routes up. Returns what it now announces,
        which is to be recorded yet (`_confirm`), and what was recorded.
        """
        told: list[PathUpdate] = []
        async with aclosing(one_ahead(pages(todo.announce, _PAGE), self._wanted)) as wanted:
            async for page in wanted:
                await self._tell(self.speaker.announce, [update.path for update in page])
                told += page
        await self._confirm(todo.confirmed)
        announced, gone = await self._held(told), list(todo.gone)
        for each in pages(todo.withdraw, _PAGE):
            gone += await self._withdraw(each)
        for done in pages(gone, _PAGE):
            await self.routes.mark_withdrawn(self.name, done, self.clock.now())
        return announced, [*todo.confirmed, *gone]

    async def _confirm(
        self, announced: Sequence[DesiredRoute], recorded: Sequence[DesiredRoute] = ()
    ) -> frozenset[UUID]:
        for each in pages(announced, _PAGE):
            await self.routes.mark_announced(self.name, each, self.clock.now())
        return frozenset(one.bgp_prefix_id for one in (*announced, *recorded))

    async def _wanted(self, updates: Sequence[PathUpdate]) -> Sequence[PathUpdate]:
        """What rows still want, read again under lock: owners may have changed them."""
        wanted, now = desired_routes(updates), self.clock.now()
        still = await self.routes.mark_possibly_installed(self.name, wanted, now)
        return [
            one
            for one in updates
            if all(desired.bgp_prefix_id in still for desired in one.desired_routes)
        ]

    async def _held(self, updates: Sequence[PathUpdate]) -> Sequence[DesiredRoute]:
        """Those of what was announced that it holds: a policy of its own may have rejected some."""
        held = await self.acceptance.held_of([update.path for update in updates])
        for update in updates:
            if update.path.prefix not in held:
                for desired in update.desired_routes:
                    self.gates.not_held(desired, self.name)
        return desired_routes([one for one in updates if one.path.prefix in held])

    async def _withdraw(self, updates: Sequence[PathUpdate]) -> Sequence[DesiredRoute]:
        """Withdraw what the rows still say is withdrawn, read again under lock (rule R3)."""
        still = await self.routes.withdrawable(self.name, desired_routes(updates))
        asked = [
            one
            for one in updates
            if any(desired.bgp_prefix_id in still for desired in one.desired_routes)
        ]
        await self._tell(self.speaker.withdraw, [update.path for update in asked])
        self.acceptance.has.difference_update(update.path.prefix for update in asked)
        return [one for one in desired_routes(asked) if one.bgp_prefix_id in still]

    async def _tell(self, tell: _Tell, paths: Sequence[Path]) -> None:
        for page in pages(paths, _PAGE):
            until = await self.leadership.require()
            await tell(page, until=until)
            self.progressed_at = boottime()

    async def _withdraw_orphans(self, todo: Plan) -> Mapping[Prefix, Path]:
        """Withdraw decided orphans that no row wants now, no faster than the breaker's ceiling."""
        if not todo.decided:
            return todo.orphans
        decided = [path.prefix for path in todo.decided]
        gone = await self.routes.permit_orphan_withdrawals(self.name, decided)
        told = [path for path in todo.decided if path.prefix in gone]
        await self._tell(self.speaker.withdraw, told)
        self.acceptance.has.difference_update(gone)
        return {prefix: path for prefix, path in todo.orphans.items() if prefix not in gone}
