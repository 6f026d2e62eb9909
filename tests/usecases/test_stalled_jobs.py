"""Jobs of workers that died end at the first look of a living one; those of the living go on."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from byoip.usecases.checks.rescue_runs import rescue_runs
from tests.usecases.world import World


@pytest.fixture
async def two_workers(world: World) -> None:
    """Each has fetched the job of a run; one was last heard of a minute ago."""
    for cidr, silent in (("31.0.0.0/24", "1 minute"), ("31.0.1.0/24", "5 seconds")):
        run_id = await world.request(await world.claim(cidr))
        async with world.engine.begin() as connection:
            await connection.execute(
                text("""
                WITH worker AS (
                    INSERT INTO procrastinate.procrastinate_workers (last_heartbeat)
                    VALUES (now() - CAST(CAST(:silent AS text) AS interval)) RETURNING id
                )
                UPDATE procrastinate.procrastinate_jobs
                SET status = 'doing', worker_id = worker.id
                FROM worker WHERE args->>'run_id' = :run_id
                """),
                {"silent": silent, "run_id": run_id.hex},
            )


async def statuses(world: World) -> list[str]:
    query = "SELECT status::text FROM procrastinate.procrastinate_jobs ORDER BY id"
    async with world.engine.connect() as connection:
        return list(await connection.scalars(text(query)))


async def test_two_that_look_at_once_both_go_on(world: World, two_workers: None) -> None:  # noqa: ARG001
    world.clock.advance(timedelta(minutes=1))
    async with world.store.transaction() as first:
        assert await first.jobs.fail_stalled() == 1
        async with world.store.transaction() as second:
            assert await rescue_runs(second) == 2  # the runs of both are overdue, and not queued
    assert await statuses(world) == ["failed", "doing", "todo", "todo"]
