"""What people take out of service: the leader tells its speakers' tasks, and goes on as they do."""

from collections.abc import Sequence

from byoip.domain.speakers.drain import Drain
from byoip.ports.clock import Clock
from byoip.store.speakers.routes import Alarm, Routes
from byoip.store.transaction import Store
from byoip.usecases.speakers.carry_out_drains import CarryOutDrains
from byoip.worker.speaker_task import SpeakerTask


class Draining:
    """The same, with each look."""

    def __init__(self, routes: Routes, store: Store, clock: Clock) -> None:
        """Take where drains are kept, by this leader's lease."""
        self._drains = routes.drains
        self._steps = CarryOutDrains(self._drains, store, clock)

    async def order(self, tasks: Sequence[SpeakerTask]) -> Sequence[Drain]:
        """Tell the tasks of those that are not over."""
        standing = await self._drains.standing()
        for task in tasks:
            task.order(standing)
        return standing

    async def look(self, tasks: Sequence[SpeakerTask]) -> Sequence[Alarm]:
        """Go on with each; what operators should know.

        Raises:
            StoreUnavailable, LeaseLost: the next look finds the same.
        """
        standing = await self.order(tasks)
        await self._steps.step(standing, [one.drain_progress for one in tasks])
        return self._steps.alarms
