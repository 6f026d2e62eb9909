"""Real programs as children of a test: started, awaited until they answer, always stopped."""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

_POLL_SECONDS = 0.02


class ProgramFailedError(AssertionError):
    """A program failed, or did not become ready in time; the message carries what it said."""


class Program:
    """One running program in its own process group; everything it prints goes to `log`."""

    def __init__(
        self,
        argv: Sequence[str | Path],
        *,
        log: Path,
        user: str | None = None,
        environment: Mapping[str, str] | None = None,
        stdin: int = subprocess.DEVNULL,
    ) -> None:
        self.log = log
        with log.open("ab") as sink:
            self.child = subprocess.Popen(
                # Should the tests be killed, the program goes with them.
                ["setpriv", "--pdeathsig", "KILL", "--", *(str(word) for word in argv)],
                stdin=stdin,
                stdout=sink,
                stderr=subprocess.STDOUT,
                cwd=log.parent,
                user=user,
                group=user and pwd.getpwnam(user).pw_gid,
                extra_groups=user and [],
                env=None if environment is None else {**os.environ, **environment},
                start_new_session=True,
            )

    def wait_until(self, ready: Callable[[], bool], *, seconds: float = 60) -> None:
        """Return once `ready()` holds; raise when the program ends before or time is up."""
        deadline = time.monotonic() + seconds
        while not ready():
            if self.child.poll() is not None:
                raise ProgramFailedError(
                    f"{self.child.args!r} ended with {self.child.returncode}\n{self.said()}"
                )
            if time.monotonic() > deadline:
                raise ProgramFailedError(
                    f"{self.child.args!r} not ready after {seconds} s\n{self.said()}"
                )
            time.sleep(_POLL_SECONDS)

    def runs(self) -> bool:
        """Whether it has not ended."""
        return self.child.poll() is None

    def said(self) -> str:
        """Everything the program printed so far."""
        return self.log.read_text(errors="replace")

    def suspend(self) -> None:
        """Freeze it: its sockets stay open and swallow what is sent, nothing ever answers."""
        os.killpg(self.child.pid, signal.SIGSTOP)
        # The last of its threads may run on for a moment after the signal was sent.
        os.waitid(os.P_PID, self.child.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def resume(self) -> None:
        """Undo `suspend`."""
        os.killpg(self.child.pid, signal.SIGCONT)

    def stop(self, how: signal.Signals = signal.SIGKILL) -> None:
        """End the program and all its children; a program asked politely gets 10 s."""
        if self.child.poll() is None:
            self._send(how)
            try:
                self.child.wait(10)
            except subprocess.TimeoutExpired:
                self._send(signal.SIGKILL)
                self.child.wait(10)
        self._send(signal.SIGKILL)

    def _send(self, what: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.child.pid, what)


def run(
    *argv: str | Path,
    user: str | None = None,
    environment: Mapping[str, str] | None = None,
    text: str | None = None,
    seconds: float = 60,
    good: Container[int] = (0,),
) -> str:
    """Run a program to its end and return its output; raise when its exit status is not good."""
    done = subprocess.run(
        [str(word) for word in argv],
        input=text,
        stdin=subprocess.DEVNULL if text is None else None,
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
        user=user,
        group=user and pwd.getpwnam(user).pw_gid,
        extra_groups=user and [],
        cwd="/",
        env=None if environment is None else {**os.environ, **environment},
    )
    if done.returncode not in good:
        raise ProgramFailedError(
            f"{argv!r} ended with {done.returncode}\n{done.stdout}{done.stderr}"
        )
    return done.stdout


def free_port(*addresses: str) -> int:
    """A port that is free now for UDP and TCP on all these addresses of this machine."""
    # Below the range from which the kernel takes ports for outgoing connections.
    for _ in range(100):
        port = 10_000 + secrets.randbelow(20_000)
        if all(_is_free(address, port) for address in addresses):
            return port
    raise AssertionError(f"no port is free on all of {addresses}")


def _is_free(address: str, port: int) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(type=kind) as probe:
            try:
                probe.bind((address, port))
            except OSError:
                return False
    return True


def accepts(address: str, port: int) -> bool:
    """Whether something accepts TCP connections there."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((address, port)) == 0


def user_if_root(name: str) -> str | None:
    """The user a program should run as: `name` for root, else the one running the tests."""
    return name if os.geteuid() == 0 else None


def hand_to(user: str | None, *trees: Path) -> None:
    """Give these directories and all in them to `user` (nothing to do for None)."""
    if user is None:
        return
    for tree in trees:
        for path in (tree, *tree.rglob("*")):
            shutil.chown(path, user, pwd.getpwnam(user).pw_gid)


@contextmanager
def workplace(name: str) -> Iterator[Path]:
    """A temporary directory that other users may enter, unlike pytest's own; removed at the end."""
    directory = Path(tempfile.mkdtemp(prefix=f"byoip-{name}-"))
    directory.chmod(0o755)
    try:
        yield directory
    finally:
        shutil.rmtree(directory)
