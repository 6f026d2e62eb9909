"""Whether Postgres keeps what it acknowledges, and lets in all of us.

Text SQL: it asks Postgres about itself, and the queue's table of workers, which is not ours.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import psycopg
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.errors import Fixable
from byoip.ports.clock import Clock
from byoip.store.claims.event_notifier import LISTENING
from byoip.store.jobs.jobs import SILENCE
from byoip.store.unavailable import StoreUnavailable, translate_driver_errors

_MUST_BE_ON: Final = ("fsync", "full_page_writes")
_WORDS: Final = ("synchronous_commit", "synchronous_standby_names", "wal_level")
_SETTINGS: Final = ", ".join(f"current_setting('{one}') AS {one}" for one in _MUST_BE_ON + _WORDS)

_WORD: Final = sa.text("SELECT pg_logical_emit_message(true, 'byoip', '')")
# Some 200 kB where tables lie by default: rows of a function beyond `work_mem` go to a file there,
# which is gone with the statement. A row of a table would show it only when its last page is full.
_HERE: Final = sa.text(
    "SELECT set_config('work_mem', '64kB', true), set_config('temp_tablespaces', '', true)"
)
_SPILLED: Final = sa.text("SELECT count(*) FROM generate_series(1, 5000)")

# Administrators keep some connections; a role or a database may have fewer than the server.
_ROOM: Final = """
    SELECT least(
        current_setting('max_connections')::int
            - current_setting('superuser_reserved_connections')::int
            - coalesce(current_setting('reserved_connections', true)::int, 0),
        nullif(r.rolconnlimit, -1),
        nullif(d.datconnlimit, -1)
    ) FROM pg_roles r, pg_database d
    WHERE r.rolname = session_user AND d.datname = current_database()
"""
_APIS: Final = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = :listening
"""
_ASKED: Final = sa.text(
    f"SELECT {_SETTINGS}, ({_ROOM}) AS room, ({_APIS}) AS apis, "
    "to_regclass('procrastinate.procrastinate_workers') IS NOT NULL AS queue"
)
_WORKERS: Final = sa.text(
    "SELECT count(*) FROM procrastinate.procrastinate_workers "
    "WHERE last_heartbeat > now() - CAST(:silence AS interval)"
)


# Migrations alter tables, so they must be ours; the first one makes an extension and a schema.
_ROLE: Final = sa.text("""
    SELECT current_user AS role, current_database() AS name,
        pg_get_userbyid(datdba) AS owner, pg_has_role(current_user, datdba, 'USAGE') AS owns,
        (SELECT string_agg(DISTINCT pg_get_userbyid(relowner), ', ') FROM pg_class
         WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'S', 'v')
         AND NOT pg_has_role(current_user, relowner, 'USAGE')) AS others
    FROM pg_database WHERE datname = current_database()
""")
_TIME: Final = sa.text("SELECT clock_timestamp()")


class UnfitServer(Fixable):
    """The server may lose or damage what it has acknowledged; the message says why."""


class NoRoom(StoreUnavailable):
    """The disk of the database is full: no table can grow."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that keeps what it acknowledges, as long as it lives.

    Attributes:
        notes: what operators should know of it, a sentence each.
        room: connections that our role may have in our database.
        apis, workers: our processes that run now; `byoip up` counts as one of each.
    """

    notes: tuple[str, ...]
    room: int
    apis: int
    workers: int


@dataclass(frozen=True, slots=True)
class Role:
    """Our role in our database.

    Attributes:
        owner: of the database.
        owns: whether our role may do what the owner may.
        others: owners of tables there that our role may not alter.
    """

    name: str
    database: str
    owner: str
    owns: bool
    others: str


async def look_at_role(engine: AsyncEngine) -> Role:
    """Ask whom database and tables belong to.

    Raises:
        StoreUnavailable: the database cannot be reached.
    """
    with translate_driver_errors():
        async with engine.connect() as connection:
            row = (await connection.execute(_ROLE)).one()
    return Role(row.role, row.name, row.owner, row.owns, row.others or "")


async def clock_ahead(engine: AsyncEngine, clock: Clock) -> timedelta:
    """How far our clock is ahead of the server's; what the answer's way took is not counted.

    Raises:
        StoreUnavailable: the database cannot be reached.
    """
    with translate_driver_errors():
        async with engine.connect() as connection:
            await connection.execute(_TIME)  # the first has to connect
            before = clock.now()
            there: datetime = await connection.scalar(_TIME)
            after = clock.now()
    if before <= there <= after:
        return timedelta(0)
    return before - there if there < before else after - there


async def look_at_server(engine: AsyncEngine) -> Server:
    """Ask the server for its settings.

    Raises:
        UnfitServer: a crash of its machine may damage the database.
        StoreUnavailable: the database cannot be reached.
    """
    with translate_driver_errors():
        async with engine.connect() as connection:
            row = (await connection.execute(_ASKED, {"listening": LISTENING})).one()
            workers = 0
            if row.queue:
                asked = await connection.execute(_WORKERS, {"silence": SILENCE})
                workers = asked.scalar_one()
    _refuse_forgetful([name for name in _MUST_BE_ON if getattr(row, name) != "on"])
    notes = _notes(row.synchronous_commit, row.synchronous_standby_names, row.wal_level)
    return Server(notes, row.room, row.apis, workers)


async def require_commits(engine: AsyncEngine) -> None:
    """Have the server put a word on disk that means nothing, as a commit does.

    A primary whose synchronous standby is gone, or was promoted, answers every question, and no
    commit ends there.

    Raises:
        StoreUnavailable: the database cannot be reached, or takes no writes.
    """
    with translate_driver_errors():
        async with engine.begin() as connection:
            await connection.execute(_WORD)


async def require_room(engine: AsyncEngine) -> None:
    """Have the server write where tables lie.

    It goes on to take what fits into the pages and the log that it has; more cannot be written.

    Raises:
        NoRoom: its disk is full.
        StoreUnavailable: the database cannot be reached.
    """
    with translate_driver_errors():
        async with engine.connect() as connection:
            try:
                await connection.execute(_HERE)
                await connection.execute(_SPILLED)
            except sa.exc.OperationalError as fault:
                if isinstance(fault.orig, psycopg.errors.DiskFull):
                    raise NoRoom from fault
                # An administrator's `temp_file_limit` may allow no such file: then it is not known.
                if not isinstance(fault.orig, psycopg.errors.ConfigurationLimitExceeded):
                    raise


def _refuse_forgetful(off: list[str]) -> None:
    if off:
        raise UnfitServer(
            f"This Postgres runs with {' and '.join(off)} off, so a crash of its machine may damage"
            " the database beyond repair: switch that on, and take the database from a backup if "
            "the machine has crashed since."
        )


def _notes(commit: str, standbys: str, wal_level: str) -> tuple[str, ...]:
    notes = []
    if not standbys or commit in {"local", "off"}:
        notes.append("replication is asynchronous: a failover may lose acknowledged changes")
    if commit == "off":
        notes.append("synchronous_commit is off: a crash may lose acknowledged changes")
    if wal_level == "minimal":
        notes.append("wal_level is minimal: no standby and no archive can follow this server")
    return tuple(notes)
