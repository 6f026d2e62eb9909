"""Trust, 4.1: runs whose worker died are found among a flood of others in proportion to these.

While it is younger than the planner's statistics, too: then thousands are taken for a few. And when
these know of more than Postgres hashes at once: by default of 150,000, here of a thousand.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from byoip.store.checks import runs
from tests.usecases.conftest import world, world_engine
from tests.usecases.world import World

__all__ = ["world", "world_engine"]  # fixtures

FLOOD = 3000
COLUMNS = """
    SELECT column_name FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name = 'prefixes' AND is_generated = 'NEVER'
"""
OTHERS = {"id": "gen_random_uuid()", "cidr": "cidr(cidr + n * 256)"}
FILL = """
    SET LOCAL session_replication_role = replica;
    INSERT INTO prefixes ({columns}) SELECT {values} FROM prefixes, generate_series(1, {flood}) n;
    INSERT INTO validation_runs
        (id, prefix_id, trigger, state, created_at, due_at, attempt, retries)
        SELECT gen_random_uuid(), prefixes.id, 'customer', 'scheduled', run.created_at,
            run.due_at, 0, 0
        FROM prefixes, validation_runs run WHERE prefixes.id <> run.prefix_id;
    INSERT INTO procrastinate.procrastinate_jobs (queue_name, task_name, priority, args)
        SELECT 'default', 'run_validation', -{flood},
            jsonb_build_object('run_id', replace(id::text, '-', ''))
        FROM validation_runs WHERE id <> '{lost}'
"""


def compared(plan: dict[str, Any]) -> Iterator[float]:
    """Rows that each step of a plan gave and threw away."""
    rows = plan["Actual Rows"] + plan.get("Rows Removed by Join Filter", 0)
    yield plan["Actual Loops"] * (rows + plan.get("Rows Removed by Filter", 0))
    for inner in plan.get("Plans", ()):
        yield from compared(inner)


@pytest.mark.parametrize("known", ["", "ANALYZE; SET work_mem = 64; SET hash_mem_multiplier = 1"])
async def test_a_lost_run_is_found_among_thousands_that_are_queued(
    world: World, known: str
) -> None:
    claim = await world.claim("31.0.0.0/24")
    await world.request(claim)
    await world.lose_jobs()
    lost = (await world.open_run(claim)).id
    async with world.engine.begin() as connection:
        names = list(await connection.scalars(text(COLUMNS)))
        values = ", ".join(OTHERS.get(name, name) for name in names)
        fill = FILL.format(columns=", ".join(names), values=values, flood=FLOOD, lost=lost)
        for one in fill.split(";"):
            await connection.exec_driver_sql(one)
    world.clock.advance(timedelta(minutes=5))
    async with world.store.transaction() as tx:
        assert list(await tx.runs.abandoned(500)) == [lost]
    asked = {**runs._ABANDONED.values, "time": world.clock.now(), "most": 500}
    async with world.engine.connect() as connection:
        plain = (await connection.get_raw_connection()).driver_connection
        assert plain is not None
        for one in filter(None, known.split(";")):
            await plain.execute(one.encode())
        explained = b"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) " + runs._ABANDONED.text
        ((answer,),) = await (await plain.execute(explained, asked)).fetchall()
    rows = sum(compared(answer[0]["Plan"]))
    print(f"{rows:.0f} rows for {FLOOD} runs")  # noqa: T201 - a figure
    assert rows < 20 * FLOOD
