"""What the tests need to know about processes, from Linux' /proc."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36  # <linux/prctl.h>


def alive(pid: int) -> bool:
    """Whether the process runs; a zombie, which its parent has not reaped, does not."""
    return state(pid) not in {"", "Z", "X"}


def state(pid: int) -> str:
    """The state letter of proc(5); empty when there is no such process."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return fields[0]


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def gone_within(seconds: float, pids: Iterable[int]) -> bool:
    """Wait until none of the processes runs."""
    give_up = time.monotonic() + seconds
    left = list(pids)
    while left := [pid for pid in left if alive(pid)]:
        if time.monotonic() > give_up:
            return False
        time.sleep(0.02)
    return True


@contextmanager
def orphans_stay_zombies() -> Iterator[None]:
    """Make this process the adopter of orphans, and a bad one: a PID 1 that does not reap."""
    libc = ctypes.CDLL(None)
    assert libc.prctl(PR_SET_CHILD_SUBREAPER, 1) == 0
    before = set(children_of(os.getpid()))
    try:
        yield
    finally:
        libc.prctl(PR_SET_CHILD_SUBREAPER, 0)
        for orphan in set(children_of(os.getpid())) - before:
            if state(orphan) == "Z":
                os.waitpid(orphan, 0)


@contextmanager
def reserved_port() -> Iterator[int]:
    """A port that the kernel gives to no other; a server that reuses addresses can listen on it."""
    with socket.socket() as kept:
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        kept.bind(("127.0.0.1", 0))
        yield int(kept.getsockname()[1])


@contextmanager
def python_script(script: str, *arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Run a script in a Python of its own; yield it with the first line it prints."""
    argv = [sys.executable, "-c", script, *arguments]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().decode().strip()
        finally:
            process.send_signal(signal.SIGKILL)
