"""Trust, 4.1: whoever signs ROAs by the thousand keeps no worker from judging all the others.

The operator's number is the origin of most prefixes, and anybody may sign ROAs for it.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

import psycopg
from sqlalchemy import text

from byoip.store.checks import drifts
from byoip.store.statements import Statement, compiled
from byoip.store.watch import ending_roas
from tests.many_routes import ORIGIN, add_routes, ipv4
from tests.trust.plans import rows_touched
from tests.usecases.conftest import world, world_engine
from tests.usecases.world import World

__all__ = ["world", "world_engine"]  # fixtures

MANY = 3000
ROUTES = 30
HOURS = 6


async def signed(world: World, *roas: Mapping[str, object]) -> int:
    """The number of a snapshot of these."""
    await world.roas(*({"maxLength": 32, "ta": "ripe", **one} for one in roas))
    async with world.engine.connect() as connection:
        number = await connection.scalar(text("SELECT number FROM current_vrp_snapshot"))
    assert isinstance(number, int)
    return number


def soon(world: World) -> int:
    return int((world.clock.now() + timedelta(hours=1)).timestamp())


def touched(url: str, first: Statement, asked: Statement, values: Mapping[str, object]) -> int:
    with psycopg.connect(url) as connection:
        connection.execute("ANALYZE")
        connection.execute(first.text, first.values)
        return rows_touched(connection, asked.text, {**asked.values, **values})


def about_endings(world: World, number: int) -> Mapping[str, object]:
    until = int((world.clock.now() + timedelta(hours=HOURS)).timestamp())
    bounds = {"most": 100, "ceiling": ending_roas.MOST_ENDING, "roas": ending_roas.MOST_ROAS}
    return {"number": number, "until": until, **bounds}


async def test_roas_of_strangers_that_end_are_not_compared_with_every_prefix(
    world: World, database_url: str
) -> None:
    """A hundred thousand and 300,000 prefixes took the database more than two minutes."""
    add_routes(database_url, ipv4(MANY), accounts=3)
    ends = soon(world)
    theirs: Sequence[Mapping[str, object]] = [
        {"prefix": f"30.{one // 256}.{one % 256}.0/24", "asn": ORIGIN, "expires": ends}
        for one in range(MANY)
    ]
    number = await signed(world, *theirs, {"prefix": "20.0.0.0/8", "asn": ORIGIN})
    asked = ending_roas.PREPARE, ending_roas.ENDING, about_endings(world, number)
    assert touched(database_url, *asked) <= 2 * MANY


async def test_of_those_for_one_space_no_more_are_read_than_judge_it(
    world: World, database_url: str
) -> None:
    """A page of one customer's routes took longer than a statement may, and was tried for ever."""
    add_routes(database_url, ipv4(ROUTES))
    theirs: Sequence[Mapping[str, object]] = [
        {"prefix": "20.0.0.0/16", "asn": 70_000 + one} for one in range(MANY)
    ]
    own = {"prefix": "20.0.0.0/16", "asn": ORIGIN, "expires": soon(world)}
    elsewhere = [{"prefix": f"30.{one // 256}.{one % 256}.0/24", "asn": 1} for one in range(MANY)]
    number = await signed(world, *theirs, own, *elsewhere)
    now = world.clock.now()
    beginning = {"after_prefix": UUID(int=0), "after_cidr": "0.0.0.0/0", "page": 100}
    judging = {**beginning, "snapshot": number, "now": now, "now_epoch": int(now.timestamp())}
    for asked in (
        (drifts.ALONE, compiled(drifts.REEVALUATE), judging),
        (ending_roas.PREPARE, ending_roas.ENDING, about_endings(world, number)),
    ):
        assert touched(database_url, *asked) <= 3 * MANY


async def test_who_has_few_prefixes_hides_no_roa_of_others_by_many_of_its_own(
    world: World, database_url: str
) -> None:
    """Networks around one prefix, and lengths of each: a few made more than ten thousand."""
    mine, theirs = add_routes(database_url, ["20.0.0.0/24", "31.0.0.0/24"], accounts=2)
    ends = soon(world)
    around: Sequence[Mapping[str, object]] = [
        {"prefix": f"31.0.0.0/{size}", "maxLength": length, "asn": ORIGIN, "expires": ends}
        for size in range(16, 25)
        for length in range(size, 33)
    ]
    own = {"prefix": mine.cidr, "asn": ORIGIN, "expires": ends}
    number = await signed(world, own, *around)
    until = world.clock.now() + timedelta(hours=HOURS)
    async with world.store.transaction() as tx:
        asked = tx.session, number, until, 10
        found = await ending_roas.ending_roas(*asked, ceiling=2)
        assert found == sorted([mine.claim_id, theirs.claim_id])
        assert await ending_roas.ending_roas(*asked, ceiling=1) == []
