"""Validation runs whose worker died, or whose job was lost, are enqueued again."""

from dataclasses import dataclass

from byoip.store.transaction import Store

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class RescueRuns:
    """Hand the runs of dead workers to living ones."""

    store: Store

    async def __call__(self) -> int:
        """Enqueue abandoned runs again, at most 500 at a time; gives how many there were."""
        async with self.store.transaction() as tx:
            abandoned = await tx.runs.abandoned(_AT_ONCE)
            for run_id in abandoned:
                await tx.jobs.enqueue_run(run_id)
        return len(abandoned)
