"""Migrating while others are at work: who holds locks that a revision needs is not ended for it."""

import asyncio

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command

from byoip.store import migrating
from byoip.store.database_url import with_driver
from tests.announcing import until

# A revision over a table of some size; all wait longer than usual before one of them is ended.
_SLOWLY = """
    DO $$ BEGIN
        EXECUTE format('ALTER DATABASE %I SET deadlock_timeout = 3000', current_database());
    END $$;
    CREATE FUNCTION slowly() RETURNS event_trigger LANGUAGE plpgsql
        AS $$ BEGIN PERFORM pg_sleep(0.3); END $$;
    CREATE EVENT TRIGGER slowly ON ddl_command_end WHEN TAG IN ('ALTER TABLE')
        EXECUTE FUNCTION slowly()
"""
_WAITS = "SELECT FROM pg_stat_activity WHERE wait_event = %s AND application_name = 'byoip migrate'"
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
    config = migrating._config()
    engine = sa.create_engine(with_driver(url), poolclass=sa.NullPool)
    with engine.connect() as connection:
        config.attributes.update(connection=connection, mode="production")
        command.upgrade(config, revision)


async def waits(beside: psycopg.AsyncConnection, event: str) -> bool:
    return bool(await (await beside.execute(_WAITS, [event])).fetchall())


async def test_an_owners_write_that_wants_what_a_revision_has_goes_through(
    bare_database_url: str,
) -> None:
    """0051 locks letters, then findings: who has findings and waits for letters would be ended."""
    await asyncio.to_thread(at, bare_database_url, "0050")
    async with await psycopg.AsyncConnection.connect(bare_database_url, autocommit=True) as admin:
        await admin.execute(_SLOWLY)
        async with await psycopg.AsyncConnection.connect(bare_database_url) as owner:
            await owner.execute("LOCK TABLE findings IN ROW EXCLUSIVE MODE")
            migrated = asyncio.create_task(
                asyncio.to_thread(migrating.migrate, bare_database_url, "production")
            )
            await until(lambda: waits(admin, "PgSleep"))  # letters are locked, findings not yet
            await owner.execute("LOCK TABLE letters IN ROW EXCLUSIVE MODE")  # no DeadlockDetected
            assert not migrated.done()
            await until(lambda: waits(admin, "relation"))  # it comes again, and waits
        await migrated


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
