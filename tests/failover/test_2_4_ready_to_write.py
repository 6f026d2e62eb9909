"""Failover 2.4 and 1.2: `/readyz` says whether a write works, not only whether a question does."""

import asyncio
from collections.abc import Iterator

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


@pytest.fixture
def server() -> Iterator[Server]:
    with one_server() as made:
        migrate(made.url(), "sandbox")
        yield made


def _told(server: Server, standbys: str) -> None:
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("SET synchronous_commit = local")
        connection.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{standbys}'")
        connection.execute("SELECT pg_reload_conf()")


async def test_it_is_red_while_no_commit_ends_and_green_as_soon_as_one_does(server: Server) -> None:
    settings = read_settings({}, database_url=server.url())
    made = Composition(settings, server.url(), "sandbox", external_services(settings))
    ready = readyz({"database": made.trouble})

    async def status() -> int:
        return (
            await ready(Request({"type": "http", "query_string": b"", "headers": []}))
        ).status_code

    async def is_now(wanted: int) -> bool:
        return await status() == wanted

    try:
        assert await status() == 200
        await asyncio.to_thread(_told, server, "gone")
        await until(lambda: is_now(503))
        assert await status() == 503
        await asyncio.to_thread(_told, server, "")
        await until(lambda: is_now(200))
    finally:
        await made.close()
