"""Bring a database to the newest revision, and tell whether it is there.

Text SQL: it asks Postgres about itself, and tables that are not there yet.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import psycopg
import sqlalchemy as sa
from alembic import command, op
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.errors import Fixable
from byoip.store.database_url import joined_options, with_driver
from byoip.store.engine import SESSION, session_options
from byoip.store.unavailable import StoreUnavailable, translate_driver_errors

_PACKAGE: Final = Path(__file__).parents[1]
OLDEST: Final = 150000  # as `server_version_num` has it: Postgres 15
_VERSION: Final = "current_setting('server_version_num')::int"
_PATIENCE: Final = 120.0  # seconds, for all that hold locks on what the revisions change
_PAUSE: Final = 0.5  # seconds, in which those that waited behind a revision go on
_HELD: Final = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)
_VACUUMED: Final = sa.text("""
    SELECT DISTINCT held.relation::regclass::text FROM pg_locks AS held
    JOIN pg_stat_activity AS vacuuming USING (pid) JOIN pg_class AS of ON of.oid = held.relation
    WHERE vacuuming.backend_type = 'autovacuum worker' AND held.granted AND of.relkind = 'r'
        AND held.mode = 'ShareUpdateExclusiveLock' AND vacuuming.datname = current_database()
        AND of.relnamespace <> 'pg_catalog'::regnamespace
""")
_WITHIN: Final = 0.3  # seconds, of the 1 s after which Postgres ends one of those that wait
_ALREADY_WAITING: Final = sa.text("""
    SELECT EXISTS (
        SELECT FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE datname = current_database()
            AND locktype <> 'advisory' AND waitstart < clock_timestamp() - interval '0.2 s'
    )
""")
_LOCK: Final = 0x62796F6970  # "byoip": one migration at a time in a database

# A migration may take its time over a large table, but not over a lock: where a revision and a
# request want each other's tables the revision gives up, lets that pass, and begins anew.
_PATIENT: Final = {**SESSION, "statement_timeout": "0", "idle_in_transaction_session_timeout": "0"}


class CannotMigrate(Fixable):
    """The database is not one that this version may work on; the message says why."""


@dataclass(frozen=True, slots=True)
class RevisionState:
    """The revision of a database, and the one that this version needs."""

    found: str | None
    expected: str

    @property
    def current(self) -> bool:
        """Whether it is exactly this version's: neither older, nor newer, nor another program's."""
        return self.found == self.expected

    @property
    def from_elsewhere(self) -> bool:
        """Whether no migration of this version leads there: a newer byoip was at work."""
        return self.found is not None and self.found not in _revisions()


def migrate(database_url: str, mode: str) -> None:
    """Run all migrations that are missing; the first stamps the database with the mode.

    Safe to call from any number of processes at once: they take turns.

    Raises:
        CannotMigrate: it is stamped with the other mode, its revision is unknown here (a newer
            byoip was at work), or Postgres refuses something that an administrator must allow.
        StoreUnavailable: the database cannot be reached.
    """
    with _locked(database_url) as connection:
        _refuse_unfit(connection)
        _refuse_other_mode(connection, mode)
        _upgrade(connection, mode)


def take_locks(*, exclusive: str = "", against_writes: str = "") -> None:
    """Lock tables that were there before, or none of them for long; the first line of a revision.

    Nobody who wants a table that the revision has, and has one that it wants, is ended for it:
    - each table gets its strongest lock at once. With a weaker one first, whoever reads it and then
      writes there is ended at once, as it comes to wait behind the stronger one;
    - the last is there 300 ms after the first, and nobody waited for longer than 200 ms before: in
      500 ms Postgres looks for no deadlock.

    Args:
        exclusive: what it alters, or whose rows it changes; names with spaces between.
        against_writes: what it refers to, counts, or indexes.

    Raises:
        psycopg.errors.LockNotAvailable: others hold them for longer, or wait already.
    """
    connection = op.get_bind()
    if connection.scalar(_ALREADY_WAITING):
        raise psycopg.errors.LockNotAvailable("others wait for each other for more than 200 ms")
    until = time.monotonic() + _WITHIN
    for mode, tables in (("SHARE ROW EXCLUSIVE", against_writes), ("ACCESS EXCLUSIVE", exclusive)):
        for table in tables.split():
            left = max(1, round(1000 * (until - time.monotonic())))
            op.execute(f"SET LOCAL lock_timeout = '{left}ms'")
            op.execute(f"LOCK TABLE {table} IN {mode} MODE")
    op.execute("SET LOCAL lock_timeout = '300ms'")


async def check_revision(engine: AsyncEngine) -> RevisionState:
    """Compare the database's revision with ours.

    Raises:
        CannotMigrate: the server is older than this version can work with.
        StoreUnavailable: the database cannot be reached, or takes no writes.
    """
    there = sa.text(
        f"SELECT {_VERSION}, to_regclass('public.alembic_version') IS NOT NULL, "
        "current_setting('transaction_read_only')::bool"
    )
    asked = sa.text("SELECT version_num FROM public.alembic_version")
    with translate_driver_errors():
        async with engine.connect() as connection:
            version, migrated, read_only = (await connection.execute(there)).one()
            if read_only:
                await connection.invalidate()  # the next may find the server that takes writes
                raise StoreUnavailable
            _refuse_older(version)
            found = None
            if migrated:
                found = ",".join((await connection.scalars(asked)).all()) or None
    return RevisionState(found, _head())


async def stamped_mode(engine: AsyncEngine) -> str | None:
    """`sandbox` or `production`; None before the first migration.

    Raises:
        StoreUnavailable: the database cannot be reached.
    """
    with translate_driver_errors():
        async with engine.connect() as connection:
            return await connection.run_sync(_stamped_mode)


def is_ours(_object: object, name: str | None, kind: str, reflected: bool, _other: object) -> bool:  # noqa: FBT001 - Alembic's signature
    """Whether Alembic should compare it: not the partitions that each snapshot creates."""
    return not (reflected and kind == "table" and name is not None and name[-1].isdigit())


@contextmanager
def _locked(database_url: str) -> Iterator[sa.Connection]:
    url = with_driver(database_url)
    engine = sa.create_engine(
        url,
        poolclass=sa.NullPool,
        connect_args={
            "application_name": "byoip migrate",
            "options": joined_options(url.query, session_options(_PATIENT)),
        },
    )
    with translate_driver_errors(), engine.connect() as connection:
        # Held by the session, over the transactions of all revisions. Waiting is the point.
        connection.execute(sa.text("SET lock_timeout = 0"))
        connection.execute(sa.text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
        connection.execute(sa.text("RESET lock_timeout"))
        connection.commit()
        yield connection


def _upgrade(connection: sa.Connection, mode: str) -> None:
    """Revision by revision; one that did not get its locks is rolled back, and tried again."""
    config = _config()
    config.attributes.update(connection=connection, mode=mode)
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            return command.upgrade(config, "head")
        except CommandError as fault:
            raise CannotMigrate(f"The database has a revision unknown here: {fault}") from fault
        except (DBAPIError, psycopg.Error) as fault:
            why = fault.orig if isinstance(fault, DBAPIError) else fault
            if not isinstance(why, _HELD):
                raise CannotMigrate(
                    f"Postgres refused a migration, and it changed nothing: {why}"
                ) from fault
            if time.monotonic() > until:
                raise CannotMigrate(
                    "Other sessions hold locks that a migration needs (see pg_stat_activity for "
                    f"what began long ago), and it changed nothing; run it again: {why}"
                ) from fault
        connection.rollback()
        _end_vacuuming(connection)
        time.sleep(_PAUSE)


def _end_vacuuming(connection: sa.Connection) -> None:
    """Have Postgres end autovacuums: for who waits longer than a revision does, and for no less.

    No request conflicts with this lock.
    """
    for table in connection.scalars(_VACUUMED).all():
        with suppress(DBAPIError):
            connection.execute(sa.text("SET LOCAL lock_timeout = '3s'"))
            connection.execute(sa.text(f"LOCK TABLE {table} IN SHARE UPDATE EXCLUSIVE MODE"))
        connection.rollback()
    connection.rollback()


def _refuse_unfit(connection: sa.Connection) -> None:
    _refuse_older(connection.execute(sa.text(f"SELECT {_VERSION}")).scalar_one())
    extension = sa.text("SELECT count(*) FROM pg_available_extensions WHERE name = 'btree_gist'")
    if not connection.scalar(extension):
        raise CannotMigrate(
            "This Postgres lacks the extension btree_gist, which comes with every distribution's "
            "contrib package: install that on the server."
        )


def _refuse_older(version: int) -> None:
    if version < OLDEST:
        raise CannotMigrate(
            f"byoip needs Postgres {OLDEST // 10000} or newer, and this server is "
            f"{version // 10000}."
        )


def _refuse_other_mode(connection: sa.Connection, mode: str) -> None:
    stamped = _stamped_mode(connection)
    connection.commit()
    if stamped is not None and stamped != mode:
        raise CannotMigrate(
            f"This database is stamped {stamped}, and byoip was started in {mode} mode: "
            "give each mode a database of its own."
        )


def _stamped_mode(connection: sa.Connection) -> str | None:
    if connection.scalar(sa.text("SELECT to_regclass('public.deployment') IS NULL")):
        return None
    stamped: str | None = connection.scalar(sa.text("SELECT mode FROM public.deployment"))
    return stamped


def _config() -> Config:
    packaged = _PACKAGE / "_migrations"
    scripts = packaged if packaged.is_dir() else _PACKAGE.parents[1] / "migrations"
    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    return config


@lru_cache(maxsize=1)
def _revisions() -> frozenset[str]:
    return frozenset(
        one.revision for one in ScriptDirectory.from_config(_config()).walk_revisions()
    )


@lru_cache(maxsize=1)
def _head() -> str:
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise RuntimeError("byoip was installed without its migrations")
    return head
