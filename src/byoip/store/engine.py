"""The engine: one pool of connections to Postgres, with a limit on every wait."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from psycopg.conninfo import make_conninfo
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.util import await_only

from byoip.store.autocommit import OPTION, AutocommitPool, replace_closed
from byoip.store.connecting import Connection
from byoip.store.database_url import plain, with_driver
from byoip.store.sharing import DatabasePlaces
from byoip.store.statements import json_text

# The queue's tables live in a schema of their own; enqueuing happens on our connections.
SEARCH_PATH: Final = "public,procrastinate"

_PLACES: Final = "byoip_places"

# Milliseconds. No outside party is asked within a transaction, so transactions are short.
SESSION: Final[Mapping[str, str]] = MappingProxyType(
    {
        "search_path": SEARCH_PATH,
        "timezone": "UTC",
        "statement_timeout": "15000",
        "lock_timeout": "10000",
        "idle_in_transaction_session_timeout": "30000",
        "default_transaction_isolation": r"read\ committed",
        "jit": "off",
        # As of memory, where what is asked lies. By Postgres' 4 it makes a bitmap of all ROAs that
        # cover a prefix, before a LIMIT counts: whoever has a space may sign a million for it.
        "random_page_cost": "1.1",
    }
)


@dataclass(frozen=True, slots=True)
class PoolSize:
    """How many connections a process may use.

    Attributes:
        kept: for transactions, kept open.
        more: for transactions, opened when those are busy.
        autocommit: for single reads.
        wait_seconds: how long to wait for one of them.
    """

    kept: int = 5
    more: int = 10
    autocommit: int = 8
    wait_seconds: float = 5.0


def session_options(settings: Mapping[str, str] = SESSION) -> str:
    """The startup parameter `options` that sets these for a session."""
    return " ".join(f"-c {name}={value}" for name, value in settings.items())


def make_engine(
    database_url: str, *, pool: PoolSize = PoolSize(), application_name: str = "byoip"
) -> AsyncEngine:
    """An engine; it connects when first used, and belongs to one event loop.

    There is no ping before use, which would cost a round trip: a connection that the server has
    closed is recognised by its readable socket, and replaced.
    """
    conninfo = make_conninfo(plain(database_url), application_name=application_name)
    autocommit = AutocommitPool(
        conninfo,
        session_options(),
        most=pool.autocommit,
        wait_seconds=pool.wait_seconds,
    )
    places = DatabasePlaces(pool.kept + pool.more, pool.wait_seconds)
    engine = create_async_engine(
        with_driver(database_url),
        pool_size=pool.kept,
        max_overflow=pool.more,
        pool_timeout=pool.wait_seconds,
        pool_use_lifo=True,
        pool_reset_on_return=None,  # `_end_what_is_open`
        skip_autocommit_rollback=True,
        hide_parameters=True,  # a trace may be logged, and must not show values
        json_serializer=json_text,
        json_deserializer=msgspec.json.decode,
        execution_options={OPTION: autocommit, _PLACES: places},
        async_creator=partial(Connection.connect, conninfo, options=session_options()),
    )
    sa.event.listen(engine.sync_engine, "checkout", replace_closed)
    sa.event.listen(engine.sync_engine, "reset", _end_what_is_open)
    sa.event.listen(engine.sync_engine, "engine_disposed", lambda _: await_only(autocommit.close()))
    return engine


def _end_what_is_open(dbapi_connection: Any, _record: object, state: Any) -> None:
    """Roll back where a transaction is open; SQLAlchemy would each time, at a twentieth of it."""
    if state.asyncio_safe and not dbapi_connection.driver_connection.idle:
        dbapi_connection.rollback()


@asynccontextmanager
async def begun(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A transaction of the party that the task works for, which has a share of the connections.

    Raises:
        StoreUnavailable: no connection was free in time.
    """
    places: DatabasePlaces = engine.get_execution_options()[_PLACES]
    async with places.place(), engine.begin() as connection:
        yield connection
