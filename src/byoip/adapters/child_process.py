"""Children that do not outlive us, not even after `kill -9` (Linux; elsewhere clean stops only)."""

import asyncio
import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from byoip.adapters import child_exec

Output = int | IO[bytes] | None


def guarded(
    argv: Sequence[str], *, user: str | None = None, death_signal: signal.Signals = signal.SIGKILL
) -> list[str]:
    """Wrap an argument list so that the program dies with this process.

    Start the result at once, from this thread. The program keeps the pid of the child started,
    leads a session of its own and runs as `user` (which needs root). Its own children are its own
    affair.

    Raises:
        FileNotFoundError: there is no such program on the PATH.
        RuntimeError: not called from the main thread. Linux sends the death signal when the
            *thread* that started the child ends (prctl(2)), and only the main one is sure to last.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("children are started from the main thread: they die with their thread")
    program = shutil.which(argv[0])
    if program is None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), argv[0])
    helper = str(Path(child_exec.__file__).resolve())
    python = [sys.executable, "-I", "-S", helper]
    terms = [str(os.getpid()), str(int(death_signal)), user or "-"]
    return [*python, *terms, str(Path(program).absolute()), *argv[1:]]


def start_child(
    argv: Sequence[str],
    *,
    user: str | None = None,
    death_signal: signal.Signals = signal.SIGKILL,
    env: Mapping[str, str] | None = None,
    stdout: Output = None,
    stderr: Output = None,
    cwd: Path | None = None,
    pass_fds: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a guarded child; see `guarded`. What `user` may not run ends with status 1."""
    return subprocess.Popen(  # noqa: S603 - an argument list, no shell
        guarded(argv, user=user, death_signal=death_signal),
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        env=env,
        cwd=cwd,
        pass_fds=pass_fds,
    )


async def start_child_async(
    argv: Sequence[str],
    *,
    user: str | None = None,
    death_signal: signal.Signals = signal.SIGKILL,
    env: Mapping[str, str] | None = None,
    stdout: Output = None,
    stderr: Output = None,
) -> asyncio.subprocess.Process:
    """Start a guarded child under the event loop, which must run in the main thread."""
    return await asyncio.create_subprocess_exec(
        *guarded(argv, user=user, death_signal=death_signal),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        env=env,
    )
