"""Failover 1.5: a pooler that loses what byoip relies on is refused at start, with the reason."""

import asyncio
from collections.abc import Iterator

import psycopg
import pytest
from typer.testing import CliRunner

from byoip.cli.commands import app as commands
from byoip.cli.running import run_worker
from byoip.settings.loader import read_settings
from byoip.store.migrating import migrate
from byoip.store.poolers import UnfitPooler, refuse_unfit_pooler
from byoip.store.unavailable import StoreUnavailable
from tests.failover.pair import Server, one_server
from tests.failover.pgbouncer import pgbouncer_before
from tests.real.parts import Part, require

IGNORED = "ignore_startup_parameters = options"
ROLE = (
    "ALTER ROLE byoip SET search_path = public, procrastinate",
    "ALTER ROLE byoip SET statement_timeout = '15s'",
    "ALTER ROLE byoip SET lock_timeout = '10s'",
)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with one_server() as made:
        migrate(made.url(), "production")
        yield made


@pytest.fixture
def settings_of_role(server: Server) -> Iterator[None]:
    with psycopg.connect(server.url(), autocommit=True) as connection:
        for statement in ROLE:
            connection.execute(statement)
        yield
        connection.execute("ALTER ROLE byoip RESET ALL")


async def test_postgres_itself_is_no_pooler(server: Server) -> None:
    await refuse_unfit_pooler(server.url())


async def test_a_server_that_is_away_is_no_pooler_either() -> None:
    with pytest.raises(StoreUnavailable):
        await refuse_unfit_pooler("postgresql://nobody@127.0.0.1:1/nothing")


@pytest.mark.real
@pytest.mark.parametrize(
    ("mode", "more", "told"),
    [
        ("session", "", "refuses the parameter `options`"),
        ("transaction", "", "refuses the parameter `options`"),
        ("session", IGNORED, "search_path is not public,procrastinate"),
        ("transaction", IGNORED, "gives a session's server connection to others"),
        ("statement", IGNORED, "A pooler"),
    ],
)
async def test_a_pooler_that_loses_something_is_refused(
    server: Server, mode: str, more: str, told: str
) -> None:
    require(Part.PGBOUNCER)
    with pgbouncer_before(server, mode, more) as url:
        for _ in range(5):  # not by luck
            with pytest.raises(UnfitPooler, match=told):
                await refuse_unfit_pooler(url)
        settings = read_settings({}, database_url=url, origin_asns="64500")
        with pytest.raises(UnfitPooler, match=told):
            await run_worker(settings, None, asyncio.Event())
        arguments, known = ["config", "check"], {"DATABASE_URL": url}
        checked = await asyncio.to_thread(CliRunner().invoke, commands, arguments, env=known)
        assert told in str(checked.exception)
        migrated = await asyncio.to_thread(CliRunner().invoke, commands, ["migrate"], env=known)
        assert told in str(migrated.exception)


@pytest.mark.real
@pytest.mark.usefixtures("settings_of_role")
async def test_transactions_that_wander_are_seen_though_all_settings_are_there(
    server: Server,
) -> None:
    require(Part.PGBOUNCER)
    with pgbouncer_before(server, "transaction", IGNORED) as url:
        for _ in range(5):
            with pytest.raises(UnfitPooler, match="to others"):
                await refuse_unfit_pooler(url)


@pytest.mark.real
@pytest.mark.usefixtures("settings_of_role")
async def test_session_mode_with_the_settings_at_the_role_works(server: Server) -> None:
    require(Part.PGBOUNCER)
    with pgbouncer_before(server, "session", IGNORED) as url:
        await refuse_unfit_pooler(url)
