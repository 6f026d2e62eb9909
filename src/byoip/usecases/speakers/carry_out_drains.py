"""The leader's part in drains: each step is recorded before speakers are told of it.

The theory is in `domain/speakers/drain.py`. What a speaker is told: `drained_sessions.py`.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import uuid4

from byoip.domain.customer_text import CustomerText
from byoip.domain.history import Actor
from byoip.domain.speakers.drain import Drain, DrainNotFound
from byoip.ports.clock import Clock
from byoip.store.speakers.drains import Drains
from byoip.store.speakers.routes import Alarm
from byoip.store.transaction import Store
from byoip.usecases.speakers.drains import shown, would_lose

DRAINED: Final = "drained"
_ITS_END: Final = CustomerText("its end has come")


@dataclass(frozen=True, slots=True)
class DrainProgress:
    """How far a speaker is.

    Attributes:
        done: the drains that are in effect there, as they were then.
        gone: it has not answered for a while.
        fault: why one is not.
    """

    speaker: str
    stage: int
    done: Collection[Drain]
    gone: bool
    fault: str = ""


@dataclass(slots=True)
class CarryOutDrains:
    """One step of every drain, as often as it is called."""

    drains: Drains
    store: Store
    clock: Clock
    alarms: Sequence[Alarm] = field(default=(), init=False)

    async def step(self, standing: Sequence[Drain], speakers: Sequence[DrainProgress]) -> None:
        """Go on with each, where speakers are so far.

        Raises:
            StoreUnavailable, LeaseLost: the next step finds the same.
        """
        said: dict[str, Alarm] = {}
        for one in standing:
            there = [each for each in speakers if one.target.concerns(each.speaker, each.stage)]
            why = await self._advance(one, there) or next((x.fault for x in there if x.fault), "")
            subject = str(one.target)
            said[subject] = Alarm(DRAINED, subject, _said(one, why))
        self.alarms = tuple(said.values())

    async def _advance(self, one: Drain, there: Sequence[DrainProgress]) -> str:
        """The next step, if it is time for it; why not, where an operator should know."""
        now = self.clock.now()
        if one.over_by(now):
            await self._end(one)
        elif not one.live:
            # Also of one that is away: what it knows of its neighbours must be as before.
            if all(one in each.done for each in there):
                await self.drains.undone(one, now)
        elif one.announced_at is None:
            if all(one in each.done for each in there if not each.gone):
                await self.drains.announced(one, now)
        elif one.due_down(now):
            return await self._take_down(one)
        return ""

    async def _take_down(self, one: Drain) -> str:
        """Have sessions taken down, unless more routes would go than the operator knows of."""
        async with self.store.transaction() as tx:
            await tx.revisions.lock()
            lost = await would_lose(tx, one.target)
            if lost > one.loses:
                return f"it waits, for no other speaker has {lost} routes"
            await tx.drains.down(one, tx.now)
        return ""

    async def _end(self, one: Drain) -> None:
        async with self.store.transaction(actor=_actor()) as tx:
            await tx.revisions.lock()
            try:
                ended = await tx.drains.end(one.id, "its end", tx.now)
            except DrainNotFound:
                return  # an operator was faster
            tx.record_for_operators("drain.lifted", _ITS_END, after=shown(ended))


def _actor() -> Actor:
    return Actor("reconciler", f"drain-lifted-{uuid4().hex}")


def _said(one: Drain, why: str) -> str:
    end = f"until {one.until:%Y-%m-%d %H:%M} UTC" if one.until else "until it is lifted"
    return f"{one.state}, {end}, by {one.name}: {one.reason}{f'; {why}' if why else ''}"
