"""Statements that SQLAlchemy compiles once and the driver runs; rows to objects and back.

Through a SQLAlchemy connection a statement costs 0.9 ms of our own processor time, on the driver
0.2 ms; recording an approved run takes sixteen. So SQLAlchemy owns the tables, the text of the
statements, the pool and the transactions; the driver runs the statements.
"""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from functools import cached_property
from typing import Any, Final, TypeAlias, TypeVar

import msgspec
import psycopg
import sqlalchemy as sa
from psycopg.rows import namedtuple_row
from psycopg.types.json import Jsonb
from sqlalchemy.dialects.postgresql.psycopg import dialect as psycopg_dialect
from sqlalchemy.ext.asyncio import AsyncConnection

from byoip.store.sharing import rows_of

_DIALECT: Final[sa.Dialect] = psycopg_dialect()  # type: ignore[no-untyped-call] # not annotated

_Made = TypeVar("_Made")

AnyRow: TypeAlias = Any
"""A row with an attribute for each column: the driver's named tuple, or SQLAlchemy's row."""


class Statement:
    """A statement as the driver takes it, with the values that are part of it.

    It is compiled when it is first run: there are three hundred, a process runs a few of them.
    """

    def __init__(self, made: sa.ClauseElement, columns: list[str] | None) -> None:
        self._made = made
        self._columns = columns

    @cached_property
    def text(self) -> bytes:
        """What the driver sends."""
        return str(self._compiled).encode()

    @cached_property
    def values(self) -> Mapping[str, object]:
        """The parameters that are part of the statement."""
        return dict(self._compiled.params)

    @cached_property
    def _compiled(self) -> sa.Compiled:
        return self._made.compile(dialect=_DIALECT, column_keys=self._columns)


def compiled(statement: sa.ClauseElement, columns: Iterable[str] | None = None) -> Statement:
    """A statement for the driver; its unbound parameters are given when it is run.

    Args:
        statement: a statement of SQLAlchemy.
        columns: for an insert or update, the columns whose values will be given by name.
    """
    names = None if columns is None else list(columns)
    return Statement(statement, names)


def from_text(words: str, **types: Any) -> Statement:
    """A statement written as text, in which `:name` is a parameter; of some also the types."""
    typed = [sa.bindparam(name, type_=kind) for name, kind in types.items()]
    return compiled(sa.text(words).bindparams(*typed))


class Session:
    """The statements of one transaction."""

    def __init__(self, driver: psycopg.AsyncConnection[Any]) -> None:
        self.driver = driver

    @classmethod
    async def of(cls, connection: AsyncConnection) -> "Session":
        """On a connection of SQLAlchemy, which begins and ends the transaction."""
        raw = await connection.get_raw_connection()
        driver: psycopg.AsyncConnection[Any] = raw.driver_connection  # type: ignore[assignment] # the adapter does not say which
        return cls(driver)

    async def rows(self, statement: Statement, /, **asked: object) -> list[Any]:
        """Run it; rows with an attribute for each column."""
        cursor = self.driver.cursor(row_factory=namedtuple_row)
        await cursor.execute(statement.text, {**statement.values, **asked})
        return await rows_of(cursor)

    async def row(self, statement: Statement, /, **asked: object) -> Any | None:
        """Run it; its one row, if there is one."""
        rows = await self.rows(statement, **asked)
        return rows[0] if rows else None

    async def one(
        self, statement: Statement, missing: Exception | type[Exception], /, **asked: object
    ) -> Any:
        """Run it; its one row. Raises `missing` where there is none."""
        row = await self.row(statement, **asked)
        if row is None:
            raise missing
        return row

    async def change(self, statement: Statement, /, **asked: object) -> int:
        """Run it; how many rows it touched."""
        cursor = self.driver.cursor()
        await cursor.execute(statement.text, {**statement.values, **asked})
        return cursor.rowcount


class Repository:
    """Reads and writes rows of one kind, within the transaction of its session."""

    def __init__(self, session: Session) -> None:
        self._session = session


def from_row(kind: type[_Made], row: AnyRow, /, **given: Any) -> _Made:
    """A dataclass; a field that is not given is the row's column of that name, as it is.

    So what is more than the driver's own type (an enumeration, a prefix) has to be given.
    """
    made: Any = kind
    names = (one.name for one in fields(made) if one.name not in given)
    return kind(**given, **{name: getattr(row, name) for name in names})


def to_row(source: object, columns: Iterable[str], /, **given: Any) -> dict[str, Any]:
    """What these columns hold; one that is not given is the source's attribute of that name."""
    return {name: given[name] if name in given else getattr(source, name) for name in columns}


def json(value: object) -> Jsonb:
    """A value for a jsonb column."""
    return Jsonb(value, dumps=json_text)


def json_text(value: object) -> str:
    """JSON as Postgres takes it: without U+0000, the one character that jsonb refuses."""
    return msgspec.json.encode(value).replace(b"\\u0000", b"\\ufffd").decode()
