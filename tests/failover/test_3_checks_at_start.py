"""Failover 3: what is wrong with the server's settings is refused, or said, when a process starts.

A real server, started again with other settings.
"""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from byoip.store.jobs.jobs import SILENCE
from byoip.store.migrating import migrate
from tests.end_to_end.running import eventually
from tests.failover.pair import Server, one_server
from tests.failover.starting import checked, ended, serving, set_to

ASYNCHRONOUS = "replication is asynchronous: a failover may lose acknowledged changes"
FORGETS = "synchronous_commit is off: a crash may lose acknowledged changes"
MINIMAL = "wal_level is minimal: no standby and no archive can follow this server"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with one_server() as made:
        migrate(made.url(), "production")
        yield made


def test_a_server_that_may_damage_the_database_is_refused(server: Server, tmp_path: Path) -> None:
    told = "runs with fsync off, so a crash of its machine may damage the database beyond repair"
    everything = (("api", "--port", "0"), ("worker",), ("up", "--port", "0"), ("config", "check"))
    with set_to(server, fsync="off"):
        for words in everything:
            done = ended(server, *words, BYOIP_DATA_DIR=str(tmp_path))
            assert done.returncode == 2, done.stderr
            assert told in done.stderr
            assert "Traceback" not in done.stderr
    with set_to(server, full_page_writes="off"):
        assert "with full_page_writes off" in ended(server, "worker").stderr
    with set_to(server, fsync="off", full_page_writes="off"):
        assert "with fsync and full_page_writes off" in ended(server, "config", "check").stderr


def test_a_sandbox_may_lose_what_it_has(server: Server, tmp_path: Path) -> None:
    with set_to(server, fsync="off"):
        with psycopg.connect(server.url(), autocommit=True) as connection:
            connection.execute("CREATE DATABASE sandbox")
        log, words = tmp_path / "log", ("up", "--sandbox", "--port", "0")
        more = {"database": "sandbox", "BYOIP_DATA_DIR": str(tmp_path)}
        with serving(server, log, *words, **more):
            eventually(lambda: "byoip is ready" in log.read_text(), within=60)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"synchronous_standby_names": "*"}, []),
        ({"synchronous_standby_names": ""}, [ASYNCHRONOUS]),
        ({"synchronous_standby_names": "*", "synchronous_commit": "local"}, [ASYNCHRONOUS]),
        (
            {"synchronous_standby_names": "*", "synchronous_commit": "off"},
            [ASYNCHRONOUS, FORGETS],
        ),
        ({"wal_level": "minimal", "max_wal_senders": "0"}, [ASYNCHRONOUS, MINIMAL]),
    ],
    ids=str,
)
def test_what_a_failover_may_lose_is_said(
    server: Server, settings: dict[str, str], told: list[str]
) -> None:
    with set_to(server, **settings):
        assert checked(server) == told


@pytest.mark.parametrize("words", [("api", "--port", "0"), ("worker",), ("up", "--port", "0")])
def test_each_process_logs_it_when_it_starts(
    server: Server, words: tuple[str, ...], tmp_path: Path
) -> None:
    log = tmp_path / "log"
    with serving(server, log, *words, BYOIP_DATA_DIR=str(tmp_path), BYOIP_STATISTICS_DIR="/"):
        eventually(lambda: ASYNCHRONOUS in log.read_text(), within=60)


def test_a_server_with_too_few_connections_is_noted(server: Server) -> None:
    with set_to(server, max_connections="40", superuser_reserved_connections="2"):
        assert checked(server) == [ASYNCHRONOUS]  # 16 of an API, 20 of a worker, 2 of a command
    with set_to(server, max_connections="40", superuser_reserved_connections="3"):
        (_, note) = checked(server)
    assert "use up to 38 connections" in note
    assert "room for 37" in note


@pytest.mark.parametrize("whose", ["ROLE byoip", "DATABASE postgres"])
def test_a_limit_of_the_role_or_database_counts_as_well(server: Server, whose: str) -> None:
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(f"ALTER {whose} CONNECTION LIMIT 30".encode())
        assert "room for 30" in checked(server)[1]
        connection.execute(f"ALTER {whose} CONNECTION LIMIT -1".encode())


def test_the_processes_that_run_are_counted(server: Server, tmp_path: Path) -> None:
    # A worker that was stopped while it began may have left its row.
    eventually(lambda: _running(server) == (0, 0), within=60)
    with set_to(server, max_connections="41"):  # 38 are for us
        assert len(checked(server)) == 1
        logs = [tmp_path / name for name in ("api", "worker", "second")]
        with (
            serving(server, logs[0], "api", "--port", "0"),
            serving(server, logs[1], "worker", BYOIP_STATISTICS_DIR="/"),
        ):
            eventually(lambda: _running(server) == (1, 1), within=60)
            assert len(checked(server)) == 1
            with serving(server, logs[2], "worker", BYOIP_STATISTICS_DIR="/"):
                eventually(lambda: _running(server) == (1, 2), within=60)
                assert "2 with a worker use up to 58 connections" in checked(server)[1]
                eventually(lambda: "use up to 58 connections" in logs[2].read_text())
        assert "use up to" not in logs[1].read_text()


def _running(server: Server) -> tuple[int, int]:
    alive = f"last_heartbeat > now() - interval '{SILENCE.total_seconds()} s'"
    counts = (
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'byoip events'",
        f"SELECT count(*) FROM procrastinate.procrastinate_workers WHERE {alive}",  # noqa: S608
    )
    with psycopg.connect(server.url()) as connection:
        apis, workers = ((connection.execute(one.encode()).fetchone() or (0,))[0] for one in counts)
    return apis, workers
