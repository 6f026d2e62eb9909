"""Statements as the driver runs them; and several as one: writes that go together, and look-ups.

psycopg reads a long text for its parameters each time it is run, and asks each answer for the names
of its columns: of a row of sixty a fifth of what reading it costs. Here both are done once.

Several as one: one round trip, one parse. A batch has one snapshot: none of its parts sees what
another writes, and none may touch a row that another touches.
"""

import re
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, Protocol

import psycopg
from psycopg.rows import RowMaker, namedtuple_row, tuple_row

_PARAMETER: Final = re.compile(r"%\((\w+)\)s")
_PLACEHOLDER: Final = re.compile(rb"%\((\w+)\)s|%%")


class Compiled(Protocol):
    """What is asked for of a statement; see `statements.py`."""

    @property
    def text(self) -> bytes: ...  # noqa: D102

    @property
    def values(self) -> Mapping[str, object]: ...  # noqa: D102

    @property
    def columns(self) -> tuple[str, ...]: ...  # noqa: D102

    def __hash__(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Part:
    """A statement with what it is asked.

    Attributes:
        read: of a look, what its rows say.
        missing: of a write, what is raised where it touches no row.
        refusals: of a write, what is raised where a constraint (or trigger) forbids it.
        unseen: a write that no look would see, if it were done.
    """

    statement: Compiled
    asked: Mapping[str, Any] = field(default_factory=dict)
    read: Callable[[list[Any]], Any] = list
    missing: Exception | type[Exception] | None = None
    refusals: Mapping[str, Exception | type[Exception]] = field(default_factory=dict)
    unseen: bool = False


def asking(statement: Compiled, read: Callable[[list[Any]], Any], /, **asked: object) -> Part:
    """One part of a look."""
    return Part(statement, asked, read)


def values_of(parts: Mapping[str, Part]) -> dict[str, object]:
    """The parameters of all parts, each name after that of its part."""
    return {
        f"{name}__{key}": value
        for name, part in parts.items()
        for key, value in {**part.statement.values, **part.asked}.items()
    }


@lru_cache(maxsize=1000)
def writing(names: tuple[str, ...], statements: tuple[Compiled, ...]) -> bytes:
    """Writes as one statement, whose row has the count of rows of each.

    They are done in this order, since the counts are asked for in it.
    """
    parts: list[str] = []
    for name, statement in zip(names, statements, strict=True):
        before, last = _split(_named(name, statement))
        if not last.startswith("SELECT") and " RETURNING " not in last:
            last += " RETURNING 1"
        parts += [*before, f"_{name} AS ({last})"]  # no name of a table, which it would hide
    counts = ", ".join(f"(SELECT count(*) FROM _{name}) AS {name}" for name in names)  # noqa: S608
    return f"WITH {', '.join(parts)} SELECT {counts}".encode()


@lru_cache(maxsize=1000)
def looking(statements: tuple[Compiled, ...]) -> bytes:
    """Look-ups as one statement: rows of a part's place and a record; parameters as `values_of`."""
    parts = []
    for n, statement in enumerate(statements):
        one = _named(f"_{n}", statement)
        parts.append(f"SELECT {n} AS place, found_ AS found FROM ({one}) AS found_")  # noqa: S608
    return " UNION ALL ".join(parts).encode()


def found_by(parts: Sequence[Part], rows: Sequence[tuple[int, tuple[Any, ...]]]) -> list[Any]:
    """What each part of a look has found; its rows have an attribute for each column."""
    found: list[list[Any]] = [[] for _ in parts]
    kinds = [_row_of(part.statement) for part in parts]
    for place, values in rows:
        found[place].append(kinds[place](*values))
    return [part.read(of_part) for part, of_part in zip(parts, found, strict=True)]


@lru_cache(maxsize=1000)
def _row_of(statement: Compiled) -> Any:
    return namedtuple("Row", statement.columns)  # noqa: PYI024 - as the driver's


def _named(name: str, statement: Compiled) -> str:
    return _PARAMETER.sub(rf"%({name}__\1)s", statement.text.decode().strip())


def _split(text: str) -> tuple[list[str], str]:
    """A statement's WITH queries, which have to stand at the top, and what they are for."""
    if not text.startswith("WITH "):
        return [], text
    depth, begins, before = 0, len("WITH "), []
    for place, letter in enumerate(text):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == ")" and depth == 0:
            before.append(text[begins : place + 1].strip())
            rest = text[place + 1 :].lstrip()
            if not rest.startswith(","):
                return before, rest
            begins = text.index(",", place) + 1
    raise ValueError("a statement without an end")


class Prepared:
    """A text as the server takes it.

    Attributes:
        text: with `$1` where the given one has `%(name)s`, and `%` where it has `%%`.
        names: of the parameters, in the order of their numbers.
    """

    def __init__(self, text: bytes) -> None:
        numbers: dict[str, bytes] = {}

        def numbered(found: re.Match[bytes]) -> bytes:
            if found[1] is None:
                return b"%"
            return numbers.setdefault(found[1].decode(), b"$%d" % (len(numbers) + 1))

        self.text = _PLACEHOLDER.sub(numbered, text)
        self.names = tuple(numbers)
        self._width = -1
        self._make: RowMaker[Any] = tuple

    def rows(self, cursor: psycopg.AsyncCursor[Any]) -> RowMaker[Any]:
        """The row factory: rows with an attribute for each column."""
        result = cursor.pgresult
        width = 0 if result is None else result.nfields
        if not width:
            return namedtuple_row(cursor)
        if width != self._width:
            self._make, self._width = namedtuple_row(cursor), width
        return self._make


prepared: Final = lru_cache(maxsize=4000)(Prepared)


async def run(
    driver: psycopg.AsyncConnection[Any],
    text: bytes,
    asked: Mapping[str, object],
    *,
    plain: bool = False,
    kept: psycopg.AsyncCursor[Any] | None = None,
) -> psycopg.AsyncCursor[Any]:
    """Run a text on a connection; `plain`: its rows are tuples, in the binary format.

    `kept` is the cursor that it had there before, whose rows are read: to make one, and find out
    how each column is read, takes a fifth of what a statement takes.
    """
    known, rows = prepared(text), tuple_row if plain else None
    cursor = kept or psycopg.AsyncRawCursor(driver, row_factory=rows or known.rows)
    await cursor.execute(known.text, [asked[name] for name in known.names], binary=plain)
    return cursor
