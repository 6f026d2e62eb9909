"""Failover 1.5: a pooler that loses what byoip relies on is refused at start, with the reason."""

import asyncio
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from byoip.cli.commands import app as commands
from byoip.cli.running import run_worker
from byoip.settings.loader import read_settings
from byoip.store.engine import SESSION
from byoip.store.migrating import migrate
from byoip.store.poolers import UnfitPooler, refuse_unfit_pooler
from byoip.store.unavailable import StoreUnavailable
from tests.failover.pair import Server, one_server
from tests.failover.pgbouncer import pgbouncer_before
from tests.failover.starting import ended
from tests.real.parts import Part, require

OPERATING = (Path(__file__).parents[2] / "docs" / "operating.md").read_text()
POOLERS = OPERATING.split("\n### Poolers\n")[1].split("\n### ")[0]
(MODE, IGNORED) = re.findall(r"^    (\w+ = \w+)$", POOLERS, re.MULTILINE)
ROLE = re.findall(r"^    (ALTER ROLE .*);$", POOLERS, re.MULTILINE)  # as operators read it


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with one_server() as made:
        migrate(made.url(), "production")
        yield made


@pytest.fixture
def settings_of_role(server: Server) -> Iterator[None]:
    with of_role(server, ROLE):
        yield


@contextmanager
def of_role(server: Server, statements: Iterable[str]) -> Iterator[None]:
    with psycopg.connect(server.url(), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())
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
async def test_session_mode_works_as_operators_read_it(server: Server) -> None:
    require(Part.PGBOUNCER)
    assert MODE == "pool_mode = session"
    with pgbouncer_before(server, "session", IGNORED) as url:
        await refuse_unfit_pooler(url)
        with psycopg.connect(url) as connection:
            for name, value in SESSION.items():
                asked = "SELECT setting FROM pg_settings WHERE lower(name) = %s"
                (found,) = connection.execute(asked, [name]).fetchone() or ("",)
                assert found.replace(" ", "") == value.replace("\\ ", "").replace(" ", ""), name


@pytest.mark.real
@pytest.mark.parametrize("lost", ["search_path", "statement_timeout", "lock_timeout"])
async def test_each_setting_that_is_lost_is_named(server: Server, lost: str) -> None:
    require(Part.PGBOUNCER)
    kept = [one for one in ROLE if f" {lost} " not in one]
    with (
        of_role(server, kept),
        pgbouncer_before(server, "session", IGNORED) as url,
        pytest.raises(UnfitPooler, match=f"session's {lost} is not"),
    ):
        await refuse_unfit_pooler(url)


@pytest.mark.real
@pytest.mark.parametrize("words", [("api", "--port", "0"), ("worker",), ("up", "--port", "0")])
async def test_each_process_refuses_it_when_it_starts(
    server: Server, words: tuple[str, ...], tmp_path: Path
) -> None:
    require(Part.PGBOUNCER)
    with pgbouncer_before(server, "transaction", IGNORED) as url:
        more = {"DATABASE_URL": url, "BYOIP_DATA_DIR": str(tmp_path)}
        done = await asyncio.to_thread(lambda: ended(server, *words, **more))
    assert done.returncode == 2, done.stderr
    assert "A pooler gives a session's server connection to others" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
