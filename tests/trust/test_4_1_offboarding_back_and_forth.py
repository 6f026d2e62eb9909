"""Trust, 4.1: a customer that offboards and restores without end keeps no worker busy with it."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.ports.jobs import OFFBOARD
from tests.api.world import World

JOBS = "procrastinate.procrastinate_jobs"
AN_HOUR = 12


async def queued(engine: AsyncEngine) -> int:
    """How many jobs wait that go on with offboardings."""
    count = f"SELECT count(*) FROM {JOBS} WHERE status = 'todo' AND task_name = :task"  # noqa: S608 - a constant
    async with engine.connect() as connection:
        return int(await connection.scalar(text(count), {"task": OFFBOARD}) or 0)


async def back_and_forth(world: World, prefix_id: str) -> None:
    assert (await world.call("POST", f"/prefixes/{prefix_id}/offboard")).status_code == 202
    assert (await world.call("POST", f"/prefixes/{prefix_id}/restore")).status_code == 200


async def forget(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(text(f"DELETE FROM {JOBS}"))  # noqa: S608 - a constant


async def take_up(engine: AsyncEngine) -> None:
    """A worker begins what waits."""
    async with engine.begin() as connection:
        await connection.execute(
            text(f"""
            WITH worker AS (
                INSERT INTO procrastinate.procrastinate_workers DEFAULT VALUES RETURNING id
            )
            UPDATE {JOBS} SET status = 'doing', worker_id = worker.id FROM worker
            WHERE task_name = :task AND status = 'todo'
            """),  # noqa: S608 - a constant
            {"task": OFFBOARD},
        )


async def test_of_many_offboardings_one_job_waits_and_two_are_at_work(
    world: World, engine: AsyncEngine
) -> None:
    prefixes = [(await world.approved())[0] for _ in range(4)]
    await forget(engine)
    for expected in (1, 1, 0):  # the third time two are at work already
        for prefix_id in prefixes:
            await back_and_forth(world, prefix_id)
        assert await queued(engine) == expected
        await take_up(engine)


async def test_a_prefix_is_offboarded_so_many_times_an_hour_and_always_restored(
    world: World,
) -> None:
    prefix_id, _ = await world.approved()
    other, _ = await world.approved()
    for _ in range(AN_HOUR - 1):
        await back_and_forth(world, prefix_id)
    assert (await world.call("POST", f"/prefixes/{prefix_id}/offboard")).status_code == 202
    refused = await world.call("POST", f"/prefixes/{prefix_id}/offboard")
    assert (refused.status_code, refused.json()["errors"][0]["name"]) == (429, "rate_limited")
    assert (await world.call("POST", f"/prefixes/{prefix_id}/restore")).status_code == 200
    await back_and_forth(world, other)
