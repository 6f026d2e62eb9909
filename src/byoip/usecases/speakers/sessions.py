"""Bring the sessions of one speaker to be as they should, now that it has every route.

Those that drains keep down go down (`DrainedSessions`); of the others, those that are down come up,
unless anything is missing (`OpenSessions`).
"""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from byoip.domain.prefix import Prefix
from byoip.ports.speakers.speaker import Neighbour, Speaker
from byoip.store.speakers.leader_election import Leadership
from byoip.store.speakers.routes import Routes
from byoip.usecases.speakers.acceptance import Acceptance
from byoip.usecases.speakers.drained_sessions import DrainedSessions
from byoip.usecases.speakers.open_sessions import OpenSessions

_STEP_SECONDS: Final = 0.1


@dataclass(slots=True)
class Sessions:
    """The same of one speaker.

    Attributes:
        progress: is called whenever the speaker or the database has answered.
    """

    speaker: Speaker
    routes: Routes
    leadership: Leadership
    acceptance: Acceptance
    opening: OpenSessions
    drained: DrainedSessions
    progress: Callable[[], None]
    _missing: frozenset[Prefix] = field(default=frozenset(), init=False)

    def in_service(self, neighbours: Sequence[Neighbour]) -> Sequence[Neighbour]:
        """Those that no drain keeps down."""
        return [one for one in neighbours if one.address not in self.drained.kept_down]

    async def settle(
        self, announced: Collection[Prefix], orphans: Collection[Prefix], looked_at: datetime
    ) -> tuple[Sequence[Neighbour], bool]:
        """Its sessions afterwards, and whether another full sync must follow at once.

        Raises:
            SpeakerUnanswered, LeaseLost, StoreUnavailable: as for a full sync.
        """
        found = await self.drained.begin()
        neighbours, again = await self._enable(found, announced, orphans, looked_at)
        followed = await self.drained.end(neighbours)
        return neighbours, again or not followed

    async def _enable(
        self,
        neighbours: Sequence[Neighbour],
        announced: Collection[Prefix],
        orphans: Collection[Prefix],
        looked_at: datetime,
    ) -> tuple[Sequence[Neighbour], bool]:
        """Enable sessions that are down since its start, now that it has every route.

        Not while anything is missing of what peers may have from it (`OpenSessions`), nor
        while it has no route: peers that keep its routes through a graceful restart would drop
        them, and an empty database withdraws nothing; unless it is known that they should
        (`keeps_what_went`). Nor if it has restarted since it was asked,
        and so may be empty: it is asked what it holds again, just before each session comes up.
        Nor if it does not hold a probe: then it takes nothing of ours.
        """
        records, serving = self.routes.records, self.in_service(neighbours)
        down = [one for one in serving if not one.enabled]
        holds = {*announced, *orphans}
        may = await self._progressing(self.opening.may_open(records, serving, holds, looked_at))
        if not (down and may and (announced or self.opening.keeps_what_went)):
            return neighbours, False
        if not any(one.enabled for one in neighbours) and not await self._takes_ours(announced):
            return neighbours, False
        await self.opening.begun(records)
        for one in down:
            until = await self.leadership.require()
            # Again: it may have restarted since. If it does so after this, it lacks routes.
            await self.acceptance.close_imports(until)
            if await self._lacks(announced):  # last: nothing is waited for between this and that
                return await self.speaker.neighbours(), True
            self.opening.enabled()
            await self.speaker.enable(one.address, until=until)
            self.progress()
        neighbours = await self.speaker.neighbours()
        await self.opening.note(records, self.in_service(neighbours), holds)
        return neighbours, False

    async def _progressing(self, asked: Coroutine[None, None, bool]) -> bool:
        """Wait for others, who have a deadline: this task does not hang meanwhile."""
        answer = asyncio.ensure_future(asked)
        try:
            while not answer.done():
                await asyncio.wait([answer], timeout=_STEP_SECONDS)
                self.progress()
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
        missing = frozenset(announced).difference(await self.acceptance.holds())
        refuses = missing == self._missing and len(missing) < len(announced)
        self._missing = missing
        return bool(missing) and not refuses
