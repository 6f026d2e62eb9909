"""Migrating while others are at work: who holds locks that a revision needs is not ended for it."""

import asyncio
import re

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command

from byoip.store import migrating
from byoip.store.database_url import with_driver
from tests.announcing import until
from tests.store.test_migrating import MIGRATIONS

_WAITS = "SELECT FROM pg_stat_activity WHERE wait_event = %s AND application_name = 'byoip migrate'"
# Of the locks that a revision has at its end: with which of those that it took first.
_ALONE, _NO_WRITES = "ACCESS EXCLUSIVE", "SHARE ROW EXCLUSIVE"
_ENOUGH = {
    **dict.fromkeys(("AccessExclusiveLock", "RowExclusiveLock", "RowShareLock"), (_ALONE,)),
    **dict.fromkeys(("ShareRowExclusiveLock", "ShareLock"), (_ALONE, _NO_WRITES)),
    **dict.fromkeys(("ShareUpdateExclusiveLock",), (_ALONE, _NO_WRITES)),
    "AccessShareLock": (None, _ALONE, _NO_WRITES),
}
_HELD = sa.text("""
    SELECT relname, mode FROM pg_locks JOIN pg_class AS of ON of.oid = relation
    WHERE pid = pg_backend_pid() AND relkind IN ('r', 'p') AND relname <> 'alembic_version'
""")
_TABLES = sa.text("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace")
_WAITED = "SELECT FROM pg_locks WHERE waitstart < clock_timestamp() - interval '0.3 s'"
_HAS_ONE_AND_WANTS_THE_OTHER = """
    SELECT FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE application_name = 'byoip migrate'
        AND relation IN ('findings'::regclass, 'letters'::regclass)
    HAVING bool_or(granted) AND NOT bool_and(granted)
"""
# A table that 0051 changes, of which a vacuum takes hours.
_VACUUMED_FOR_LONG = """
    SET session_replication_role = replica;
    ALTER TABLE findings SET (autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0,
        autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1);
    INSERT INTO findings (run_id, position, check_name, outcome, seen, fix, warnings, at)
        SELECT gen_random_uuid(), 0, 'rpki', 'passed', repeat('x', 500), '', '{}', now()
        FROM generate_series(1, 5000);
    DELETE FROM findings
"""
_VACUUMING = """
    SELECT pid FROM pg_stat_activity JOIN pg_locks USING (pid)
    WHERE backend_type = 'autovacuum worker' AND datname = current_database()
        AND relation = 'findings'::regclass AND granted
"""


def at(url: str, revision: str) -> None:
    """Bring an empty database to it, as a version of then did."""
    with sa.create_engine(with_driver(url), poolclass=sa.NullPool).connect() as connection:
        bring(connection, revision)


def bring(connection: sa.Connection, revision: str) -> None:
    config = migrating._config()
    config.attributes.update(connection=connection, mode="production")
    command.upgrade(config, revision)


def test_every_revision_takes_its_locks_before_its_first_change(bare_database_url: str) -> None:
    """No stronger ones later on tables that were there before, and it waits for nobody's rows."""
    revisions = list((MIGRATIONS / "versions").glob("*.py"))
    assert revisions
    for one in revisions:
        begins = one.read_text().split("def upgrade() -> None:\n")[1]
        assert begins.startswith("    take_locks("), one.name
    engine = sa.create_engine(with_driver(bare_database_url), poolclass=sa.NullPool)
    there: set[str] = set()
    taken: dict[str, str] = {}
    compared: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        if found := re.fullmatch(r"LOCK TABLE (\w+) IN (.+) MODE", statement):
            taken[found[1]] = found[2]
        if found := re.fullmatch(r"SET LOCAL lock_timeout = '(\d+)ms'", statement):
            assert 1 <= int(found[1]) <= 300, statement  # milliseconds

    def compare(connection: sa.Connection) -> None:
        for table, mode in connection.execute(_HELD):
            if table in there:
                assert taken.get(table) in _ENOUGH[mode], (compared, table, mode)
                compared.append(table)
        there.update(connection.scalars(_TABLES))
        taken.clear()

    sa.event.listen(engine, "after_cursor_execute", note)
    sa.event.listen(engine, "commit", compare)
    with engine.connect() as connection:
        bring(connection, "head")
    assert len(compared) > 100


async def waits(beside: psycopg.AsyncConnection, event: str) -> bool:
    return bool(await (await beside.execute(_WAITS, [event])).fetchall())


async def is_between(beside: psycopg.AsyncConnection) -> bool:
    return bool(await (await beside.execute(_HAS_ONE_AND_WANTS_THE_OTHER)).fetchall())


async def test_an_owners_write_that_wants_what_a_revision_has_goes_through(
    bare_database_url: str,
) -> None:
    """0051 locks findings and letters: who has the last and waits for the first would be ended."""
    await asyncio.to_thread(at, bare_database_url, "0050")
    async with await psycopg.AsyncConnection.connect(bare_database_url, autocommit=True) as admin:
        async with await psycopg.AsyncConnection.connect(bare_database_url) as owner:
            await owner.execute("LOCK TABLE letters IN ROW EXCLUSIVE MODE")
            migrated = migrating_in_a_thread(bare_database_url)
            await until(lambda: is_between(admin))
            await owner.execute("LOCK TABLE findings IN ROW EXCLUSIVE MODE")  # no DeadlockDetected
            assert not migrated.done()
            await until(lambda: waits(admin, "relation"))  # it comes again, and waits
        await migrated


async def test_an_owner_reads_and_then_writes_what_a_revision_waits_for(
    bare_database_url: str,
) -> None:
    """0041 refers to prefixes, then alters them: Postgres would end the writer at once."""
    await asyncio.to_thread(at, bare_database_url, "0040")
    async with await psycopg.AsyncConnection.connect(bare_database_url, autocommit=True) as admin:
        async with await psycopg.AsyncConnection.connect(bare_database_url) as owner:
            await owner.execute("LOCK TABLE prefixes IN ACCESS SHARE MODE")
            migrated = migrating_in_a_thread(bare_database_url)
            await until(lambda: waits(admin, "relation"))
            await owner.execute("LOCK TABLE prefixes IN ROW EXCLUSIVE MODE")  # no DeadlockDetected
            assert not migrated.done()
        await migrated


async def test_no_revision_comes_between_those_that_wait_already(
    bare_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who waits for almost a second would be ended while the revision waits for the last lock."""
    await asyncio.to_thread(at, bare_database_url, "0050")
    monkeypatch.setattr(migrating, "_PATIENCE", 0.0)
    connecting = psycopg.AsyncConnection.connect
    async with await connecting(bare_database_url) as one, await connecting(bare_database_url) as b:
        await one.execute("LOCK TABLE letters IN EXCLUSIVE MODE")
        other = asyncio.create_task(b.execute("LOCK TABLE letters IN EXCLUSIVE MODE"))
        await until(lambda: waited(one))
        try:
            with pytest.raises(migrating.CannotMigrate, match="others wait for each other"):
                await asyncio.to_thread(migrating.migrate, bare_database_url, "production")
        finally:
            await one.rollback()
            await other
    await asyncio.to_thread(migrating.migrate, bare_database_url, "production")


async def waited(beside: psycopg.AsyncConnection) -> bool:
    return bool(await (await beside.execute(_WAITED)).fetchall())


def migrating_in_a_thread(url: str) -> asyncio.Task[None]:
    return asyncio.create_task(asyncio.to_thread(migrating.migrate, url, "production"))


async def test_who_holds_a_lock_for_long_is_named_and_nothing_is_changed(
    bare_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await asyncio.to_thread(at, bare_database_url, "0050")
    monkeypatch.setattr(migrating, "_PATIENCE", 0.0)
    async with await psycopg.AsyncConnection.connect(bare_database_url) as other:
        await other.execute("LOCK TABLE findings IN ACCESS SHARE MODE")
        with pytest.raises(migrating.CannotMigrate, match="pg_stat_activity"):
            await asyncio.to_thread(migrating.migrate, bare_database_url, "production")
        found = await other.execute("SELECT version_num FROM alembic_version")
        assert await found.fetchall() == [("0050",)]


async def test_an_autovacuum_ends_for_a_revision(
    bare_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Postgres ends one only for who waits longer than a revision does."""
    monkeypatch.setattr(migrating, "_PATIENCE", 60.0)
    await asyncio.to_thread(at, bare_database_url, "0050")
    async with await psycopg.AsyncConnection.connect(bare_database_url, autocommit=True) as admin:
        await admin.execute(_VACUUMED_FOR_LONG)
        for statement in ("ALTER SYSTEM SET autovacuum_naptime = 1", "SELECT pg_reload_conf()"):
            await admin.execute(statement)
        try:
            await until(lambda: vacuums(admin))
            before = await admin.execute(_VACUUMING)
            [(pid,)] = await before.fetchall()
            await asyncio.to_thread(migrating.migrate, bare_database_url, "production")
            after = await (await admin.execute(_VACUUMING)).fetchall()
            assert (pid,) not in after
        finally:
            await admin.execute("ALTER SYSTEM RESET autovacuum_naptime")
            await admin.execute("SELECT pg_reload_conf()")


async def vacuums(admin: psycopg.AsyncConnection) -> bool:
    return bool(await (await admin.execute(_VACUUMING)).fetchall())
