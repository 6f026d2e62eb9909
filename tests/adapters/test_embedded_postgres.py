import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from byoip.adapters.child_process import start_child
from byoip.adapters.postgres.binaries import EmbeddedPostgresError
from byoip.adapters.postgres.cluster import ClusterFiles, server_account
from byoip.adapters.postgres.embedded import EmbeddedPostgres
from tests import processes
from tests.databases import directory_open_to_all, rows, rows_after_writing, write_row

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root changes user")

SUPERVISOR = """
import sys, time
from pathlib import Path
from byoip.adapters.postgres.embedded import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]))
url = server.start()
print(server.pid, url, flush=True)
time.sleep(60)
"""


@pytest.fixture
def new_dir(open_directory: Path) -> Path:
    return open_directory / "data" / "postgres"


@pytest.fixture(scope="module")
def made_dir() -> Iterator[Path]:
    """A data directory after its first start: copying it takes a tenth of making one."""
    with directory_open_to_all() as directory:
        with EmbeddedPostgres(directory / "made", durable=False):
            pass
        yield directory / "made"


@pytest.fixture
def data_dir(open_directory: Path, made_dir: Path) -> Path:
    copy = open_directory / "postgres"
    subprocess.run(["cp", "-a", str(made_dir), str(copy)], check=True)
    return copy


def test_the_first_start_makes_a_database_and_the_second_finds_its_rows(new_dir: Path) -> None:
    with EmbeddedPostgres(new_dir, durable=False) as server:
        write_row(server.database_url, "kept")
    with EmbeddedPostgres(new_dir, durable=False) as server:
        assert rows(server.database_url) == ["kept"]


def test_customers_data_is_synced_to_disk_unless_a_test_says_otherwise(new_dir: Path) -> None:
    with EmbeddedPostgres(new_dir) as server:
        assert setting(server, "fsync") == "on"
        assert setting(server, "synchronous_commit") == "on"
        assert setting(server, "full_page_writes") == "on"
    with EmbeddedPostgres(new_dir, durable=False) as server:
        assert setting(server, "synchronous_commit") == "off"
        assert setting(server, "fsync") == "on"  # byoip refuses a server without


def test_the_server_listens_on_loopback_alone_and_wants_the_password(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir, durable=False) as server:
        assert setting(server, "listen_addresses") == "127.0.0.1"
        assert setting(server, "unix_socket_directories") == ""
        assert setting(server, "password_encryption") == "scram-sha-256"
        password = str(urlsplit(server.database_url).password)
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(server.database_url.replace(password, "guess"))
        with pytest.raises(psycopg.OperationalError, match="no password supplied"):
            psycopg.connect(server.database_url.replace(f":{password}", ""))

    file = ClusterFiles(data_dir).password
    assert file.read_text() == password
    assert len(password) > 40
    assert file.stat().st_mode & 0o777 == 0o600


def test_text_sorts_by_code_point_and_letters_beyond_ascii_have_two_cases(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir, durable=False) as server:
        with psycopg.connect(server.database_url) as connection:
            assert connection.execute("SELECT upper('é'), 'Z' < 'a'").fetchone() == ("É", True)
            assert connection.info.encoding == "utf-8"
        assert setting(server, "TimeZone") == "UTC"


def test_a_directory_is_served_by_one_process_at_a_time(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir, durable=False) as first:
        with pytest.raises(
            EmbeddedPostgresError, match=rf"in use .* {os.getpid()} .*: {first.pid}\)"
        ):
            EmbeddedPostgres(data_dir, durable=False).start()
        with pytest.raises(EmbeddedPostgresError, match="already served by this process"):
            first.start()
        assert rows_after_writing(first.database_url, "unharmed") == ["unharmed"]


@linux_only
def test_a_clean_stop_leaves_no_process_and_nothing_to_recover(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir, durable=False)
    server.start()
    pids = family(server)
    server.stop()
    server.stop()

    assert server.pid is None
    assert processes.gone_within(0, pids)
    assert "database system is shut down" in ClusterFiles(data_dir).log.read_text()


def test_a_clean_stop_does_not_wait_for_clients(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir, durable=False)
    with psycopg.connect(server.start()) as idle:
        idle.execute("SELECT 1")
        server.stop()
        with pytest.raises(psycopg.OperationalError):
            idle.execute("SELECT 1")


def test_the_port_stays_the_same_while_it_is_free(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir, durable=False) as server:
        first = server.database_url
    with EmbeddedPostgres(data_dir, durable=False) as server:
        assert server.database_url == first
    taken = socket.create_server(("127.0.0.1", urlsplit(first).port or 0))
    with taken, EmbeddedPostgres(data_dir, durable=False) as server:
        assert urlsplit(server.database_url).port != urlsplit(first).port


@linux_only
def test_the_callers_postgres_variables_and_secrets_do_not_reach_the_server(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGDATA", "/nonexistent")
    monkeypatch.setenv("LC_ALL", "xx_YY.nonsense")
    monkeypatch.setenv("BYOIP_SECRET", "hidden")
    with EmbeddedPostgres(data_dir, durable=False) as server:
        assert b"hidden" not in Path(f"/proc/{server.pid}/environ").read_bytes()


@linux_only
def test_committed_rows_survive_a_killed_server(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as server:
        write_row(server.database_url, "committed")
        pids = family(server)
        os.kill(pids[0], signal.SIGKILL)
        assert processes.gone_within(30, pids)
        assert server.pid is None
    with EmbeddedPostgres(data_dir) as server:
        assert rows_after_writing(server.database_url, "next") == ["committed", "next"]


@linux_only
def test_nothing_outlives_a_killed_parent_and_the_next_start_has_every_row(data_dir: Path) -> None:
    with processes.orphans_stay_zombies():
        with processes.python_script(SUPERVISOR, str(data_dir)) as (parent, line):
            pid, url = line.split()
            write_row(url, "committed")
            with psycopg.connect(url):  # a backend of ours is open meanwhile
                pids = [int(pid), *processes.children_of(int(pid))]
                parent.kill()
                assert processes.gone_within(30, pids)
        with EmbeddedPostgres(data_dir) as server:
            assert rows(server.database_url) == ["committed"]


@linux_only
def test_a_killed_server_that_stays_a_zombie_does_not_block_the_next(data_dir: Path) -> None:
    with processes.orphans_stay_zombies():
        with processes.python_script(SUPERVISOR, str(data_dir)) as (parent, line):
            pid, url = line.split()
            write_row(url, "committed")
            os.kill(int(pid), signal.SIGKILL)
            parent.kill()
        with EmbeddedPostgres(data_dir) as server:
            assert processes.state(int(pid)) == "Z"
            assert rows(server.database_url) == ["committed"]


@linux_only
def test_a_stranger_who_got_the_pid_of_the_killed_server_does_not_block_the_next(
    data_dir: Path,
) -> None:
    with EmbeddedPostgres(data_dir) as server:
        write_row(server.database_url, "committed")
        os.kill(family(server)[0], signal.SIGKILL)
    account = server_account(ClusterFiles(data_dir))
    with start_child(["sleep", "60"], user=account) as stranger:
        stale = data_dir / "cluster" / "postmaster.pid"
        lines = stale.read_text().splitlines()
        stale.write_text("\n".join([str(stranger.pid), *lines[1:7], "ready", ""]))
        with EmbeddedPostgres(data_dir) as server:
            assert server.pid != stranger.pid
            assert rows(server.database_url) == ["committed"]
        assert processes.alive(stranger.pid)
        stranger.kill()


def test_what_an_interrupted_first_start_left_behind_is_made_anew(new_dir: Path) -> None:
    unfinished = new_dir / "cluster.unfinished"
    unfinished.mkdir(parents=True)
    for directory in (new_dir, new_dir.parent):
        directory.chmod(0o755)
    (unfinished / "PG_VERSION").write_text("18")
    (new_dir / "password").write_text("")
    (new_dir / "port").write_text("")

    with EmbeddedPostgres(new_dir, durable=False) as server:
        assert rows_after_writing(server.database_url, "works") == ["works"]
    assert not unfinished.exists()


def test_a_server_that_refuses_to_start_says_why(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir, durable=False):
        pass
    (data_dir / "cluster" / "postgresql.conf").write_text("no_such_setting = on\n")

    with pytest.raises(EmbeddedPostgresError, match="no_such_setting"):
        EmbeddedPostgres(data_dir, durable=False).start()


def test_a_data_directory_that_cannot_be_made_is_refused(open_directory: Path) -> None:
    (open_directory / "file").touch()

    with pytest.raises(EmbeddedPostgresError, match="Not a directory"):
        EmbeddedPostgres(open_directory / "file" / "postgres").start()


def test_a_data_directory_of_a_version_that_does_not_exist_names_the_version(new_dir: Path) -> None:
    cluster = new_dir / "cluster"
    cluster.mkdir(parents=True)
    for directory in (new_dir, new_dir.parent):
        directory.chmod(0o755)
    (cluster / "PG_VERSION").write_text("9\n")

    with pytest.raises(EmbeddedPostgresError, match=r"No Postgres 9.*byoip\[embedded\]"):
        EmbeddedPostgres(new_dir).start()


@root_only
def test_as_root_only_postgres_changes_user_and_only_what_it_needs_is_its_own(
    new_dir: Path,
) -> None:
    with EmbeddedPostgres(new_dir, durable=False) as server:
        owner = Path(f"/proc/{server.pid}").stat().st_uid

    assert owner != 0
    owned = {path.name for path in new_dir.iterdir() if path.stat().st_uid == owner}
    assert owned == {"cluster", "password"}
    assert new_dir.stat().st_uid == 0


@root_only
def test_as_root_a_directory_the_servers_account_cannot_reach_is_refused_unchanged(
    open_directory: Path,
) -> None:
    private = open_directory / "private"
    private.mkdir(mode=0o700)

    with pytest.raises(EmbeddedPostgresError, match=r"may not enter .*private"):
        EmbeddedPostgres(private / "postgres").start()

    assert private.stat().st_mode & 0o777 == 0o700


def test_each_test_gets_an_empty_database_of_its_own(bare_database_url: str) -> None:
    assert rows_after_writing(bare_database_url, "mine") == ["mine"]


def family(server: EmbeddedPostgres) -> list[int]:
    assert server.pid is not None
    return [server.pid, *processes.children_of(server.pid)]


def setting(server: EmbeddedPostgres, name: str) -> str:
    with psycopg.connect(server.database_url) as connection:
        row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
    assert row is not None
    return str(row[0])
