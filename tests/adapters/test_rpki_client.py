"""With a program of our own in place of rpki-client; the real one is in tests/real."""

import asyncio
import time
from datetime import timedelta
from pathlib import Path

import pytest

from byoip.adapters.checks.rpki_client import RpkiClient
from byoip.ports.checks.rpki import NoExport, VrpExport

VERSION = 'if [ "$1" = -V ]; then echo "rpki-client-portable 9.7" >&2; exit 0; fi\n'
WRITE = 'for out; do :; done; echo "$@" > "$out/json"\n'


def client(directory: Path, script: str, *, seconds: float = 10.0) -> RpkiClient:
    program = directory / "program"
    program.write_text(f"#!/bin/sh\n{script}")
    program.chmod(0o755)
    for name in ("cache", "out"):
        (directory / name).mkdir(exist_ok=True)
    tals = [directory / "ripe.tal", directory / "apnic.tal"]
    timeout = timedelta(seconds=seconds)
    return RpkiClient(program, directory / "cache", directory / "out", tals, timeout)


async def failure(of: RpkiClient) -> str:
    answer = await of.fetch()
    assert isinstance(answer, NoExport)
    return answer.why


async def test_a_good_run_is_an_export_of_the_configured_anchors(tmp_path: Path) -> None:
    answer = await client(tmp_path, VERSION + WRITE).fetch()
    file = tmp_path / "out" / "json"
    assert answer == VrpExport(file, "rpki-client-portable 9.7", frozenset({"ripe", "apnic"}))
    assert file.read_text().split() == [
        *("-j", "-s", "9", "-d", f"{tmp_path}/cache"),
        *("-t", f"{tmp_path}/ripe.tal", "-t", f"{tmp_path}/apnic.tal", f"{tmp_path}/out"),
    ]


async def test_a_failing_run_is_no_export_even_if_it_wrote_one(tmp_path: Path) -> None:
    script = VERSION + WRITE + "echo 'no trust anchor' >&2; exit 1"
    assert "status 1: no trust anchor" in await failure(client(tmp_path, script))


async def test_the_output_of_an_earlier_run_is_not_taken_for_new(tmp_path: Path) -> None:
    assert isinstance(await client(tmp_path, VERSION + WRITE).fetch(), VrpExport)
    assert "wrote nothing" in await failure(client(tmp_path, VERSION))


@pytest.mark.parametrize(
    "said",
    [
        pytest.param("echo 'rpki-client 8.2' >&2", id="too old"),
        pytest.param("echo hello >&2", id="something else"),
        pytest.param("exit 3", id="broken"),
    ],
)
async def test_only_version_9_or_newer_is_run(tmp_path: Path, said: str) -> None:
    script = f'if [ "$1" = -V ]; then {said}; exit; fi\n{WRITE}'
    assert "version" in await failure(client(tmp_path, script))
    assert not (tmp_path / "out" / "json").exists()


async def test_at_the_deadline_it_is_killed_with_its_children(tmp_path: Path) -> None:
    script = f"{VERSION}sleep 600 &\necho $! > {tmp_path}/child\nwait"
    started = time.monotonic()
    assert "killed after 0.5 s" in await failure(client(tmp_path, script, seconds=0.5))
    assert time.monotonic() - started < 100
    child = int((tmp_path / "child").read_text())
    assert not await _lives(child)


async def test_a_cancelled_run_is_killed(tmp_path: Path) -> None:
    script = f"{VERSION}echo $$ > {tmp_path}/child\nexec sleep 600"
    run = asyncio.create_task(client(tmp_path, script, seconds=60).fetch())
    pid = await _written(tmp_path / "child")
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert not await _lives(pid)


async def test_one_cache_serves_one_run_at_a_time(tmp_path: Path) -> None:
    go_on = tmp_path / "go-on"
    slow = client(tmp_path, f"{VERSION}until [ -e {go_on} ]; do sleep 0.05; done\n{WRITE}")
    both = [asyncio.create_task(slow.fetch()) for _ in range(2)]
    (one,), (other,) = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    refused = await one
    assert isinstance(refused, NoExport)
    assert "another run" in refused.why
    go_on.touch()
    assert isinstance(await other, VrpExport)
    assert isinstance(await slow.fetch(), VrpExport)


async def test_a_missing_program_or_directory_is_no_export(tmp_path: Path) -> None:
    good = client(tmp_path, VERSION + WRITE)
    (tmp_path / "cache").rmdir()
    assert "No such file" in await failure(good)
    (tmp_path / "cache").mkdir()
    good.program.unlink()
    assert "cannot be run" in await failure(good)


async def test_only_the_end_of_what_it_says_is_kept(tmp_path: Path) -> None:
    script = f"{VERSION}yes complaint | head -c 1000000 >&2\necho the end >&2\nexit 1"
    why = await failure(client(tmp_path, script))
    assert why.endswith("the end")
    assert len(why) < 2500


async def test_it_gets_no_environment_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://user:secret@db/byoip")
    await client(tmp_path, f"{VERSION}{WRITE}env > {tmp_path}/env").fetch()
    assert "secret" not in (tmp_path / "env").read_text()


async def _lives(pid: int) -> bool:
    """Whether a process runs; one that waits for its parent to notice its end does not."""
    for _ in range(100):
        if _state(pid) in {None, "Z"}:
            return False
        await asyncio.sleep(0.01)
    return True


def _state(pid: int) -> str | None:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2]
    except (FileNotFoundError, ProcessLookupError):
        return None


async def _written(file: Path) -> int:
    for _ in range(500):
        if text := await asyncio.to_thread(lambda: file.read_text() if file.exists() else ""):
            return int(text)
        await asyncio.sleep(0.01)
    raise AssertionError(f"nothing appeared in {file}")
