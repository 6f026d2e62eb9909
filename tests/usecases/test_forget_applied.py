"""A restored backup withdraws nothing, with a person and without."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from byoip.domain.customer_text import InvalidText
from byoip.domain.history import Actor
from byoip.domain.jobs.job_history import JobKind
from byoip.domain.speakers.succession import Verdict
from byoip.store.autocommit import autocommit_pool
from byoip.store.engine import PoolSize, make_engine
from byoip.store.speakers.restores import ForgottenState, RestoreRepository
from byoip.store.statements import Session
from byoip.usecases.jobs.kill_switches import KillSwitches
from byoip.usecases.speakers.forget_applied import forget_applied, recognise
from tests.announcing import Fleet, path
from tests.databases import fresh_database

CLI = Actor("cli", "cli-1")
MARKS = "SELECT count(*) FROM applied_routes WHERE may_hold OR advertised"
ELSEWHERE = "UPDATE incarnation SET identity = 'another cluster', since = now()"


@pytest.fixture
async def fleet(cloned_url: str) -> AsyncIterator[Fleet]:
    engine = make_engine(cloned_url, pool=PoolSize(kept=5, more=10, autocommit=8))
    fleet = Fleet(engine)
    (prefix,) = await fleet.add("31.0.0.0/24", advertised=True)
    known = await fleet.routes.states("one")
    await fleet.routes.mark_announced("one", [one.desired for one in known], fleet.clock.now())
    await fleet.routes.note_orphans("one", {prefix: path(prefix)}, fleet.clock.now())
    yield fleet
    await engine.dispose()


async def forget(fleet: Fleet, name: str = "A") -> ForgottenState:
    async with fleet.store.transaction(actor=CLI) as tx:
        return await forget_applied(tx, name=name, reason="last night's backup")


async def restored(fleet: Fleet) -> bool:
    async with fleet.store.transaction() as tx:
        return await recognise(tx) is Verdict.RESTORED


async def test_the_first_look_only_notes_which_database_it_is(fleet: Fleet) -> None:
    assert not await restored(fleet)
    ((identity,),) = await fleet.ask("SELECT identity FROM incarnation")
    ((oid,),) = await fleet.ask("SELECT oid FROM pg_database WHERE datname = current_database()")
    for words in ("cluster ", "timeline 0000000", f"database {oid}", "table "):
        assert words in identity
    assert not await restored(fleet), "it is the same"
    assert await fleet.ask(MARKS) == [(1,)]


async def test_an_ordinary_role_may_ask_for_it(fleet: Fleet) -> None:
    asked = ("pg_control_system()", "pg_current_wal_lsn()", "pg_walfile_name(pg_lsn)")
    for one in asked:
        may = await fleet.ask("SELECT has_function_privilege('public', :one, 'EXECUTE')", one=one)
        assert may == [(True,)], one


async def test_without_the_right_to_ask_the_database_itself_is_known(fleet: Fleet) -> None:
    async with fleet.engine.begin() as connection:  # undone with this database's catalogue
        await connection.execute(text("CREATE ROLE modest"))
        await connection.execute(text("GRANT SELECT, UPDATE, INSERT ON incarnation TO modest"))
        await connection.execute(text("GRANT SELECT ON witnesses TO modest"))
        await connection.execute(text("REVOKE EXECUTE ON FUNCTION pg_control_system FROM PUBLIC"))
        await connection.execute(text("SET LOCAL ROLE modest"))
        found = await RestoreRepository(await Session.of(connection)).identity()
        await connection.rollback()
    assert found.here.startswith("database ")


async def test_a_database_that_came_from_elsewhere_is_recognised_once(fleet: Fleet) -> None:
    await restored(fleet)
    await fleet.do(ELSEWHERE)
    assert await restored(fleet)
    assert await fleet.ask(MARKS) == [(0,)]
    assert await fleet.ask("SELECT decision FROM orphan_routes") == [(None,)], "remembered"
    assert await KillSwitches(fleet.store).stopped(JobKind.OFFBOARD)
    assert await fleet.alarms("restored") == {"database"}
    kinds = await fleet.ask("SELECT kind, actor FROM operator_events ORDER BY number")
    assert kinds == [("routes.disowned", "reconciler"), ("job.stopped", "reconciler")]
    assert not await restored(fleet)
    assert await fleet.alarms("restored") == {"database"}
    await fleet.do("UPDATE route_alarms SET since = now() - interval '25 hours'")
    await restored(fleet)
    assert await fleet.alarms("restored") == set()


async def test_a_copy_of_a_database_is_told_from_it(
    fleet: Fleet, postgres_url: str, cloned_url: str
) -> None:
    await restored(fleet)
    await fleet.engine.dispose()
    await autocommit_pool(fleet.engine).close()
    with fresh_database(postgres_url, template=cloned_url.rpartition("/")[2]) as url:
        engine = make_engine(url, pool=PoolSize(kept=1, more=1, autocommit=1))
        copy = Fleet(engine)
        assert await restored(copy)
        assert await copy.ask(MARKS) == [(0,)]
        await engine.dispose()


async def test_an_operator_says_so_and_is_named(fleet: Fleet) -> None:
    with pytest.raises(InvalidText):
        await forget(fleet, name=" ")
    done = await forget(fleet, name="A. Person")
    assert (done.applied, done.orphans) == (1, 1)
    (event, _) = await fleet.ask("SELECT kind, actor, reason FROM operator_events ORDER BY number")
    assert event == ("routes.disowned", "cli:A. Person", "last night's backup")
    assert not await restored(fleet), "that is done already"


async def test_edges_are_told_to_read_everything_anew(fleet: Fleet) -> None:
    async with fleet.store.transaction() as tx:
        before = await tx.edges.feed()
    await forget(fleet)
    async with fleet.store.transaction() as tx:
        assert await tx.edges.feed() != before


async def test_what_a_speaker_holds_as_an_orphan_is_not_confirmed_withdrawn(fleet: Fleet) -> None:
    ((prefix, (claim, _, row)),) = fleet.ids.items()
    await forget(fleet)
    await fleet.withdraw(prefix)
    await fleet.routes.note_orphans("one", {prefix: path(prefix)}, fleet.clock.now())
    async with fleet.store.transaction() as tx:
        assert await tx.bgp_prefixes.lingering(claim) == [row]


async def test_what_is_in_doubt_is_forgotten_alone(fleet: Fleet) -> None:
    (other,) = await fleet.add("31.0.1.0/24", advertised=True)
    known = await fleet.routes.states("one")
    await fleet.routes.mark_announced("one", [one.desired for one in known], fleet.clock.now())
    claim, _, route = fleet.ids[other]
    for routes, claims in (([route], []), ([], [claim])):
        async with fleet.store.transaction() as tx:
            found = await tx.restores.doubt(routes, claims, tx.now)
        assert found.cidrs == [other]
        assert not found.leaving
    marked = "SELECT b.cidr FROM applied_routes a JOIN bgp_prefixes b ON b.id = a.bgp_prefix_id"
    assert [str(cidr) for (cidr,) in await fleet.ask(marked)] == ["31.0.0.0/24"]
    waiting = "SELECT bgp_prefix_id FROM unreleased_routes"
    assert await fleet.ask(waiting) == [(route,)]
