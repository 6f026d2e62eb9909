import asyncio
import os
import pwd
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from byoip.adapters.child_process import guarded, start_child, start_child_async
from tests.processes import alive, gone_within, python_script

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="the death signal is Linux' own")
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root may change user")

SYNCHRONOUS = """
import signal, sys, time
from byoip.adapters.child_process import start_child
number, *argv = sys.argv[1:]
print(start_child(argv, death_signal=signal.Signals(int(number))).pid, flush=True)
time.sleep(60)
"""
ASYNCHRONOUS = """
import asyncio, signal, sys
from byoip.adapters.child_process import start_child_async
number, *argv = sys.argv[1:]
async def main():
    child = await start_child_async(argv, death_signal=signal.Signals(int(number)))
    print(child.pid, flush=True)
    await child.wait()
asyncio.run(main())
"""
ON_UVLOOP = ASYNCHRONOUS.replace("asyncio.run(", "import uvloop; uvloop.run(")
FAREWELL = """
import pathlib, signal, sys
signal.signal(signal.SIGTERM, lambda *_: (pathlib.Path(sys.argv[1]).write_text("bye"), sys.exit()))
pathlib.Path(sys.argv[1]).write_text("ready")
signal.pause()
"""


def test_a_child_gets_its_arguments_untouched_by_any_shell() -> None:
    arguments = ["two words", "$HOME", ";", "*", "-x", "ü", ""]
    argv = [sys.executable, "-c", "import sys; print(sys.argv[1:])", *arguments]

    with start_child(argv, stdout=subprocess.PIPE) as child:
        said, _ = child.communicate()

    assert said.decode().strip() == str(arguments)
    assert child.returncode == 0


async def test_a_child_runs_under_the_event_loop() -> None:
    child = await start_child_async(["sh", "-c", "echo out; exit 3"], stdout=subprocess.PIPE)
    said, _ = await child.communicate()

    assert (said, child.returncode) == (b"out\n", 3)


def test_the_program_keeps_the_pid_of_the_child_and_leads_its_own_session() -> None:
    script = "import os; print(os.getpid(), os.getsid(0))"

    with start_child([sys.executable, "-c", script], stdout=subprocess.PIPE) as child:
        said, _ = child.communicate()

    assert said.split() == [str(child.pid).encode()] * 2


@linux_only
@pytest.mark.parametrize(
    "script", [SYNCHRONOUS, ASYNCHRONOUS, ON_UVLOOP], ids=["sync", "asyncio", "uvloop"]
)
def test_a_child_does_not_outlive_a_killed_parent(script: str) -> None:
    with python_script(script, str(int(signal.SIGKILL)), "sleep", "60") as (parent, line):
        assert alive(int(line))
        parent.kill()
        assert gone_within(30, [int(line)])


@linux_only
def test_the_child_receives_the_death_signal_it_was_promised(tmp_path: Path) -> None:
    note = tmp_path / "note"
    argv = [sys.executable, "-c", FAREWELL, str(note)]
    with python_script(SYNCHRONOUS, str(int(signal.SIGTERM)), *argv) as (parent, line):
        wait_for(note, "ready")
        parent.kill()
        assert gone_within(30, [int(line)])

    assert note.read_text() == "bye"


@linux_only
@root_only
def test_a_child_that_dropped_to_another_user_dies_with_its_parent_all_the_same() -> None:
    script = SYNCHRONOUS.replace("(argv, ", "(argv, user='nobody', ")
    with python_script(script, str(int(signal.SIGKILL)), "sleep", "60") as (parent, line):
        child = Path(f"/proc/{line}")
        give_up = time.monotonic() + 30
        while child.stat().st_uid == 0 and time.monotonic() < give_up:
            time.sleep(0.01)
        assert child.stat().st_uid == pwd.getpwnam("nobody").pw_uid
        parent.kill()
        assert gone_within(30, [int(line)])


@linux_only
@root_only
def test_a_child_with_a_user_keeps_nothing_of_root() -> None:
    argv = ["grep", "-E", "^(Uid|Gid|Groups):", "/proc/self/status"]
    nobody = pwd.getpwnam("nobody")

    with start_child(argv, user="nobody", stdout=subprocess.PIPE) as child:
        said, _ = child.communicate()

    # Real, effective, saved and file system ids; then no supplementary group at all.
    uids, gids = [str(nobody.pw_uid)] * 4, [str(nobody.pw_gid)] * 4
    assert said.decode().split() == ["Uid:", *uids, "Gid:", *gids, "Groups:"]


def test_a_program_whose_parent_is_already_gone_is_not_started(tmp_path: Path) -> None:
    argv = guarded(["touch", str(tmp_path / "started")])
    argv[argv.index(str(os.getpid()))] = "1"

    answer = subprocess.run(argv, capture_output=True, check=False)

    assert answer.returncode == 1
    assert b"the parent is gone" in answer.stderr
    assert not (tmp_path / "started").exists()


@pytest.mark.parametrize("program", ["no-such-program", "/nonexistent/program"])
def test_a_program_that_does_not_exist_is_refused_by_name(program: str) -> None:
    with pytest.raises(FileNotFoundError, match=program):
        start_child([program])


@root_only
def test_a_program_the_user_may_not_run_ends_with_status_1(tmp_path: Path) -> None:
    program = tmp_path / "program"  # pytest's directories are closed to others
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)

    with start_child([str(program)], user="nobody", stderr=subprocess.PIPE) as child:
        _, said = child.communicate()

    assert child.returncode == 1
    assert b"PermissionError" in said


async def test_no_child_is_started_from_another_thread() -> None:
    def off_main_thread() -> list[str]:
        assert threading.current_thread() is not threading.main_thread()
        return guarded(["true"])

    with pytest.raises(RuntimeError, match="main thread"):
        await asyncio.to_thread(off_main_thread)


def wait_for(path: Path, text: str) -> None:
    give_up = time.monotonic() + 30
    while not (path.exists() and path.read_text() == text):
        assert time.monotonic() < give_up, f"{path} never said {text}"
        time.sleep(0.02)
