"""Single statements, each its own transaction, on a few connections kept for them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import msgspec
import psycopg
from psycopg.types.json import set_json_loads
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.store.batches import run
from byoip.store.connecting import Connection
from byoip.store.sharing import DatabasePlaces, rows_of
from byoip.store.statements import Statement
from byoip.store.unavailable import translate_driver_errors

OPTION: Final = "byoip_lanes"


class AutocommitPool:
    """A few connections without transactions.

    Belongs to one event loop. Nothing is connected before the first question.
    """

    def __init__(self, conninfo: str, options: str, *, most: int, wait_seconds: float) -> None:
        self._conninfo = conninfo
        self._options = options
        self._idle: list[Connection] = []
        self._places = DatabasePlaces(most, wait_seconds)
        self._ended = False

    async def ask(self, statement: Statement, **asked: object) -> list[Any]:
        """Run one statement; rows with an attribute for each column.

        Raises:
            StoreUnavailable: the database is away, or too busy.
            StoreRefused: a value that it cannot take.
        """
        with translate_driver_errors():
            async with self._one() as connection:
                cursor = await run(connection, statement.text, {**statement.values, **asked})
            return await rows_of(cursor)

    async def ask_often(self, statement: Statement, **asked: object) -> list[Any]:
        """The same of one that almost every request asks: its cursor is kept, with what it read.

        So it may find one small row at most.
        """
        text = statement.text
        with translate_driver_errors():
            async with self._one() as connection:
                kept = connection.cursors.pop(text, None)
                cursor = await run(connection, text, {**statement.values, **asked}, kept=kept)
            rows = await rows_of(cursor)
        connection.cursors[text] = cursor
        return rows

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """One of the connections while the block runs.

        Raises:
            StoreUnavailable, StoreRefused: as `ask`.
        """
        with translate_driver_errors():
            async with self._one() as connection:
                yield connection

    async def one(
        self, statement: Statement, missing: Exception | type[Exception], /, **asked: object
    ) -> Any:
        """Run one statement; its first row. Raises `missing` where there is none."""
        rows = await self.ask(statement, **asked)
        if not rows:
            raise missing
        return rows[0]

    async def close(self) -> None:
        """Close what is idle."""
        while self._idle:
            await self._idle.pop().close()

    async def end(self) -> None:
        """Close what is idle, and what is asked on now as soon as it has answered."""
        self._ended = True
        await self.close()

    @asynccontextmanager
    async def _one(self) -> AsyncIterator[Connection]:
        async with self._places.place():
            connection = await self._connection()
            try:
                yield connection
            except BaseException:  # also when cancelled: a statement under way ends with it
                await connection.close()
                raise
            if self._ended:
                await connection.close()
            else:
                self._idle.append(connection)

    async def _connection(self) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if not closed_by_server(connection):
                return connection
            with suppress(psycopg.Error):
                await connection.close()
        made = await Connection.connect(self._conninfo, autocommit=True, options=self._options)
        set_json_loads(msgspec.json.decode, made)
        return made


def autocommit_pool(engine: AsyncEngine) -> AutocommitPool:
    """The autocommit pool that `make_engine` put beside the engine's own."""
    autocommit: AutocommitPool = engine.get_execution_options()[OPTION]
    return autocommit


def closed_by_server(connection: Connection) -> bool:
    """Whether an idle connection has ended, by the server or by us; costs no round trip."""
    # An idle connection has nothing to read, unless the server said goodbye.
    return connection.closed or connection.can_be_read


def replace_closed(dbapi_connection: Any, _record: object, _proxy: object) -> None:
    """Have SQLAlchemy's pool replace a connection that the server has closed."""
    if closed_by_server(dbapi_connection.driver_connection):
        raise DisconnectionError
