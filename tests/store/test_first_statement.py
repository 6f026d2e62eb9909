"""What is asked before all else goes in one statement with the first that only looks."""

import importlib
import pkgutil
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping
from typing import Any, Final

import psycopg
import pytest
from psycopg.pq import ExecStatus
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip import store
from byoip.domain.errors import Fixable
from byoip.store.batches import Prepared, asking
from byoip.store.engine import begun
from byoip.store.statements import Session, Statement, from_text
from tests.counting import counted

_DONE: Final = from_text("SELECT what FROM done ORDER BY place", selects=["what"])
_LOCKED: Final = from_text("SELECT what FROM done FOR UPDATE", selects=["what"])
_ADD: Final = from_text("INSERT INTO done (what) VALUES (:what)")
_ADDED: Final = from_text("INSERT INTO done (what) VALUES ('x') RETURNING what", selects=["what"])
_WITH: Final = from_text("WITH one AS (SELECT 1) SELECT * FROM one", selects=["one"])
_FIRST: Final = from_text(
    "SELECT count(*) AS were, pg_advisory_xact_lock(7) AS held FROM done", selects=["were", "held"]
)
_HELD: Final = from_text("SELECT count(*) AS many FROM pg_locks WHERE locktype = 'advisory'"
                         " AND pid = pg_backend_pid()")  # fmt: skip


class Out(Fixable):
    pass


@pytest.fixture
async def session(engine: AsyncEngine) -> AsyncIterator[Session]:
    async with begun(engine) as connection:
        made = await Session.of(connection)
        await made.change(
            from_text("CREATE TEMP TABLE done (place serial, what text) ON COMMIT DROP")
        )
        await made.change(_ADD, what="before")
        yield made


def beginning(session: Session, *, out: bool = False) -> list[int]:
    """How many rows were there, each time that it is asked."""
    asked: list[int] = []

    def read(rows: list[Any]) -> None:
        (row,) = rows
        asked.append(row.were)
        if out:
            raise Out

    session.begin_with(asking(_FIRST, read))
    return asked


async def look(session: Session) -> Any:
    return await session.look(asking(_DONE, list), asking(_DONE, len))


async def put_off(session: Session) -> None:
    await session.put_off("one", _ADD, {"what": "y"})
    await session.put_off("two", _ADD, {"what": "z"})
    await session.end()


async def nothing(session: Session) -> None:
    await session.end()


async def in_a_savepoint(session: Session) -> None:
    async with await session.savepoint() as tried:
        await session.rows(_DONE)
        raise psycopg.Rollback(tried)


FIRST: dict[str, tuple[Callable[[Session], Awaitable[Any]], int]] = {
    "reads": (lambda session: session.rows(_DONE), 1),
    "locks": (lambda session: session.rows(_LOCKED), 1),
    "looks": (look, 1),
    "nothing": (nothing, 1),
    "writes": (lambda session: session.change(_ADD, what="y"), 2),
    "writes and reads": (lambda session: session.rows(_ADDED), 2),
    "begins WITH": (lambda session: session.rows(_WITH), 2),
    "writes that were put off": (put_off, 2),
    "in a savepoint": (in_a_savepoint, 2),
}
each = pytest.mark.parametrize("first", FIRST)


@each
async def test_it_is_asked_once_before_what_is_first(
    session: Session, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    work, statements = FIRST[first]
    were = beginning(session)
    with counted(monkeypatch) as told:
        await work(session)
    assert len([one for one in told if "SAVEPOINT" not in one]) == statements, told
    assert were == [1]  # before anything else was written
    await session.rows(_DONE)
    await session.end()
    assert were == [1]
    ((many,),) = await session.rows(_HELD)
    assert many == 1  # what it locks stays so


@each
async def test_what_is_first_is_not_known_where_it_refuses(session: Session, first: str) -> None:
    work, _ = FIRST[first]
    were = beginning(session, out=True)
    with pytest.raises(Out):
        await work(session)
    assert were == [1]


async def test_what_is_first_says_what_it_says_alone(session: Session) -> None:
    alone = await session.rows(_DONE)
    beginning(session)
    together = await session.rows(_DONE)
    assert [one.what for one in together] == [one.what for one in alone] == ["before"]
    beginning(session)
    assert [one.what for one in (await look(session))[0]] == ["before"]


def statements() -> Iterator[Statement]:
    """All that have a name in the store, or are in something that has one."""
    for found in pkgutil.walk_packages(store.__path__, "byoip.store."):
        if ".migrations" in found.name:
            continue
        for named in vars(importlib.import_module(found.name)).values():
            among = named.values() if isinstance(named, Mapping) else named
            several = among if isinstance(among, Collection) else (named,)
            yield from (one for one in several if type(one) is Statement)


async def test_each_statement_that_may_go_with_it_has_the_names_that_the_driver_gives(
    session: Session,
) -> None:
    """By name is how rows are read, and a part of a look has only those that we say."""
    found = [one for one in statements() if one.only_looks]
    assert len(found) > 100
    server = session.driver.pgconn
    for one in found:
        text = Prepared(one.text).text
        made = server.prepare(b"", text)
        assert made.status == ExecStatus.COMMAND_OK, (text, made.error_message)
        described = server.describe_prepared(b"")
        names = [described.fname(place) for place in range(described.nfields)]
        assert [name.encode() for name in one.columns] == names, text
        assert all(map(str.isidentifier, one.columns)), text
