"""Whether a pooler between us and Postgres does what byoip relies on; asked when a process starts.

byoip holds locks, listens and sets limits for a session. A pooler that hands each transaction to
another server connection (pgbouncer's transaction mode) breaks all three without an error.

Text SQL, on the driver: it is about single connections.
"""

from contextlib import AsyncExitStack
from typing import Final

import psycopg

from byoip.domain.errors import Fixable
from byoip.store.connecting import Connection
from byoip.store.database_url import plain
from byoip.store.engine import SESSION, session_options
from byoip.store.unavailable import StoreUnavailable

_HOW: Final = (
    "use session mode, with `ignore_startup_parameters = options`, and set search_path and the "
    "limits for byoip's role (docs/operating.md, High availability), or connect to Postgres itself."
)
_ROUNDS: Final = 3
_UNSUPPORTED: Final = "unsupported startup parameter"
_SET: Final = ("search_path", "statement_timeout", "lock_timeout")
_SETTING: Final = "SELECT setting FROM pg_settings WHERE name = %s"  # limits in ms, as ours


class UnfitPooler(Fixable):
    """A pooler loses what byoip relies on; the message says what, and what to do."""


async def refuse_unfit_pooler(database_url: str) -> None:
    """Look for the signs of a pooler that cannot carry byoip's sessions.

    Raises:
        UnfitPooler: there is one.
        StoreUnavailable: the database cannot be reached.
    """
    try:
        async with AsyncExitStack() as stack:
            one, other = [await _connected(stack, database_url) for _ in range(2)]
            await _refuse_shared(one, other)
            await _refuse_lost_settings(one)
    except psycopg.errors.DuplicatePreparedStatement:
        raise UnfitPooler(f"A pooler mixes sessions (prepared statements): {_HOW}") from None
    except psycopg.OperationalError as fault:
        if _UNSUPPORTED in str(fault):
            raise UnfitPooler(f"A pooler refuses the parameter `options`: {_HOW}") from None
        raise StoreUnavailable from fault


async def _connected(stack: AsyncExitStack, database_url: str) -> Connection:
    connection = await Connection.connect(
        plain(database_url),
        autocommit=True,
        options=session_options(),
        application_name="byoip start",
    )
    return await stack.enter_async_context(connection)


async def _refuse_shared(one: Connection, other: Connection) -> None:
    first = await _server_of(one)
    for _ in range(_ROUNDS):
        seen = {await _server_of(other)}  # the one just used is what such a pooler gives next
        if first not in seen:
            async with other.transaction():
                seen.add(await _server_of(other))
                now = await _server_of(one)
        if first in seen or now != first:
            raise UnfitPooler(f"A pooler gives a session's server connection to others: {_HOW}")


async def _server_of(connection: Connection) -> int:
    row = await (await connection.execute("SELECT pg_backend_pid()")).fetchone()
    return int(row[0]) if row else 0


async def _refuse_lost_settings(connection: Connection) -> None:
    for name in _SET:
        asked = await connection.execute(_SETTING, [name])
        row = await asked.fetchone()
        if row is None or row[0].replace(" ", "") != SESSION[name]:
            raise UnfitPooler(
                f"The session's {name} is not {SESSION[name]}, as byoip set it, so a pooler has "
                f"lost that: {_HOW}"
            )
