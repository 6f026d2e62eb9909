"""Failover 2.2: what a process remembers of the database outlives it."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from byoip.domain.speakers.succession import Remembered
from byoip.store.speakers import memory
from byoip.store.speakers.memory import Memory, left_behind

ROUTE, OTHER, CLAIM, PROCESS = (uuid4() for _ in range(4))
AT = datetime(2026, 11, 1, tzinfo=UTC)
KNOWN = Remembered("cluster 7", {ROUTE: 4}, [(CLAIM, "request-1")], 1000, AT)
LATER = replace(
    KNOWN,
    changes={ROUTE: 5, OTHER: 1},
    writes=[(CLAIM, "request-1"), (CLAIM, "request-2")],
    flushed=1100,
)


@pytest.fixture
def written(tmp_path: Path) -> Memory:
    made = Memory.of(tmp_path, PROCESS)
    made.keep_all(KNOWN)
    made.keep(LATER, {ROUTE: 5, OTHER: 1})
    return made


def test_it_is_read_as_it_was_written(written: Memory) -> None:
    assert written.remembered(written.key) == LATER
    assert written.path.stat().st_mode & 0o077 == 0


def test_with_another_key_it_says_nothing(written: Memory) -> None:
    assert written.remembered(bytes(32)) is None


@pytest.mark.parametrize("cut", [2, 20, 200])
def test_a_line_that_was_cut_off_counts_as_not_written(written: Memory, cut: int) -> None:
    written.path.write_bytes(written.path.read_bytes()[:-cut])
    assert written.remembered(written.key) == KNOWN


def test_a_changed_line_and_all_after_it_count_as_not_written(written: Memory) -> None:
    first, second = written.path.read_text().splitlines()
    written.path.write_text(f"{first}\n{second.replace('1100', '9999')}\n{second}\n")
    assert written.remembered(written.key) == KNOWN
    written.path.write_text(f"{second}\n")
    assert written.remembered(written.key) is None


def test_a_long_file_is_written_anew(written: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_ROOM", 300)
    written.keep_all(KNOWN)
    for flushed in range(2000, 2100):
        written.keep(replace(LATER, flushed=flushed), {})
    assert len(written.path.read_bytes()) < 3000
    last = written.remembered(written.key)
    assert last is not None
    assert last.flushed == 2099


def test_only_what_is_left_behind_is_taken(written: Memory, tmp_path: Path) -> None:
    (tmp_path / "no uuid.memory").touch()
    assert left_behind(tmp_path, "cluster 7") == [], "its process lives"
    written.close()
    assert left_behind(tmp_path, "cluster 8") == [], "it is about another database"
    (mine,) = left_behind(tmp_path, "cluster 7")
    assert mine.process == PROCESS
    assert left_behind(tmp_path, "cluster 7") == [], "another process has it"
    assert mine.remembered(written.key) == LATER
    mine.forget()
    assert left_behind(tmp_path, "cluster 7") == []
    assert not written.path.exists()


def test_the_name_is_the_process(tmp_path: Path) -> None:
    assert Memory.of(tmp_path, UUID(int=7)).path.name == f"{UUID(int=7).hex}.memory"
