"""Look at every settled route from outside, again and again; a lost route raises an alarm.

A program that withdraws by accident believes that all is well: only listeners see that routes are
gone. What is found here withdraws nothing, and announces nothing.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from byoip.domain.asn import Asn
from byoip.domain.history import Actor
from byoip.domain.speakers.reconciliation import DesiredRoute
from byoip.domain.speakers.shrinking import SECONDS, Counts, Shrinking
from byoip.domain.speakers.sightings import Sightings, was_gone
from byoip.domain.speakers.staging import Visibility
from byoip.domain.speakers.tellings import Tellings
from byoip.ports.clock import Clock
from byoip.ports.speakers.speaker import Feeds, Neighbour, Speaker
from byoip.ports.steady_clock import boottime
from byoip.store.speakers.routes import Alarm, Routes
from byoip.store.transaction import Store
from byoip.usecases.speakers.observe import (
    ObserveRoutes,
    QueriedSpeaker,
    observations,
    own_word,
    pages,
)

_LOG = logging.getLogger(__name__)

BY = Actor("worker", "reconciler")
LOST = "lost"
VANISHING = "vanishing"
_MINUTE = 60.0
# A little more than routes count as lost for: each withdrawal is there before its loss.
_EXPLAINED = timedelta(seconds=SECONDS + 10)
LOST_EVENT, SEEN_AGAIN_EVENT = "bgp_prefix.lost", "bgp_prefix.seen_again"
LOST_AND_BACK_EVENT = "bgp_prefix.lost_and_back"


@dataclass(slots=True)
class MonitorRoutes:
    """One look at every settled row that is announced, or that an observer still sees.

    An alarm `lost` stands for a route that is announced, was seen at every stage, and that no
    listener sees any more: in two looks in a row, for one may fall into a session's restart. A
    look that no listener answered says nothing: alarms stay as they are.

    Attributes:
        vanishing: how many routes that no owner withdrew may vanish in a minute before that is an
            alarm.
        calm: every listener answered the last look, and no route is lost or suspected.
    """

    routes: Routes
    store: Store
    clock: Clock
    observe: ObserveRoutes
    vanishing: int = 10
    _missed: Collection[UUID] = field(default=(), init=False)
    _lost: Collection[UUID] | None = field(default=None, init=False)
    _vanished: deque[tuple[float, int]] = field(default_factory=deque, init=False)
    _heard: dict[UUID, tuple[int, Mapping[str, Collection[Asn]]]] = field(
        default_factory=dict, init=False
    )
    _feeds: Mapping[str, Feeds] = field(default_factory=dict, init=False)
    _sessions: Mapping[str, Sequence[Neighbour]] = field(default_factory=dict, init=False)
    _tellings: Tellings = field(default_factory=Tellings, init=False)
    _told: set[UUID] = field(default_factory=set, init=False)  # that they are lost
    _shrinking: Shrinking = field(default_factory=Shrinking, init=False)
    calm: bool = field(default=False, init=False)

    async def __call__(self, speakers: Collection[Speaker]) -> None:
        """Ask listeners; and ask speakers what they send, where no listener can tell.

        Args:
            speakers: those that answer.

        Raises:
            StoreUnavailable: what was found is not recorded; the next look finds it again.
        """
        desired_routes = await self.routes.to_observe()
        now = self.clock.now()
        feeds = await self.observe.feeds()
        sessions = await self.observe.sessions(speakers)
        heard = await self.observe.heard({one.prefix for one in desired_routes})
        mine = [one for one in desired_routes if not (heard.heard and one.advertised)]
        sent = await self._sent(mine, speakers, sessions)
        found = [*await observations(desired_routes, heard), *await observations(mine, sent)]
        for page in pages(found):
            await self.routes.record_observations(page, now)
        # Afterwards: the time below says that all observations until then are recorded.
        answered = {one.name: one.name in heard.heard for one in self.observe.listeners}
        await self.routes.note_listeners(answered, now)
        if sessions:
            named = [own_word(name, peer.address) for name in sessions for peer in sessions[name]]
            await self.routes.forget_sessions(list(sessions), named, now)
        if sent.sent and not heard.heard:
            await self.routes.note_reported(list(sent.sent), now)
        if heard.heard:
            await self._compare(desired_routes, heard, now)
        elif not self.observe.listened:
            await self.routes.replace_alarms(LOST, [], now)  # no listener could miss a route
        self._feeds = {one: feeds[one] for one in heard.heard if one in feeds}
        self._shrinking.begin(_counts(self._feeds))
        silent = [one for one in self.observe.listeners if one.name not in self._feeds]
        self.calm = not (silent or self._missed or self._lost)
        told = [] if heard.heard else sent.sent  # of every route
        self._sessions = {one: sessions[one] for one in told if one in sessions}

    async def confirm(self, speakers: Collection[Speaker]) -> bool:
        """Confirm what the last look saw, as long as all sessions that it came by are still up.

        A listener may have lost as many routes as were withdrawn lately; others are looked for.

        Returns:
            False: they are not; what was seen is not confirmed before the next look.

        Raises:
            StoreUnavailable: as for a look.
        """
        known, told = dict(self._feeds), dict(self._sessions)
        asked = [one for one in speakers if one.name in told]
        feeds, sessions = await asyncio.gather(self.observe.feeds(), self.observe.sessions(asked))
        now = self.clock.now()
        heard = {
            one.name: one.name in known and _fed(known[one.name], feeds.get(one.name, {}))
            for one in self.observe.listeners
        }
        lost = self._shrinking.most(_counts(feeds), boottime())
        if lost and lost > await self.routes.withdrawn_since(now - _EXPLAINED):
            heard = dict.fromkeys(heard, False)
        await self.routes.note_listeners(heard, now)
        same = [one for one in told if sessions.get(one) == told[one]]
        if same:
            await self.routes.note_reported(same, now)
        return all(heard.values()) and len(same) == len(told)

    async def _sent(
        self,
        mine: Sequence[DesiredRoute],
        speakers: Collection[Speaker],
        sessions: Mapping[str, Sequence[Neighbour]],
    ) -> Sightings:
        if not mine:
            return Sightings()
        asked = [
            QueriedSpeaker(one, sessions[one.name]) for one in speakers if one.name in sessions
        ]
        return await self.observe.sent({one.prefix for one in mine}, asked)

    async def _compare(
        self, desired_routes: Sequence[DesiredRoute], heard: Sightings, now: datetime
    ) -> None:
        out = {
            one.bgp_prefix_id: one
            for one in desired_routes
            if one.advertised and not one.unreleased
        }
        missing: set[UUID] = {
            id_ for id_, one in out.items() if heard.by_listeners(one) is Visibility.ABSENT
        }
        before = self._lost
        if before is not None:
            await self._count(missing, now)
        if before is None:  # another process may have raised them
            before = [UUID(one) for one in await self.routes.standing_alarms(LOST)]
            self._told.update(before)
        # Gone between two looks, or at one look only.
        short = {one.bgp_prefix_id for one in await self._gone_in_between(out.values(), heard)}
        short |= {*self._missed} - {*before} - missing
        await record(self.store, LOST_AND_BACK_EVENT, self._telling(out, short))
        lost = missing & {*self._missed, *before}
        again = [out[one] for one in self._told if one in out and one not in missing]
        self._told &= lost
        alarms = [Alarm(LOST, one.hex, str(out[one].prefix)) for one in lost]
        new = await self.routes.replace_alarms(LOST, alarms, now)
        self._missed, self._lost = missing, lost
        if new:
            _LOG.error("%d routes that are announced are seen by no listener", len(new))
        now_told = self._telling(out, lost - self._told)
        await record(self.store, LOST_EVENT, now_told)
        self._told.update(one.bgp_prefix_id for one in now_told)
        await record(self.store, SEEN_AGAIN_EVENT, again)

    def _telling(
        self, out: Mapping[UUID, DesiredRoute], of: Iterable[UUID]
    ) -> Sequence[DesiredRoute]:
        """Those of them that are announced, and whose owner was not told too often lately."""
        at = boottime()
        return [out[one] for one in of if one in out and self._tellings.take(one, at)]

    async def _gone_in_between(
        self, out: Iterable[DesiredRoute], heard: Sightings
    ) -> Sequence[DesiredRoute]:
        """What every listener had at the last look, has now, and had lost in between."""
        before, self._heard = self._heard, {}
        gone = []
        for one in out:
            await asyncio.sleep(0)  # a listener may show thousands of paths of each
            now = {name: seen.get(one.prefix, ()) for name, seen in heard.heard.items()}
            self._heard[one.bgp_prefix_id] = one.change, now
            change, then = before.get(one.bgp_prefix_id, (0, {}))
            same = change == one.change and then.keys() == now.keys() and now
            if same and all(was_gone(then[name], now[name]) for name in now):
                gone.append(one)
        return gone

    async def _count(self, missing: Collection[UUID], now: datetime) -> None:
        """Raise an alarm while many routes vanish that no owner withdrew."""
        vanished = len({*missing} - {*self._missed})
        self._vanished.append((boottime(), vanished))
        while self._vanished[0][0] < boottime() - _MINUTE:
            self._vanished.popleft()
        many = sum(count for _, count in self._vanished)
        said = f"{many} routes that no owner withdrew have vanished within a minute"
        alarms = [Alarm(VANISHING, "routes", said)] if many >= self.vanishing else []
        if await self.routes.replace_alarms(VANISHING, alarms, now):
            _LOG.error(said)


async def record(store: Store, kind: str, desired_routes: Sequence[DesiredRoute]) -> None:
    """Add a line to the history of each: their owners change them meanwhile."""
    if not desired_routes:
        return
    async with store.transaction(actor=BY) as tx:
        await tx.events.lock_claims({one.claim_id for one in desired_routes})
        for one in desired_routes:
            shown = {"bgp_prefix_id": one.bgp_prefix_id.hex, "cidr": str(one.prefix)}
            tx.record(one.claim_id, kind, after=shown)


def _counts(feeds: Mapping[str, Feeds]) -> Counts:
    return {(name, one): seen[one].routes for name, seen in feeds.items() for one in seen}


def _fed(before: Feeds, now: Feeds) -> bool:
    """Whether no session has ended or begun since."""
    return before.keys() == now.keys() and all(
        now[one].since == before[one].since for one in before
    )
