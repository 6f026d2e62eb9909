"""Snapshots as partitions: filled alone, attached whole, dropped whole.

Text SQL: SQLAlchemy has neither COPY nor partitions.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager

import psycopg
import sqlalchemy as sa
from psycopg import sql
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from byoip.store.connecting import Connection
from byoip.store.statements import Session
from byoip.store.unavailable import translate_driver_errors

# One number for each kind of snapshot: a transaction that writes that kind holds the lock.
VRPS_LOCK = 0x62796F6970_01
REGISTRATIONS_LOCK = 0x62796F6970_02

# While a drop waits for the readers there are, new ones wait for it: so it hardly waits.
_DROP_PATIENCE = "100ms"
_PATIENCE = "set local statement_timeout = '10min'; set local lock_timeout = '5min'"
_PATIENCE_SECONDS = 610.0
_ATTACH_PATIENCE = "10s"  # this one only waits for other schema changes, and stops no reader


class UnfitRows(Exception):  # noqa: N818 - named for the rows
    """Postgres, or COPY, does not take the rows; none of them was kept."""


@asynccontextmanager
async def writing(engine: AsyncEngine, lock: int) -> AsyncIterator[AsyncConnection]:
    """A transaction that alone writes snapshots of this kind; a crash leaves nothing behind."""
    with translate_driver_errors():
        async with engine.begin() as connection:
            await wait_for_turn(connection, lock)
            yield connection


async def turn_in(session: Session, connection: AsyncConnection, lock: int) -> None:
    """The turn, after what the transaction asks before all else: whom it acts for."""
    await session.begin()
    await wait_for_turn(connection, lock)


async def wait_for_turn(connection: AsyncConnection, lock: int) -> None:
    """Wait until no other transaction writes snapshots of this kind; then hold others off.

    Until the transaction ends it may also run statements longer than a session allows.
    """
    await connection.execute(sa.text(_PATIENCE))
    (await _driver(connection)).patience = _PATIENCE_SECONDS
    await connection.execute(sa.text("select pg_advisory_xact_lock(:lock)"), {"lock": lock})


async def fill(
    connection: AsyncConnection,
    parent: sa.Table,
    number: int,
    columns: Sequence[str],
    chunks: Iterable[tuple[int, str]],
    *,
    null: str = r"\N",
) -> None:
    """Make, fill, index and attach the partition of snapshot `number`.

    Nothing is locked for others until the last step, and that one only looks at the catalogue: the
    partition carries the partition's condition as a constraint already checked.

    Args:
        connection: inside a transaction; without its commit nothing has happened.
        parent: partitioned by list of its column `snapshot`, with a column `prefix`.
        number: of the snapshot.
        columns: what each line holds; `snapshot` is filled in.
        chunks: number of lines, and the lines themselves in COPY's text format, without escapes.
        null: how a line writes that there is no value.

    Raises:
        UnfitRows: a line is not what the table takes; the caller's savepoint must be rolled back.
    """
    driver = await _driver(connection)
    names = {
        "parent": sql.Identifier(parent.name),
        "partition": sql.Identifier(partition_name(parent, number)),
        "index": sql.Identifier(f"ix_{partition_name(parent, number)}_prefix"),
        "columns": sql.SQL(", ").join(map(sql.Identifier, columns)),
        "number": sql.Literal(number),
        "null": sql.Literal(null),
        "patience": sql.Literal(_ATTACH_PATIENCE),
    }
    for statement in _BEGIN:
        await driver.execute(sql.SQL(statement).format(**names))
    try:
        async with driver.cursor() as cursor, cursor.copy(sql.SQL(_COPY).format(**names)) as copy:
            for count, lines in chunks:
                _check_lines(lines, count, len(columns))
                await copy.write(lines)
    except (psycopg.DataError, psycopg.IntegrityError) as fault:
        raise UnfitRows(fault.diag.message_primary or str(fault)) from None
    for statement in _FINISH:
        await driver.execute(sql.SQL(statement).format(**names))


_BEGIN = (
    "create table {partition} (like {parent} including all, check (snapshot = {number}))",
    "alter table {partition} alter column snapshot set default {number}",
)
# Frozen from birth, since no other transaction has seen the table: no page is written twice.
_COPY = "copy {partition} ({columns}) from stdin (freeze, null {null})"
_FINISH = (
    # Against GiST: half the time to build, a third of the time to look up.
    "create index {index} on {partition} using spgist (prefix inet_ops)",
    "analyze {partition}",
    "set local lock_timeout = {patience}",
    "alter table {parent} attach partition {partition} for values in ({number})",
    "set local lock_timeout = default",
)


def _check_lines(lines: str, count: int, columns: int) -> None:
    # A value with a tab or a line end in it could pass for several; escapes are not needed.
    if lines.count("\n") != count or lines.count("\t") != count * (columns - 1) or "\\" in lines:
        raise UnfitRows("a value holds a tab, a line end or a backslash")


async def drop_superseded(
    connection: AsyncConnection, snapshots: sa.Table, entries: sa.Table, superseded: sa.TextClause
) -> None:
    """Drop the partitions whose numbers `superseded` gives; those being read stay for next time."""
    gone = sa.text(f"update {snapshots.name} set kept = false where number = :number")  # noqa: S608
    for number in (await connection.scalars(superseded)).all():
        if await _drop(connection, entries, number):
            await connection.execute(gone, {"number": number})


async def _drop(connection: AsyncConnection, parent: sa.Table, number: int) -> bool:
    # False when readers keep us from it just now.
    partition = sql.Identifier(partition_name(parent, number))
    driver = await _driver(connection)
    try:
        async with connection.begin_nested():
            patience = sql.SQL("set local lock_timeout = {}").format(sql.Literal(_DROP_PATIENCE))
            await driver.execute(patience)
            await driver.execute(sql.SQL("drop table if exists {}").format(partition))
    except psycopg.errors.LockNotAvailable:
        return False
    return True


def partition_name(parent: sa.Table, number: int) -> str:
    """The name of a snapshot's partition."""
    return f"{parent.name}_{number}"


async def _driver(connection: AsyncConnection) -> Connection:
    # COPY has no form in SQLAlchemy; its connection and this one are the same transaction.
    driver = (await connection.get_raw_connection()).driver_connection
    if not isinstance(driver, Connection):
        raise TypeError(f"one of ours is needed, this is {type(driver)}")
    return driver
