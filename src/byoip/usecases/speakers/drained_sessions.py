"""Which sessions of one speaker drains keep down, and what a person did at the speaker itself.

A speaker is given a name for the time since its start, and under that name notes of each neighbour
that is as it should be. It forgets both with a restart, as it forgets its routes: so a session that
is down and noted was taken down by a person, and one that is not noted is down by the restart. A
note that comes too late, after a restart, stands under the name of an earlier time.
"""

import logging
from collections.abc import Collection, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from uuid import uuid4

from byoip.domain.customer_text import CustomerText
from byoip.domain.history import Actor
from byoip.domain.speakers import drain as drains
from byoip.domain.speakers.drain import (
    Drain,
    DrainedAlready,
    DrainNotFound,
    DrainState,
    DrainTarget,
)
from byoip.domain.speakers.tellings import Tellings
from byoip.ports.speakers.speaker import Neighbour, NotDrained, Speaker
from byoip.ports.steady_clock import boottime
from byoip.store.speakers.leader_election import Leadership
from byoip.store.transaction import Store
from byoip.usecases.speakers.drains import shown

_LOG = logging.getLogger(__name__)

_TAKEN_DOWN = CustomerText("the session was taken down at the speaker itself")
_ENABLED = CustomerText("the session was enabled again at the speaker itself")


@dataclass(slots=True)
class DrainedSessions:
    """The same of one speaker.

    Attributes:
        orders: the drains that concern it and are not over; set by the leader.
        done: those that are in effect, as they were when they were carried out.
        kept_down: the neighbours that are to be down.
        silenced: whether those are all that it has: no peer hears it.
        fault: why neighbours are not told of a drain.
    """

    speaker: Speaker
    stage: int
    leadership: Leadership
    store: Store
    orders: tuple[Drain, ...] = ()
    done: Collection[Drain] = field(default=(), init=False)
    kept_down: frozenset[str] = field(default=frozenset(), init=False)
    silenced: bool = field(default=False, init=False)
    fault: str = field(default="", init=False)
    _life: str = field(default="", init=False)
    _known: AbstractSet[str] = field(default=frozenset(), init=False)
    _told_at: dict[str, float] = field(default_factory=dict, init=False)  # by `boottime`
    _carrying_out: tuple[Drain, ...] = field(default=(), init=False)
    _going: bool = field(default=False, init=False)
    _noticed: Tellings = field(default_factory=Tellings, init=False)

    async def look(self) -> None:
        """Find out whether no peer hears it, before it is told anything; `end` says so later."""
        if self.orders and not self.silenced:
            found = await self.speaker.neighbours()
            covered = [
                any(self._covers(drain, one.address) for drain in self.orders) for one in found
            ]
            self.silenced = bool(found) and all(covered) and not any(one.enabled for one in found)

    async def remembered(self) -> bool:
        """Whether the speaker has the name of its time still; without it no person is noticed."""
        return self._life in await self.speaker.notes()

    async def begin(self) -> Sequence[Neighbour]:
        """Take down what is to be down; its sessions then.

        Raises:
            SpeakerUnanswered, LeaseLost, StoreUnavailable: as for a full sync.
        """
        self._life = await self.begin_life()
        neighbours = await self.speaker.neighbours()
        # Afterwards: if it has restarted in between, these sessions are of a later time.
        notes = await self.speaker.notes()
        self._known = {one.address for one in neighbours if self._note(one.address) in notes}
        by_hand = await self._by_hand(neighbours)
        self._carrying_out = self.orders
        wanted = {one.address: self._of(one.address) for one in neighbours}
        down = {address for address, of in wanted.items() if any(map(_is_down, of))}
        self.kept_down = by_hand | down
        await self._tell(neighbours, {a for a, of in wanted.items() if any(map(_is_told, of))})
        up = [one for one in neighbours if one.enabled and one.address in self.kept_down]
        going = [one for one in up if self._may_go(one.address, wanted[one.address])]
        for one in going:
            until = await self.leadership.require()
            await self.speaker.disable(one.address, until=until)
            _LOG.warning("Speaker %s: %s is drained", self.speaker.name, one.address)
        self._going = bool(going)
        return await self.speaker.neighbours() if going else neighbours

    async def end(self, neighbours: Sequence[Neighbour]) -> bool:
        """Note what has come of it; False: an order was not followed, and must be given again."""
        enabled = {one.address for one in neighbours if one.enabled}
        wrong = {a for a in self.kept_down if a in enabled}
        as_wanted = {
            one.address for one in neighbours if one.enabled is (one.address not in self.kept_down)
        }
        for address in sorted(as_wanted.difference(self._known)):
            until = await self.leadership.require()
            await self.speaker.note(self._note(address), until=until)
        self.done = (
            ()
            if self.fault
            else tuple(
                one
                for one in self._carrying_out
                if one.state is DrainState.DRAINING or self._under(one, neighbours) <= as_wanted
            )
        )
        self.silenced = bool(neighbours) and not enabled and len(self.kept_down) == len(neighbours)
        return not (wrong and self._going)

    async def begin_life(self) -> str:
        """The name of the time since its start."""
        if names := sorted(one for one in await self.speaker.notes() if " " not in one):
            return names[0]
        name = uuid4().hex
        await self.speaker.note(name, until=await self.leadership.require())
        return name

    def _note(self, address: str) -> str:
        return f"{self._life} {address}"

    def _covers(self, drain: Drain, address: str) -> bool:
        return drain.target.covers(self.speaker.name, self.stage, address)

    def _under(self, drain: Drain, neighbours: Sequence[Neighbour]) -> AbstractSet[str]:
        """The neighbours that it covers."""
        return {one.address for one in neighbours if self._covers(drain, one.address)}

    def _of(self, address: str) -> Sequence[Drain]:
        """Those that cover a neighbour, and are not lifted."""
        return [one for one in self.orders if one.live and self._covers(one, address)]

    async def _tell(self, neighbours: Sequence[Neighbour], drained: AbstractSet[str]) -> None:
        """Have drained neighbours told that their routes are to go, and others that they stay.

        Told again where this process cannot know that they were: another one may have died.
        """
        over = [one for one in self._carrying_out if not one.live]
        lifted = {address for one in over for address in self._under(one, neighbours)}
        fresh = drained - self._told_at.keys()
        up = {one.address for one in neighbours if one.established}
        resend = up & (fresh | (lifted - drained))
        news = bool(drained or resend)
        until = await (self.leadership.require() if news else self.leadership.standing())
        try:
            await self.speaker.drain(sorted(drained), resend=sorted(resend), until=until)
        except NotDrained as fault:
            self.fault = str(fault)
            return
        self.fault = ""
        kept = {one: at for one, at in self._told_at.items() if one in drained}
        self._told_at = {**dict.fromkeys(fresh, boottime()), **kept}

    def _may_go(self, address: str, orders: Sequence[Drain]) -> bool:
        """Whether the neighbour had the time to look for other paths, since it was told.

        One that the speaker does not know has come up with a restart, and should not have.
        """
        if address not in self._known or any(one.by_hand for one in orders):
            return True
        told_at = self._told_at.get(address)
        waits = [one.wait_seconds for one in orders if one.state is DrainState.DOWN]
        return told_at is not None and boottime() - told_at >= min(waits, default=0)

    async def _by_hand(self, neighbours: Sequence[Neighbour]) -> frozenset[str]:
        """Record what a person has done at the speaker; the neighbours that so went down."""
        found = set()
        for one in neighbours:
            if one.address not in self._known:
                continue
            concerned = [drain for drain in self.orders if self._covers(drain, one.address)]
            hand = next((drain for drain in concerned if drain.by_hand and drain.live), None)
            if not one.enabled and not concerned:
                # What goes down and up all day is on record six times an hour, and stays as it is.
                if self._noticed.take(one.address, boottime()):
                    await self._record(one.address)
                found.add(one.address)
            elif one.enabled and hand:
                await self._record_enabled(hand)
        return frozenset(found)

    async def _record(self, address: str) -> None:
        target = DrainTarget(self.speaker.name, address)
        try:
            async with self.store.transaction(actor=_actor("begun")) as tx:
                await tx.revisions.lock()
                made = drains.by_hand(target, _TAKEN_DOWN.value, tx.now)
                await tx.drains.add(made)
                tx.record_for_operators("drain.begun", _TAKEN_DOWN, after=shown(made))
        except DrainedAlready:
            return  # by an operator, just now: the next look finds it
        _LOG.warning("Speaker %s: %s was taken down there", self.speaker.name, address)
        self.orders = (*self.orders, made)

    async def _record_enabled(self, drain: Drain) -> None:
        try:
            async with self.store.transaction(actor=_actor("lifted")) as tx:
                await tx.revisions.lock()
                ended = await tx.drains.end(drain.id, drains.BY_HAND, tx.now)
                tx.record_for_operators("drain.lifted", _ENABLED, after=shown(ended))
        except DrainNotFound:  # it was, a moment ago
            ended = replace(drain, ended_at=drain.since, ended_by=drains.BY_HAND)
        self.orders = tuple(ended if one.id == ended.id else one for one in self.orders)


def _is_down(drain: Drain) -> bool:
    return drain.state is DrainState.DOWN


def _is_told(drain: Drain) -> bool:
    return not drain.by_hand


def _actor(what: str) -> Actor:
    return Actor("reconciler", f"drain-{what}-by-hand-{uuid4().hex}")
