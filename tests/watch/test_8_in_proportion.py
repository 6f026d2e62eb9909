"""What the job reads in a minute goes by what has changed, not by how much is watched."""

import asyncio
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text

from byoip.domain.claims.claim import Claim
from byoip.domain.watch.levels import Signal
from byoip.store.watch import turns, watches
from byoip.usecases.claims import standing
from byoip.usecases.watch import hear_statistics
from tests.counting import counted
from tests.trust.plans import rows_touched
from tests.usecases.routes import Routes
from tests.usecases.verbs import Verb
from tests.usecases.world import WORKER, World
from tests.watching import DAY, Days

MANY = 5000
A_FEW = 100  # rows of a page's own, and of the index beside them
COLUMNS = """
    SELECT column_name FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name = 'prefixes' AND is_generated = 'NEVER'
"""
# Others like the one that is there, approved and watched, and not due today.
OTHERS = {
    "id": "md5(n::text)::uuid",
    "cidr": "set_masklen('100.0.0.0'::inet + n * 256, 24)::cidr",
}
FILL = """
    SET LOCAL session_replication_role = replica;
    INSERT INTO prefixes ({columns}) SELECT {values}
        FROM prefixes, generate_series(1, {many}) n WHERE prefixes.id = '{like}';
    INSERT INTO watch_turns (prefix_id, approved_at, due_at, registry, answered_at)
        SELECT md5(n::text)::uuid, approved_at, due_at + interval '9 days', registry, answered_at
        FROM watch_turns, generate_series(1, {many}) n WHERE prefix_id = '{like}';
    INSERT INTO prefix_watches
        (prefix_id, signal, looked_at, good_at, heard, level, seen, doubt, baseline, found)
        SELECT md5(n::text)::uuid, signal, looked_at, good_at, heard, level, seen, doubt, baseline,
            found
        FROM prefix_watches, generate_series(1, {many}) n WHERE prefix_id = '{like}'
"""
BEHIND = """
    UPDATE prefix_watches SET heard = %(before)s WHERE signal = 'holder' AND prefix_id IN
        (SELECT prefix_id FROM watch_turns ORDER BY prefix_id DESC LIMIT 50)
"""
READ = "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_user_tables"


async def crowd(world: World, like: Claim) -> None:
    """Many more that are watched."""
    async with world.engine.begin() as connection:
        names = list(await connection.scalars(text(COLUMNS)))
        values = ", ".join(OTHERS.get(name, name) for name in names)
        fill = FILL.format(columns=", ".join(names), values=values, many=MANY, like=like.id)
        for one in fill.split(";"):
            await connection.exec_driver_sql(one)
    async with world.engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.exec_driver_sql("VACUUM ANALYZE")


async def rows_read(world: World, database_url: str) -> int:
    """By all that has happened in the database; a process tells it some time after it ends."""
    await world.engine.dispose()
    with psycopg.connect(database_url, autocommit=True) as connection:
        told = [-1, -2]
        while told[-1] != told[-2]:
            await asyncio.sleep(0.5)
            row = connection.execute(READ).fetchone()
            assert row is not None
            told.append(int(row[0]))
    return told[-1]


async def test_a_run_reads_what_has_changed_and_nothing_else(
    days: Days, routes: Routes, database_url: str
) -> None:
    world = days.world
    await crowd(world, routes.claim)
    await days.run()  # statements are planned
    before = await rows_read(world, database_url)
    await days.run()
    quiet = await rows_read(world, database_url) - before
    assert quiet < MANY / 10, quiet

    fresh = await world.approved("31.9.0.0/24")
    days.rows["ripencc"].append(("31.9.0.0/24", "allocated", "fresh"))
    before = await rows_read(world, database_url)
    await days.run()
    read = await rows_read(world, database_url) - before
    assert read < MANY / 10, read
    assert {Signal.HOLDER, Signal.REVERSE_ZONE} <= set(await days.watches(fresh))


async def test_of_new_roa_data_and_statistics_a_page_is_read_from_where_it_begins(
    days: Days, routes: Routes, database_url: str
) -> None:
    await crowd(days.world, routes.claim)
    with psycopg.connect(database_url, autocommit=True) as connection:
        row = connection.execute("SELECT max(heard) FROM prefix_watches").fetchone()
        assert row is not None
        before = row[0] - 1
        connection.execute(BEHIND, {"before": before})
        connection.execute("VACUUM ANALYZE prefix_watches")
        for heard in (0, before):
            asked = {"newest": row[0], "heard": heard, "after": UUID(int=0), "most": 20}
            assert 1 <= rows_touched(connection, watches._UNHEARD.text, asked) <= A_FEW
        roas = {"number": 99, "most": 20}
        assert rows_touched(connection, watches._DISTURBED.text, roas) <= A_FEW


async def test_of_all_that_is_due_what_is_due_longest_is_read(
    days: Days, routes: Routes, database_url: str
) -> None:
    """After a day without a worker all of it is."""
    await crowd(days.world, routes.claim)
    with psycopg.connect(database_url, autocommit=True) as connection:
        asked = {"now": days.world.clock.now() + 99 * DAY, "most": 5, "read": 20}
        assert 5 <= rows_touched(connection, turns._DUE.text, asked) <= A_FEW


async def test_an_approval_is_watched_by_its_own_transaction_and_no_longer_than_it_lasts(
    world: World,
) -> None:
    claim = await world.approved()
    newest = 10**6

    async def unheard() -> list[UUID]:
        async with world.store.transaction() as tx:
            page = await tx.watches.unheard(newest, (0, UUID(int=0)), 10)
        return [one.claim_id for one in page]

    async def turns() -> int:
        async with world.engine.connect() as connection:
            return int(await connection.scalar(text("SELECT count(*) FROM watch_turns")) or 0)

    assert (await unheard(), await turns()) == ([claim.id], 1)
    async with world.store.transaction() as tx:
        assert dict(await tx.watches.of(claim.id)) == {}  # it has heard nothing yet
        assert await tx.watches.take(claim.id, world.clock.now()) is True
    await Verb(world.store, standing.revoke_approval)(claim.id, reason="Sold.", by=WORKER)
    assert (await unheard(), await turns()) == ([], 0)


async def test_a_look_finds_its_place_in_the_queue_of_a_registry_from_the_front(
    days: Days, routes: Routes, database_url: str
) -> None:
    await crowd(days.world, routes.claim)
    with psycopg.connect(database_url, autocommit=True) as connection:
        at = {"most": 20, "all_of_them": 50, "day_ago": days.world.clock.now()}
        at |= {"first": False, "newest": 30}
        asked = {"claim_id": routes.claim.id, **at}
        assert rows_touched(connection, turns._TURN_TO_ASK.text, asked) <= A_FEW


async def test_ids_that_a_registry_made_anew_are_read_once_for_all_whose_holder_changed(
    days: Days, routes: Routes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They may be a hundred thousand; and those whose holder changed may be of one customer."""
    sold = await days.beside(routes.claim, 7)
    gone = {str(one.prefix) for one in sold}
    days.rows["ripencc"] = [
        (cidr, status, "new-spare-7" if cidr in gone else f"new-{holder}")
        for cidr, status, holder in days.rows["ripencc"]
    ]
    days.world.clock.advance(DAY)
    await days.files()
    monkeypatch.setattr(hear_statistics, "_AT_ONCE", 2)  # several pages, too
    with counted(monkeypatch) as statements:
        await days.run()
    watched = [(await days.watches(one))[Signal.HOLDER] for one in sold]
    assert all(one.failing for one in watched)
    assert len([one for one in statements if "FROM registry_rekeys" in one]) == 1
