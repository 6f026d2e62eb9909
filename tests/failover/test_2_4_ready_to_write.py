"""Failover 2.4 and 1.2: `/readyz` says whether a write works, not only whether a question does."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import LiteralString

import psycopg
import pytest
from starlette.requests import Request

from byoip.api.operations import readyz
from byoip.composition import external_services
from byoip.composition.process import Composition
from byoip.settings.loader import read_settings
from byoip.store.migrating import migrate
from tests.announcing import until
from tests.failover.pair import Server, one_server
from tests.routes.scenarios import fill, small_disk


@pytest.fixture
def server() -> Iterator[Server]:
    with one_server() as made:
        migrate(made.url(), "sandbox")
        yield made


_FITS: LiteralString = "UPDATE deployment SET mode = mode"
_GROWS: LiteralString = """
    INSERT INTO services (id, name, default_only, created_at)
    SELECT gen_random_uuid(), n::text, false, now() FROM generate_series(1, 10000) AS n
"""


def _told(server: Server, standbys: str) -> None:
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("SET synchronous_commit = local")
        connection.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{standbys}'")
        connection.execute("SELECT pg_reload_conf()")


@asynccontextmanager
async def _asked(server: Server) -> AsyncIterator[Callable[[], Awaitable[str]]]:
    """What `/readyz` says of the database; `ok` is green, all else is red."""
    settings = read_settings({}, database_url=server.url())
    made = Composition(settings, server.url(), "sandbox", external_services(settings))
    ready = readyz({"database": made.trouble})

    async def said() -> str:
        answer = await ready(Request({"type": "http", "query_string": b"", "headers": []}))
        told = str(json.loads(bytes(answer.body))["checks"]["database"])
        assert (answer.status_code == 200) == (told == "ok"), told
        return told

    try:
        yield said
    finally:
        await made.close()


async def test_it_is_red_while_no_commit_ends_and_green_as_soon_as_one_does(server: Server) -> None:
    async with _asked(server) as said:

        async def green() -> bool:
            return await said() == "ok"

        async def red() -> bool:
            return not await green()

        assert await green()
        await asyncio.to_thread(_told, server, "gone")
        await until(red)
        assert await red()
        await asyncio.to_thread(_told, server, "")
        await until(green)


async def test_it_is_red_while_no_table_can_grow_and_says_so() -> None:
    with small_disk(160) as disk, one_server(disk) as server:
        migrate(server.url(), "sandbox")
        async with _asked(server) as said:
            assert await said() == "ok"
            filler = fill(disk)
            with psycopg.connect(server.url()) as connection:
                connection.execute(_FITS)  # into pages and a log that are there
                connection.rollback()
                with pytest.raises(psycopg.errors.DiskFull):
                    connection.execute(_GROWS)
            assert await said() == "no room on its disk"
            filler.unlink()
            assert await said() == "ok"


async def test_where_the_server_may_write_no_such_file_it_is_not_known(server: Server) -> None:
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("ALTER ROLE byoip SET temp_file_limit = 0")
    async with _asked(server) as said:
        assert await said() == "ok"
