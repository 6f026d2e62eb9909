import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import procrastinate
import psycopg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.store import migrating
from byoip.store.all_tables import metadata
from byoip.store.database_url import with_driver
from byoip.store.engine import make_engine
from byoip.store.unavailable import StoreUnavailable

MIGRATIONS = Path(__file__).parents[2] / "migrations"


async def test_the_first_migration_stamps_the_mode(bare_database_url: str) -> None:
    engine = make_engine(bare_database_url)
    assert await migrating.stamped_mode(engine) is None
    assert not (await migrating.check_revision(engine)).current
    await asyncio.to_thread(migrating.migrate, bare_database_url, "production")
    assert await migrating.stamped_mode(engine) == "production"
    assert (await migrating.check_revision(engine)).current
    await engine.dispose()


def test_a_database_of_the_other_mode_is_refused(database_url: str) -> None:
    with pytest.raises(migrating.CannotMigrate, match="stamped sandbox"):
        migrating.migrate(database_url, "production")


def test_many_may_migrate_at_once_and_again(bare_database_url: str) -> None:
    with ThreadPoolExecutor(3) as threads:
        for done in [
            threads.submit(migrating.migrate, bare_database_url, "sandbox") for _ in range(3)
        ]:
            done.result()
    migrating.migrate(bare_database_url, "sandbox")


async def test_a_foreign_revision_is_red_and_left_alone(
    database_url: str, engine: AsyncEngine
) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    state = await migrating.check_revision(engine)
    assert (state.current, state.found) == (False, "9999")
    with pytest.raises(migrating.CannotMigrate, match="unknown"):
        await asyncio.to_thread(migrating.migrate, database_url, "sandbox")


async def test_a_server_older_than_promised_is_refused_before_anything_is_done(
    bare_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(bare_database_url) as connection:
        version = connection.info.server_version
    engine = make_engine(bare_database_url)
    monkeypatch.setattr(migrating, "OLDEST", version)
    assert (await migrating.check_revision(engine)).found is None
    monkeypatch.setattr(migrating, "OLDEST", version + 1)
    with pytest.raises(migrating.CannotMigrate, match="this server is"):
        await migrating.check_revision(engine)
    with pytest.raises(migrating.CannotMigrate, match="this server is"):
        await asyncio.to_thread(migrating.migrate, bare_database_url, "sandbox")
    assert await migrating.stamped_mode(engine) is None
    await engine.dispose()


def test_a_database_that_is_away_is_no_riddle() -> None:
    with pytest.raises(StoreUnavailable):
        migrating.migrate("postgresql://nobody:x@127.0.0.1:1/none", "sandbox")


def test_what_postgres_does_not_permit_is_said_and_nothing_is_half_done(
    bare_database_url: str,
) -> None:
    with psycopg.connect(bare_database_url) as connection:
        connection.execute("CREATE SCHEMA procrastinate")  # so that the first revision fails late
    with pytest.raises(migrating.CannotMigrate, match="already exists"):
        migrating.migrate(bare_database_url, "sandbox")
    with psycopg.connect(bare_database_url) as connection:
        assert connection.execute("SELECT to_regclass('prefixes')").fetchone() == (None,)
        connection.execute("DROP SCHEMA procrastinate")
    migrating.migrate(bare_database_url, "sandbox")


def test_migrating_leaves_logging_as_it_was(bare_database_url: str) -> None:
    before = logging.getLogger().handlers[:], logging.getLogger().level
    migrating.migrate(bare_database_url, "sandbox")
    assert (logging.getLogger().handlers[:], logging.getLogger().level) == before


def test_the_migrations_make_exactly_our_tables(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:  # a snapshot's, made at run time
        connection.execute("CREATE TABLE vrps_17 PARTITION OF vrps FOR VALUES IN (17)")
    engine = sa.create_engine(with_driver(database_url), poolclass=sa.NullPool)
    options = {"include_object": migrating.is_ours, "compare_server_default": True}
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []


def _constraints(database_url: str) -> list[tuple[str, str, str]]:
    # What compare_metadata does not look at: checks, exclusions, computed columns. Triggers
    # stand in migrations only.
    asked = """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace AND contype <> 't'
        UNION ALL SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
        UNION ALL SELECT table_name, column_name,
            concat_ws(' ', data_type, is_nullable, column_default, generation_expression)
        FROM information_schema.columns WHERE table_schema = 'public'"""
    with psycopg.connect(database_url) as connection:
        return sorted(connection.execute(asked).fetchall())


def test_the_migrations_make_exactly_our_constraints(
    database_url: str, bare_database_url: str
) -> None:
    engine = sa.create_engine(with_driver(bare_database_url), poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE EXTENSION btree_gist"))
        metadata.create_all(connection)
    migrated = [one for one in _constraints(database_url) if "alembic_version" not in one[0]]
    assert migrated == _constraints(bare_database_url)


def test_the_queues_tables_are_those_of_the_installed_version() -> None:
    """If this fails after an upgrade: a revision must bring the queue's own migrations along."""
    installed = Path(procrastinate.__file__).parent / "sql" / "schema.sql"
    assert (MIGRATIONS / "procrastinate_3_10.sql").read_text().endswith(installed.read_text())
