"""Trust, 4.5: whatever a speaker holds, operators' first page is there.

A million paths that no prefix wants took the database six seconds for each look at that page.
"""

import pytest
from sqlalchemy import text

from byoip.store.autocommit import autocommit_pool
from byoip.store.speakers import orphans
from byoip.store.speakers.orphans import Orphans
from tests.usecases.conftest import world, world_engine
from tests.usecases.world import World

__all__ = ["world", "world_engine"]  # fixtures

MANY = 30_000
_FILL = text("""
    INSERT INTO orphan_routes (speaker, cidr, path, found_at, seen_at)
    SELECT speaker, set_masklen(CAST(inet '10.0.0.0' + number AS cidr), 32),
        jsonb_build_object('next_hop', repeat('f', 100), 'number', number), :now, :now
    FROM generate_series(1, :many) AS number, unnest(ARRAY['ams1', 'fra1']) AS speaker
""")


async def seconds(world: World, statement: bytes) -> float:
    """How long Postgres is at it, at best: other processes have their turns as well."""
    took = list[float]()
    async with world.engine.connect() as connection:
        plain = (await connection.get_raw_connection()).driver_connection
        assert plain is not None
        for _ in range(5):
            explained = b"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) " + statement
            ((answer,),) = await (await plain.execute(explained)).fetchall()
            took.append(answer[0]["Execution Time"] / 1000)
    return min(took)


async def test_4_5_orphans_without_end_take_little_more_than_to_count_them(world: World) -> None:
    async with world.engine.begin() as connection:
        await connection.execute(_FILL, {"now": world.clock.now(), "many": MANY})
        await connection.exec_driver_sql("ANALYZE orphan_routes")
    count = b"SELECT speaker, count(*), min(found_at) FROM orphan_routes GROUP BY speaker"
    counted = await seconds(world, count)
    assert await seconds(world, orphans._UNDECIDED.text) < 4 * counted


@pytest.mark.parametrize(
    "change",
    [
        "found_at = found_at + interval '1 s'",
        """path = path || '{"next_hop": "192.0.2.1"}'""",
        "cidr = set_masklen(cidr + 16, 32)",
    ],
)
async def test_4_5_what_stands_for_orphans_stands_for_no_others(world: World, change: str) -> None:
    held = Orphans(autocommit_pool(world.engine))
    async with world.engine.begin() as connection:
        await connection.execute(_FILL, {"now": world.clock.now(), "many": 3})
    before, alike = await held.undecided()
    assert before.digest == alike.digest
    changed = f"UPDATE orphan_routes SET {change} WHERE speaker = 'ams1' AND cidr = '10.0.0.1'"  # noqa: S608
    async with world.engine.begin() as connection:
        await connection.exec_driver_sql(changed)
    after, _ = await held.undecided()
    assert after.many == before.many
    assert after.digest != before.digest
    async with world.store.transaction() as tx:
        assert await orphans.lock_undecided(tx.session, "ams1") == (3, after.digest)
