from dataclasses import dataclass

from byoip.store.transaction import Store

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class RescueRuns:
    """Hand the runs of dead workers to living ones."""

    store: Store

    async def __call__(self) -> int:
        """Enqueue every abandoned run anew; how many there were."""
        async with self.store.transaction() as tx:
            abandoned = await tx.runs.abandoned(_AT_ONCE)
            for run_id in abandoned:
                await tx.jobs.enqueue_run(run_id)
        return len(abandoned)
