"""Failover 2.2: a disk that is full or read-only costs no process, and vouches for nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from byoip.cli.stopping import ended
from byoip.domain.speakers.succession import Remembered
from byoip.store.speakers import witnesses
from byoip.store.speakers.memory import Memory, left_behind
from byoip.store.speakers.witnesses import Witness
from tests.announcing import until

PROCESS, AT = uuid4(), datetime(2026, 11, 1, tzinfo=UTC)


@asynccontextmanager
async def running(url: str, directory: Path) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(Witness(url, (), directory, PROCESS).run())
    try:
        yield task
    finally:
        await ended(task, patience=2)


def key(url: str) -> bytes | None:
    """What vouches for its file; none where it has no row."""
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT key FROM witnesses").fetchone()
        return row[0] if row else None


def full(directory: Path) -> Path:
    """Each file that the process begins ends on a disk that is full."""
    fresh = Memory.of(directory, PROCESS).path.with_suffix(".new")
    fresh.symlink_to("/dev/full")
    return fresh


def is_read_only(file: Path) -> None:
    """Not even removing the file works any more."""
    file.unlink(missing_ok=True)
    (file / "in the way").mkdir(parents=True)


@pytest.fixture
def url(cloned_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(witnesses, "SEEN_SECONDS", 1.5)
    return cloned_url.replace("+psycopg", "")


async def test_a_disk_that_takes_and_gives_nothing_ends_no_process(
    url: str, tmp_path: Path
) -> None:
    full(tmp_path)  # once: it can be removed
    is_read_only(Memory.of(tmp_path, PROCESS).path)
    async with running(url, tmp_path) as task:
        await until(lambda: _alive(url))
        await asyncio.sleep(3)
        assert not task.done(), task.exception()
        assert await _alive(url)


async def test_the_key_of_a_file_that_cannot_be_removed_is_withdrawn(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(witnesses, "SEEN_SECONDS", 3600)
    file = Memory.of(tmp_path, PROCESS).path
    async with running(url, tmp_path) as task:
        await until(file.exists)
        assert key(url) is not None
        is_read_only(file)
        monkeypatch.setattr(Memory, "keep", lambda me, known, _: me.keep_all(known))  # it is long
        await until(lambda: task.done() or key(url) is None)
        assert not task.done()


async def test_a_disk_with_room_again_is_used_again(url: str, tmp_path: Path) -> None:
    fresh = full(tmp_path)
    async with running(url, tmp_path):
        await until(lambda: not fresh.is_symlink())  # it was tried, and removed
        await until(lambda: list(tmp_path.glob("*.memory")) != [])
        await until(lambda: key(url) is not None)


async def test_a_file_that_cannot_be_read_holds_nothing_up(url: str, tmp_path: Path) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(
            "INSERT INTO witnesses (process, name, seen_at, key) VALUES (%s, 'gone', now(), 'k')",
            [PROCESS],
        )
    is_read_only(Memory.of(tmp_path, PROCESS).path)
    task = asyncio.create_task(Witness(url, (), tmp_path).run())
    try:
        await until(lambda: task.done() or len(list(tmp_path.glob("*.memory"))) == 2)
        assert not task.done()
    finally:
        await ended(task, patience=2)


async def _alive(url: str) -> bool:
    with psycopg.connect(url) as connection:
        return bool(connection.execute("SELECT FROM witnesses").fetchall())


async def test_what_is_left_of_another_database_stays_for_its_processes(
    url: str, tmp_path: Path
) -> None:
    """A directory for all processes of a machine, and two databases."""
    others = Memory.of(tmp_path, uuid4())
    others.keep_all(Remembered("cluster 7, timeline 00000001, database 5", {}, [], 0, AT))
    others.close()
    async with running(url, tmp_path):
        await until(lambda: len(list(tmp_path.glob("*.memory"))) == 2)
        await until(lambda: key(url) is not None)
        (found,) = left_behind(tmp_path, "cluster 7, timeline 00000002, database 5")
        assert found.process == others.process


async def test_a_process_that_was_killed_is_spoken_for_by_one_that_runs(
    url: str, tmp_path: Path
) -> None:
    killed = Memory.of(tmp_path, uuid4())
    async with running(url, tmp_path):
        await until(lambda: key(url) is not None)
        with psycopg.connect(url) as connection:
            (here,) = connection.execute("SELECT database_identity()").fetchone() or ("",)
            killed.keep_all(Remembered(here, {}, [], 0, AT))
            killed.close()
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'byoip witness' AND datname = current_database()"
            )
        await until(lambda: not killed.path.exists())
