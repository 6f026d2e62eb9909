"""Statements that SQLAlchemy compiles once and the driver runs; rows to objects and back.

Through a SQLAlchemy connection a statement costs 0.9 ms of our own processor time, on the driver
0.2 ms. So SQLAlchemy owns the tables, the text of the statements, the pool and the transactions;
the driver runs the statements. What goes together goes in one: `batches.py`.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import fields
from datetime import datetime
from functools import cache, cached_property
from typing import Any, Final, TypeAlias, TypeVar

import msgspec
import psycopg
import sqlalchemy as sa
from psycopg.types.json import Jsonb
from sqlalchemy.dialects.postgresql.psycopg import dialect as psycopg_dialect
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from byoip.store.batches import Compiled, Part, asking, found_by, looking, run, values_of, writing
from byoip.store.sharing import rows_of
from byoip.store.unavailable import refusing, translate_driver_errors

_DIALECT: Final[sa.Dialect] = psycopg_dialect()  # type: ignore[no-untyped-call] # not annotated

_NO_REFUSALS: Final[Mapping[str, Exception | type[Exception]]] = {}

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
    def columns(self) -> tuple[str, ...]:
        """The names of what it selects; of text only where they are given."""
        made: Any = self._made
        return tuple(column.name for column in made.selected_columns)

    @cached_property
    def only_looks(self) -> bool:
        """Whether it can be a part of a look: it reads or locks, and its columns have names."""
        return isinstance(self._made, sa.SelectBase) and self.text.lstrip().startswith(b"SELECT")

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


def from_text(words: str, *, selects: Iterable[str] = (), **types: Any) -> Statement:
    """A statement written as text, in which `:name` is a parameter; of some also the types.

    What it selects is named where it is a part of a look.
    """
    typed = [sa.bindparam(name, type_=kind) for name, kind in types.items()]
    made = sa.text(words).bindparams(*typed)
    return compiled(made.columns(*map(sa.column, selects)) if selects else made)


class Session:
    """The statements of one transaction."""

    def __init__(self, driver: psycopg.AsyncConnection[Any]) -> None:
        self.driver = driver
        self._first: tuple[Part, ...] = ()
        self._put_off: dict[str, Part] = {}

    @classmethod
    async def of(cls, connection: AsyncConnection) -> "Session":
        """On a connection of SQLAlchemy, which begins and ends the transaction."""
        raw = await connection.get_raw_connection()
        driver: psycopg.AsyncConnection[Any] = raw.driver_connection  # type: ignore[assignment] # the adapter does not say which
        return cls(driver)

    def begin_with(self, part: Part) -> None:
        """Have this asked before all else: in one statement with what is first, if that looks."""
        self._first = (part,)

    async def begin(self) -> None:
        """Ask now what comes before all else, if it was not asked yet."""
        if self._first:
            await self.look()

    async def rows(self, statement: Statement, /, **asked: object) -> list[Any]:
        """Run it; rows with an attribute for each column."""
        await self.flush()
        if self._first and statement.only_looks:
            (found,) = await self.look(asking(statement, list, **asked))
            rows: list[Any] = found
            return rows
        await self.begin()
        return await rows_of(await run(self.driver, statement.text, {**statement.values, **asked}))

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
        await self.flush()
        await self.begin()
        return await self._change(statement, asked)

    async def look(self, *parts: Part) -> list[Any]:
        """Ask all of them in one statement, in this order; what each says.

        All see the same moment: what has to be read under a lock is not asked with it.
        """
        if not all(part.unseen for part in self._put_off.values()):
            await self.flush()
        first, self._first = self._first, ()
        parts = (*first, *parts)
        named = {f"_{place}": part for place, part in enumerate(parts)}
        text = looking(tuple(part.statement for part in parts))
        # In the text format the fields of a record have no types.
        cursor = await run(self.driver, text, values_of(named), plain=True)
        return found_by(parts, await rows_of(cursor))[len(first) :]

    async def put_off(
        self,
        name: str,
        statement: Statement,
        asked: Mapping[str, object],
        *,
        missing: Exception | type[Exception] | None = None,
        refusals: Mapping[str, Exception | type[Exception]] = _NO_REFUSALS,
        unseen: bool = False,
    ) -> None:
        """Have a write done in one statement with what follows: see `batches.Part`.

        It is done before the next statement, and so before the transaction ends; one that no look
        asks about, before the next that is no look. One of the same name, which may touch the same
        row, is done before.
        """
        if name in self._put_off:
            await self.flush()
        self._put_off[name] = Part(
            statement, asked, missing=missing, refusals=refusals, unseen=unseen
        )

    async def flush(self) -> None:
        """Do now what was put off."""
        parts, self._put_off = self._put_off, {}
        if not parts:
            return
        await self.begin()
        refusals: dict[str, Exception | type[Exception]] = {}
        for part in parts.values():
            refusals |= part.refusals
        with refusing(**refusals):
            counts = await self._write(parts)
        for part, count in zip(parts.values(), counts, strict=True):
            if part.missing is not None and not count:
                raise part.missing

    async def end(self) -> None:
        """Do all that was put off, and ask what was to come first of a transaction without more."""
        await self.flush()
        await self.begin()

    async def savepoint(self) -> AbstractAsyncContextManager[psycopg.AsyncTransaction]:
        """A block that is undone alone; what comes before all else is asked, and held, before."""
        await self.end()
        return self.driver.transaction()

    async def _write(self, parts: Mapping[str, Part]) -> Sequence[int]:
        if len(parts) == 1:
            (part,) = parts.values()
            return [await self._change(part.statement, part.asked)]
        statements = tuple(part.statement for part in parts.values())
        cursor = await run(self.driver, writing(tuple(parts), statements), values_of(parts))
        counts: Sequence[int] = await cursor.fetchone()  # type: ignore[assignment] # it has a row
        return counts

    async def _change(self, statement: Compiled, asked: Mapping[str, object]) -> int:
        cursor = await run(self.driver, statement.text, {**statement.values, **asked})
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
    for name in _fields_but(made, *given):
        given[name] = getattr(row, name)
    return kind(**given)


@cache
def _fields_but(kind: Any, *given: str) -> tuple[str, ...]:
    """Found once: a list of a thousand asks as often."""
    return tuple(one.name for one in fields(kind) if one.name not in given)


def to_row(source: object, columns: Iterable[str], /, **given: Any) -> dict[str, Any]:
    """What these columns hold; one that is not given is the source's attribute of that name."""
    return {name: given[name] if name in given else getattr(source, name) for name in columns}


def json(value: object) -> Jsonb:
    """A value for a jsonb column."""
    return Jsonb(value, dumps=json_text)


def json_text(value: object) -> str:
    """JSON as Postgres takes it: without U+0000, the one character that jsonb refuses."""
    return msgspec.json.encode(value).replace(b"\\u0000", b"\\ufffd").decode()


async def delete_in_pages(
    engine: AsyncEngine, deletion: Statement, page: int, **since: datetime
) -> int:
    """Delete by a statement that takes `page` rows at most, a transaction each; how many rows.

    Raises:
        StoreUnavailable: the database is away; what was deleted stays so.
    """
    deleted = 0
    while True:
        with translate_driver_errors():
            async with engine.begin() as connection:
                done = await (await Session.of(connection)).change(deletion, page=page, **since)
        deleted += done
        if done < page:
            return deleted
