"""A connection keeps cursors of what is asked often, and none is read by two at a time."""

import asyncio

from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.store.autocommit import AutocommitPool
from byoip.store.engine import session_options
from byoip.store.sharing import PART
from byoip.store.statements import from_text

_UP_TO = from_text("SELECT one FROM generate_series(1, CAST(:most AS int)) AS one")


async def test_many_rows_are_read_while_another_asks_the_same(engine: AsyncEngine) -> None:
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    pool = AutocommitPool(url, session_options(), most=1, wait_seconds=10)
    try:
        assert len(await pool.ask_often(_UP_TO, most=1)) == 1
        [connection] = pool._idle
        kept = connection.cursors[_UP_TO.text]
        assert [one.one for one in await pool.ask_often(_UP_TO, most=1)] == [1]
        assert connection.cursors[_UP_TO.text] is kept
        sizes = (3 * PART, 2 * PART, 1, 0)
        found = await asyncio.gather(*(pool.ask_often(_UP_TO, most=size) for size in sizes))
        assert [[one.one for one in rows] for rows in found] == [
            list(range(1, size + 1)) for size in sizes
        ]
        connection.cursors.clear()
        assert len(await pool.ask(_UP_TO, most=1)) == 1
        assert connection.cursors == {}, "a row may be a letter of megabytes, and stays in memory"
    finally:
        await pool.close()
