"""Validation runs whose worker died, or whose job was lost, are enqueued again."""

from byoip.store.transaction import Transaction

_AT_ONCE = 500


async def rescue_runs(tx: Transaction) -> int:
    """Hand the runs of dead workers to living ones, at most 500 at a time; how many there were."""
    await tx.jobs.fail_stalled()  # what their runs have come to stands in rows of their own
    abandoned = await tx.runs.abandoned(_AT_ONCE)
    for run_id in abandoned:
        await tx.jobs.enqueue_run(run_id)
    return len(abandoned)
