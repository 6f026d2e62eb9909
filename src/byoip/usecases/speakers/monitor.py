"""Look at all that is out, from outside, again and again; what went without a wish is shown.

Whoever withdraws by accident believes in what he does: only others see that routes are gone. What
is found here withdraws nothing, and announces nothing.
"""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from byoip.domain.history import Actor
from byoip.domain.speakers.reconciliation import DesiredRoute
from byoip.domain.speakers.sightings import Sightings
from byoip.domain.speakers.staging import Visibility
from byoip.ports.clock import Clock
from byoip.ports.speakers.speaker import Neighbour, Speaker
from byoip.store.speakers.routes import Alarm, Routes
from byoip.store.transaction import Store
from byoip.usecases.speakers.observe import Asked, ObserveRoutes, observations, own_word

_LOG = logging.getLogger(__name__)

BY = Actor("worker", "reconciler")
LOST = "lost"
LOST_EVENT, SEEN_AGAIN_EVENT = "bgp_prefix.lost", "bgp_prefix.seen_again"


@dataclass(slots=True)
class MonitorRoutes:
    """One look at every settled row that is announced, or that somebody still sees.

    An alarm `lost` stands for a route that is announced, was seen at every stage, and that no
    listener sees any more: in two looks in a row, for one may fall into a session's restart. Looks
    that no listener answered say nothing: what stands goes on to stand.
    """

    routes: Routes
    store: Store
    clock: Clock
    look: ObserveRoutes
    _missed: Collection[UUID] = field(default=(), init=False)
    _lost: Collection[UUID] | None = field(default=None, init=False)

    async def __call__(self, speakers: Collection[Speaker]) -> None:
        """Ask listeners; and speakers for their own word, where it is all that there is.

        Args:
            speakers: those who answer.

        Raises:
            StoreUnavailable: what was found is lost; the next look finds it again.
        """
        desired_routes = [one for one in await self.routes.to_observe() if one.is_settled]
        now = self.clock.now()
        sessions = await self.look.sessions(speakers)
        heard = await self.look.heard({one.prefix for one in desired_routes})
        mine = [one for one in desired_routes if not (heard.heard and one.advertised)]
        sent = await self._sent(mine, speakers, sessions)
        found = observations(desired_routes, heard) + observations(mine, sent)
        if found:
            await self.routes.observed(found, now)
        # Afterwards: what is said to be confirmed must have been kept.
        answered = {one.name: one.name in heard.heard for one in self.look.listeners}
        await self.routes.note_listeners(answered, now)
        if sessions:
            named = [own_word(name, peer.address) for name in sessions for peer in sessions[name]]
            await self.routes.let_go(list(sessions), named, now)
        if sent.sent and not heard.heard:
            await self.routes.note_told(list(sent.sent), now)
        if heard.heard:
            await self._compare(desired_routes, heard, now)
        elif not self.look.listened:
            await self.routes.alarms(LOST, [], now)  # nobody is left who could miss anything

    async def _sent(
        self,
        mine: Sequence[DesiredRoute],
        speakers: Collection[Speaker],
        sessions: Mapping[str, Sequence[Neighbour]],
    ) -> Sightings:
        if not mine:
            return Sightings()
        asked = [Asked(one, sessions[one.name]) for one in speakers if one.name in sessions]
        return await self.look.sent({one.prefix for one in mine}, asked)

    async def _compare(
        self, desired_routes: Sequence[DesiredRoute], heard: Sightings, now: datetime
    ) -> None:
        out = {one.bgp_prefix_id: one for one in desired_routes if one.advertised}
        missing = {id_ for id_, one in out.items() if heard.by_listeners(one) is Visibility.ABSENT}
        before = self._lost
        if before is None:  # somebody else may have raised them
            before = [UUID(one) for one in await self.routes.standing(LOST)]
        lost = missing & {*self._missed, *before}
        again = [out[one] for one in before if one in out and one not in missing]
        alarms = [Alarm(LOST, one.hex, str(out[one].prefix)) for one in lost]
        new = await self.routes.alarms(LOST, alarms, now)
        self._missed, self._lost = missing, lost
        if new:
            _LOG.error("%d routes that are announced are seen by no listener", len(new))
        await self._tell(LOST_EVENT, [out[UUID(one)] for one in new])
        await self._tell(SEEN_AGAIN_EVENT, again)

    async def _tell(self, kind: str, desired_routes: Sequence[DesiredRoute]) -> None:
        if not desired_routes:
            return
        async with self.store.transaction(actor=BY) as tx:
            for one in desired_routes:
                shown = {"bgp_prefix_id": one.bgp_prefix_id.hex, "cidr": str(one.prefix)}
                tx.record(one.claim_id, kind, after=shown)
