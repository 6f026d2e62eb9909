"""The files of an embedded Postgres: who owns them, who may open them, how they come to be."""

import fcntl
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from byoip.adapters.child_process import start_child
from byoip.adapters.postgres.binaries import EmbeddedPostgresError, Installation

SUPERUSER = "byoip"
LOCK_PATIENCE_SECONDS = 3.0
INITDB_DEADLINE_SECONDS = 120.0
PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "TMPDIR")  # some Pythons need the second to start


@dataclass(frozen=True, slots=True)
class ClusterFiles:
    """The places inside one data directory."""

    data_dir: Path

    @property
    def cluster(self) -> Path:
        """Postgres' own data directory; it exists only when complete."""
        return self.data_dir / "cluster"

    @property
    def password(self) -> Path:
        """The superuser's password, mode 0600, owned by the account that runs Postgres."""
        return self.data_dir / "password"

    @property
    def log(self) -> Path:
        """What Postgres says; the one before is kept beside it as `postgres.log.1`."""
        return self.data_dir / "postgres.log"

    @property
    def lock(self) -> Path:
        """Locked while a supervisor, a postmaster or any of its children lives."""
        return self.data_dir / "lock"

    @property
    def port(self) -> Path:
        """The port used last, tried first next time."""
        return self.data_dir / "port"

    def major(self) -> int | None:
        """The Postgres version that made the cluster; None when there is none yet."""
        try:
            return int((self.cluster / "PG_VERSION").read_text())
        except FileNotFoundError:
            return None

    def status(self) -> list[str]:
        """What the postmaster notes about itself; empty when none runs and none has crashed.

        The lines: pid, directory, start time, port, socket directory, address, shared memory,
        status (`ready`, padded with blanks; AddToDataDirLockFile in miscinit.c).
        """
        try:
            text = (self.cluster / "postmaster.pid").read_text()
        except FileNotFoundError:
            return []
        return [line.strip() for line in text.splitlines()]


def clean_environment() -> dict[str, str]:
    """No PG* variable and no locale of the caller reaches the server, and none of its secrets."""
    return {"LC_ALL": "C"} | {name: os.environ[name] for name in PASSED_ON if name in os.environ}


def server_account(files: ClusterFiles) -> str | None:
    """Name the account Postgres runs as: ours (None), unless we are root, which Postgres refuses.

    An existing cluster decides: its owner stays, though a `postgres` account may have come since.
    """
    if os.geteuid() != 0:
        return None
    if files.cluster.exists():
        return pwd.getpwuid(files.cluster.stat().st_uid).pw_name
    names = {account.pw_name for account in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def make_data_dir(data_dir: Path, account: str | None) -> None:
    """Make the directory and its missing parents; modes of existing ones are never changed.

    Raises:
        EmbeddedPostgresError: the account cannot reach it (a 0700 home above it, for example).
    """
    missing = [path for path in [data_dir, *data_dir.parents] if not path.exists()]
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        path.chmod(0o755 if account else 0o700)
    if account is None:
        return
    for path in [data_dir, *data_dir.parents]:
        if not may_enter(path, account):
            raise EmbeddedPostgresError(
                f"Started as root, Postgres runs as `{account}`, who may not enter {path}. Choose "
                "another data directory, or start byoip as an ordinary user."
            )


def may_enter(directory: Path, account: str) -> bool:
    """Whether the account may pass through the directory, by its mode (ACLs are not read)."""
    entry, status = pwd.getpwnam(account), directory.stat()
    if status.st_uid == entry.pw_uid:
        return bool(status.st_mode & 0o100)
    return bool(status.st_mode & (0o010 if status.st_gid == entry.pw_gid else 0o001))


def take_lock(files: ClusterFiles) -> int:
    """Lock the data directory and return the descriptor that holds the lock.

    Postgres inherits the descriptor, so that holding the lock means: no process of an earlier
    server lives. One that was just killed gets a few seconds to vanish; zombies hold no lock.
    """
    descriptor = os.open(files.lock, os.O_RDWR | os.O_CREAT, 0o600)
    give_up = time.monotonic() + LOCK_PATIENCE_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() < give_up:
                time.sleep(0.05)
                continue
            holder = os.pread(descriptor, 20, 0).decode(errors="replace")
            os.close(descriptor)
            postmaster = "".join(files.status()[:1]) or "not up yet"
            users = f"byoip process {holder} (its Postgres: {postmaster})"
            raise EmbeddedPostgresError(
                f"{files.data_dir} is in use by {users}. Stop that first, or choose another data "
                "directory."
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        return descriptor


def create_cluster(
    files: ClusterFiles,
    installation: Installation,
    *,
    account: str | None,
    lock: int,
    durable: bool,
) -> None:
    """Run initdb beside the final place and move the result: a half made one never counts."""
    staging = files.data_dir / "cluster.unfinished"
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(mode=0o700)
    write_password(files.password)
    if account is not None:
        entry = pwd.getpwnam(account)
        os.chown(staging, entry.pw_uid, entry.pw_gid)
        os.chown(files.password, entry.pw_uid, entry.pw_gid)
    options = [f"--pgdata={staging}", f"--username={SUPERUSER}", f"--pwfile={files.password}"]
    options += ["--auth=scram-sha-256", "--encoding=UTF8", "--no-instructions"]
    options += locale_options(installation) + ([] if durable else ["--no-sync"])
    initdb = [installation.program("initdb"), *options]
    with start_child(
        initdb,
        user=account,
        death_signal=signal.SIGTERM,  # it then removes what it made
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=staging,
        pass_fds=[lock],
    ) as process:
        said = what_it_says(process)
    if process.returncode != 0:
        raise EmbeddedPostgresError(f"initdb could not make {files.cluster}:\n{said}")
    staging.rename(files.cluster)


def what_it_says(process: subprocess.Popen[bytes]) -> str:
    """Collect the output of a program until it ends; it is killed after its deadline."""
    try:
        said, _ = process.communicate(timeout=INITDB_DEADLINE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        said, _ = process.communicate()
    return said.decode(errors="replace")[-2000:]


def locale_options(installation: Installation) -> list[str]:
    """Sort by code point and know letters beyond ASCII, independent of the machine's locales."""
    if installation.major >= 17:  # noqa: PLR2004 - the first release with the builtin provider
        return ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return ["--locale=C.UTF-8" if sys.platform == "linux" else "--locale=C"]


def write_password(path: Path) -> None:
    """Make a new random password that only its owner can read, and have it on disk."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_urlsafe(32))
        file.flush()
        os.fsync(file.fileno())
