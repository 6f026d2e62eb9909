"""byoip's own programs, and ours, as processes that end with the block that started them."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from byoip.adapters.child_process import start_child
from byoip.cli.ready import Ready

_BYOIP = str(Path(sys.executable).with_name("byoip"))
_PATIENCE_SECONDS = 30.0


# The settings of the shell; and Python shall keep what it has compiled of byoip.
_NOT_KNOWN = ("BYOIP_", "PYTHONDONTWRITEBYTECODE")
# Requests are counted, and no limit is ever reached.
_UNLIMITED = {
    "BYOIP_REQUESTS_PER_CREDENTIAL": str(10**9),
    "BYOIP_REQUESTS_PER_ACCOUNT": str(10**9),
    "BYOIP_VALIDATIONS_PER_ACCOUNT": "0",
    "BYOIP_VALIDATIONS_PER_PREFIX": "0",
}


class NotStarted(Exception):  # noqa: N818 - reads as what happened
    """A program ended, or did not begin to listen in time; its last words are noted."""


@dataclass(frozen=True, slots=True)
class Listening:
    """A server on loopback."""

    port: int
    pid: int


@contextmanager
def program(
    argv: Sequence[str], directory: Path, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run it; what it says is kept in the directory."""
    known = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_KNOWN)}
    with (directory / "said.log").open("ab") as said:
        process = start_child(
            argv, env=known | dict(environment or {}), stdout=subprocess.PIPE, stderr=said
        )
        try:
            yield process
        except NotStarted as fault:
            fault.add_note((directory / "said.log").read_text()[-2000:])
            raise
        finally:
            process.terminate()
            process.communicate(timeout=_PATIENCE_SECONDS)


@contextmanager
def byoip(
    command: Sequence[str], directory: Path, environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command of byoip's."""
    with program([_BYOIP, *command], directory, environment) as process:
        yield process


@contextmanager
def ours(
    module: str, arguments: Sequence[str], directory: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a module of the benchmarks."""
    argv = [sys.executable, "-m", f"benchmarks.{module}", *arguments]
    with program(argv, directory) as process:
        yield process


@contextmanager
def api(database_url: str, directory: Path) -> Iterator[Listening]:
    """`byoip api`."""
    port = free_port()
    settings = {"DATABASE_URL": database_url, "BYOIP_ORIGIN_ASNS": "64500", **_UNLIMITED}
    with byoip(["api", "--port", str(port)], directory, settings) as process:
        _wait_for(port, process)
        yield Listening(port, process.pid)


@contextmanager
def bare(database_url: str, directory: Path) -> Iterator[Listening]:
    """The bare program beside it."""
    port = free_port()
    with ours("bare", [str(port), database_url], directory) as process:
        _wait_for(port, process)
        yield Listening(port, process.pid)


@contextmanager
def sandbox(database_url: str, directory: Path) -> Iterator[Ready]:
    """`byoip up --sandbox` around a database."""
    ready = directory / "ready.json"
    command = ["up", "--sandbox", "--bootstrap", "--port", "0"]
    command += ["--data-dir", str(directory / "up"), "--ready-file", str(ready)]
    with byoip(command, directory, {"DATABASE_URL": database_url, **_UNLIMITED}) as process:
        give_up = time.monotonic() + _PATIENCE_SECONDS
        while not ready.exists():
            _still(process, give_up)
        yield Ready(**json.loads(ready.read_text()))


def first_line(process: subprocess.Popen[bytes]) -> bytes:
    """What the program says once it is ready."""
    assert process.stdout
    line = process.stdout.readline()
    if not line:
        raise NotStarted
    return bytes(line)


def cpu_seconds(pid: int) -> float:
    """How long a process has kept a core busy so far (proc(5))."""
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def tree_cpu_seconds(pid: int) -> float:
    """The same of a process with its children, those that have ended among them."""
    of_ended = sum(map(int, _stat(pid)[13:15])) / os.sysconf("SC_CLK_TCK")
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return cpu_seconds(pid) + of_ended + sum(map(until_now, map(int, children)))


def until_now(pid: int) -> float:
    """The same of one that may just have ended: 0 then."""
    try:
        return cpu_seconds(pid)
    except OSError:
        return 0.0  # it has just ended


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def free_port() -> int:
    """A port on loopback that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until the program listens."""
    give_up = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port)):
                return
        except ConnectionRefusedError:
            _still(process, give_up)


def _still(process: subprocess.Popen[bytes], give_up: float) -> None:
    if process.poll() is not None or time.monotonic() > give_up:
        raise NotStarted
    time.sleep(0.02)
