"""Sends webhooks, or mail, while its worker runs: looks for who is due, and has a turn with each.

Apart from the queue of jobs: no receiver takes the place of a validation. A worker has so many
places for receivers, which accounts share (`ports/places.py`): one whose receivers are slow keeps
no other waiting. Two workers may look at once; who sends is decided by the row (a queue's `claim`).
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from byoip.ports.clock import Clock
from byoip.ports.places import Places
from byoip.ports.steady_clock import boottime
from byoip.ports.supervising import end, supervised
from byoip.store.hooks.views import Due
from byoip.store.sharing import working_for
from byoip.store.unavailable import StoreUnavailable
from byoip.usecases.hooks.deliver import MOST_IN_A_TURN

_LOG: Final = logging.getLogger(__name__)

AT_ONCE: Final = 100
MOST_WAITING: Final = 1000
TICK_SECONDS: Final = 0.5
# A look goes through all receivers: who is behind in a feed stands in no index. With 50,000 it
# takes Postgres 65 ms, so the pause after it is so many times as long.
LOOKS_SHARE: Final = 10
_LONGEST_PAUSE_SECONDS: Final = 5.0
# Quick receivers and long feeds of one account take no worker's whole time: a message costs 6 ms of
# it. Each message counts, as a customer can end any turn before its end.
REST_SECONDS: Final = 2.0
_AWAY_SECONDS: Final = 2.0
_END_SECONDS: Final = 5.0


class Queue(Protocol):
    """What knows who is due."""

    async def due(self, now: datetime, busy: Collection[UUID], page: int) -> Sequence[Due]:
        """Those due that no worker sends to, but for those that this one is busy with."""


class Notifier:
    """Sends what is due, until it is cancelled."""

    def __init__(
        self,
        queue: Queue,
        deliver: Callable[[UUID], Awaitable[int]],
        clock: Clock,
        at_once: int = AT_ONCE,
        rest: float = REST_SECONDS,
        what: str = "webhook",
    ) -> None:
        """Take what says how many were sent in a turn, and who is sent to.

        Args:
            queue: knows who is due.
            deliver: has a turn with one; how many messages were sent.
            clock: what is due goes by it.
            at_once: how many receivers are sent to at once.
            rest: seconds of rest after a full turn.
            what: how the log calls a receiver.
        """
        self._queue = queue
        self._deliver = deliver
        self._clock = clock
        self._places = Places(at_once)
        self._rest = rest
        self._what = what
        self._busy: dict[UUID, asyncio.Task[None]] = {}
        self._resting: Counter[UUID] = Counter()  # receivers, by account

    async def run(self) -> None:
        """Look again and again; a look that fails is made again."""
        try:
            await supervised(f"Sending each {self._what}", self._keep_looking)
        finally:
            await end(list(self._busy.values()), seconds=_END_SECONDS)

    async def _keep_looking(self) -> None:
        while True:
            began = boottime()
            try:
                await self.look()
            except StoreUnavailable as fault:
                _LOG.warning("No %s is sent: %s", self._what, fault)
                await asyncio.sleep(_AWAY_SECONDS)
            share = (boottime() - began) * LOOKS_SHARE
            await asyncio.sleep(min(max(TICK_SECONDS, share), _LONGEST_PAUSE_SECONDS))

    async def look(self) -> None:
        """Begin a turn with each that is due and has none."""
        room = MOST_WAITING - len(self._busy)
        if room <= 0:
            return
        for due in await self._queue.due(self._clock.now(), self._busy, room):
            self._busy[due.id] = asyncio.create_task(self._turn(due))

    async def settled(self) -> None:
        """Wait until no turn is under way."""
        while self._busy:
            await asyncio.wait(list(self._busy.values()))

    async def _turn(self, due: Due) -> None:
        try:
            await self._places.take(due.account_id)
            try:
                with working_for(due.account_id):
                    sent = await self._deliver(due.id)
            finally:
                self._places.give_back(due.account_id)
            await self._have_rest(due.account_id, self._rest * sent / MOST_IN_A_TURN)
        except StoreUnavailable as fault:
            _LOG.warning("%s %s waits: %s", self._what.capitalize(), due.id.hex, fault)
        except Exception:  # noqa: BLE001 - of one receiver: others go on, and its claim lapses
            _LOG.exception("Sending to %s %s has failed", self._what, due.id.hex)
        finally:
            del self._busy[due.id]

    async def _have_rest(self, account_id: UUID, seconds: float) -> None:
        """For longer where others of the account rest: together they get as much as one alone."""
        self._resting[account_id] += 1
        try:
            await asyncio.sleep(seconds * self._resting[account_id])
        finally:
            self._resting[account_id] -= 1
            if not self._resting[account_id]:
                del self._resting[account_id]
