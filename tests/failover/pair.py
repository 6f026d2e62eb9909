"""A real primary with a streaming standby, each in a network of its own where root allows.

Where not, both listen on loopback: then a server can be frozen, and not be cut off.
"""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from byoip.adapters.postgres.binaries import find_installation, readable_by_everyone
from byoip.adapters.postgres.cluster import clean_environment
from tests.databases import directory_open_to_all, fast_place
from tests.failover.lan import Lan, Plug
from tests.processes import children_of, gone_within

_START_SECONDS = 60
_SETTINGS = {
    "unix_socket_directories": "",
    "wal_level": "replica",
    "hot_standby": "on",
    "max_connections": "100",
    "shared_buffers": "16MB",
}


def account() -> str | None:
    """Who runs Postgres, which refuses root."""
    names = {one.pw_name for one in pwd.getpwall()}
    return None if os.geteuid() else "postgres" if "postgres" in names else "nobody"


@dataclass
class Server:
    """One Postgres server; `plug` is its end of the network."""

    programs: Path
    data: Path
    plug: Plug
    process: subprocess.Popen[bytes] | None = None
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """Host and port, as in a URL."""
        return f"{self.plug.host}:{self.plug.port}"

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://byoip@{self.place}/{database}"

    def run(self, name: str, *arguments: str) -> None:
        """Run one of Postgres' programs as its account, to the end."""
        argv = self._as_account([str(self.programs / name), *arguments])
        subprocess.run(argv, check=True, env=clean_environment(), cwd="/", capture_output=True)

    def start(self) -> None:
        argv = [str(self.programs / "postgres"), "-D", str(self.data)]
        told = _SETTINGS | {"listen_addresses": self.plug.host, "port": str(self.plug.port)}
        for name, value in (told | self.settings).items():
            argv += ["-c", f"{name}={value}"]
        with self.data.with_suffix(".log").open("ab") as log:
            self.process = subprocess.Popen(
                self._as_account(argv), env=clean_environment(), cwd="/", stdout=log, stderr=log
            )
        give_up = time.monotonic() + _START_SECONDS
        while not self.answers():
            assert time.monotonic() < give_up, self.data.with_suffix(".log").read_text()
            time.sleep(0.05)

    def answers(self) -> bool:
        try:
            psycopg.connect(self.url(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def promote(self) -> None:
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute("SELECT pg_promote()")

    def freeze(self) -> None:
        """Stop all its processes where they are; the kernel still takes what is sent to them."""
        self._send(signal.SIGSTOP)

    def thaw(self) -> None:
        self._send(signal.SIGCONT)

    def stop(self) -> None:
        """End it in order."""
        self.run("pg_ctl", "stop", "-D", str(self.data), "-m", "fast", "-w")
        if self.process:
            self.process.wait()
        self.process = None

    def kill(self) -> None:
        """End all its processes at once; none is left that has the shared memory attached."""
        children = self._send(signal.SIGKILL)
        if self.process:
            self.process.wait()
        self.process = None
        assert gone_within(_START_SECONDS, children)

    def _send(self, number: signal.Signals) -> list[int]:
        """Send it to all its processes; give back those below the postmaster."""
        if self.process is None or self.process.poll() is not None:
            return []
        self.process.send_signal(signal.SIGSTOP)  # no more children from here on
        children = children_of(self.process.pid)
        for pid in children:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        self.process.send_signal(number)
        return children

    def _as_account(self, argv: Sequence[str]) -> list[str]:
        who = account()
        drop = ["setpriv", "--reuid", who, "--regid", str(pwd.getpwnam(who).pw_gid)] if who else []
        return [*self.plug.enter, *drop, *(["--clear-groups"] if who else []), *argv]


@dataclass
class Pair:
    """A primary and its standby; `url` names both."""

    primary: Server
    standby: Server
    can_be_silent: bool

    def url(self, database: str) -> str:
        return f"postgresql://byoip@{self.primary.place},{self.standby.place}/{database}"

    def caught_up(self) -> None:
        """Wait until the standby has all that is committed."""
        with psycopg.connect(self.primary.url(), autocommit=True) as connection:
            give_up = time.monotonic() + _START_SECONDS
            asked = "SELECT count(*) FROM pg_stat_replication WHERE replay_lsn >= %s::pg_lsn"
            (written,) = connection.execute("SELECT pg_current_wal_lsn()").fetchone() or (None,)
            while (connection.execute(asked, [written]).fetchone() or (0,))[0] == 0:
                assert time.monotonic() < give_up
                time.sleep(0.02)

    def cut_standby_off(self) -> None:
        """It hears nothing more of what is written."""
        with psycopg.connect(self.standby.url(), autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET primary_conninfo = ''")
            connection.execute("SELECT pg_reload_conf()")
            give_up = time.monotonic() + _START_SECONDS
            while connection.execute("SELECT FROM pg_stat_wal_receiver").fetchall():
                assert time.monotonic() < give_up
                time.sleep(0.05)


@contextmanager
def pair_of(major: int | None = None) -> Iterator[Pair]:
    """Two servers of this version; of the wheel's, or the first found, where none is named."""
    with ExitStack() as stack:
        directory = stack.enter_context(directory_open_to_all(fast_place()))
        if who := account():
            shutil.chown(directory, who)
        lan = stack.enter_context(Lan.made())
        primary, standby = (_server(directory, name, lan, major) for name in ("primary", "standby"))
        stack.callback(standby.kill)
        stack.callback(primary.kill)
        _create(primary)
        source = f"postgresql://byoip@{primary.place}/"
        standby.run("pg_basebackup", "-D", str(standby.data), "-d", source, "-R", "-c", "fast")
        standby.start()
        yield Pair(primary, standby, lan.separate)


@contextmanager
def one_server(below: Path | None = None) -> Iterator[Server]:
    """One server on loopback, of the wheel's version or the first found; its files below this."""
    with ExitStack() as stack:
        directory = stack.enter_context(directory_open_to_all(below or fast_place()))
        if who := account():
            shutil.chown(directory, who)
        server = _server(directory, "one", Lan(separate=False), None)
        stack.callback(server.kill)
        _create(server)
        yield server


def _server(directory: Path, name: str, lan: Lan, major: int | None) -> Server:
    found = readable_by_everyone(find_installation(major=major), Path("/var/cache/byoip"))
    return Server(found.directory, directory / name, lan.plug())


def _create(server: Server) -> None:
    server.run("initdb", "-D", str(server.data), "-U", "byoip", "-A", "trust", "-E", "UTF8")
    with (server.data / "pg_hba.conf").open("a") as rules:
        rules.write("host all all all trust\nhost replication all all trust\n")
    server.start()


@contextmanager
def database_on(pair: Pair, name: str = "byoip") -> Iterator[str]:
    """An empty database on the pair, and its URL."""
    with psycopg.connect(pair.primary.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield pair.url(name)


def report(line: str) -> None:
    """Show a measured time with `pytest -s`; times never fail a test."""
    sys.stderr.write(f"\n{line}\n")
