"""A real IRR server: IRRd 4.5.4 with its redis and a Postgres cluster of its own, on loopback.

It answers whois in both dialects: IRRd's own (`!` queries) and the RIPE-style flags it has.
"""

import signal
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.real import parts, processes

ADDRESS = "127.0.0.1"
SOURCES = ("AFRINIC", "APNIC", "ARIN", "LACNIC", "RIPE", "RIPE-NONAUTH", "RADB")

# roa_source null: it would fetch a list from the Internet. Sources that are not authoritative and
# are mirrored from nowhere take whole files.
_CONFIG = """
irrd:
    database_url: 'postgresql://irrd@{address}:{postgres}/irrd'
    redis_url: 'unix://{directory}/redis.sock'
    piddir: {directory}
    server:
        whois:
            interface: {address}
            port: {whois}
            max_connections: 8
        http:
            interface: {address}
            port: {http}
            url: 'http://{address}:{http}/'
            workers: 1
    auth:
        gnupg_keyring: {directory}
    email:
        from: irrd@example.net
        smtp: {address}
    rpki:
        roa_source: null
    log:
        level: INFO
    sources:
{sources}
"""
_SOURCE = """
        {name}:
            authoritative: false
            keep_journal: false
"""
# As root IRRd starts without a user of its own only where it believes to be tested.
_ENVIRONMENT = {"CI": "1"}


class IrrdServer:
    """One IRRd that answers whois on `address`, `port` for `SOURCES`."""

    def __init__(self, directory: Path, *, postgres: int) -> None:
        self.address = ADDRESS
        self.port = processes.free_port(ADDRESS)
        self._directory = directory
        self._config = directory / "irrd.yaml"
        self._config.write_text(
            _CONFIG.format(
                directory=directory,
                address=ADDRESS,
                postgres=postgres,
                whois=self.port,
                http=processes.free_port(ADDRESS),
                sources="".join(_SOURCE.format(name=name) for name in SOURCES),
            )
        )
        self._tool("irrd_database_upgrade")
        self._program = processes.Program(
            [parts.IRRD / "irrd", "--foreground", f"--config={self._config}"],
            log=directory / "irrd.log",
            environment=_ENVIRONMENT,
        )

    def wait(self) -> None:
        """Return once whois connections are accepted."""
        self._program.wait_until(lambda: processes.accepts(ADDRESS, self.port), seconds=60)

    def load(self, source: str, rpsl: str) -> None:
        """Replace everything a source holds by these objects; takes about two seconds.

        An object that IRRd finds invalid raises, with its reason.
        """
        path = self._directory / "objects.rpsl"
        path.write_text(rpsl)
        self._tool("irrd_load_database", "--source", source, path)

    def stop(self) -> None:
        """End it and all its processes."""
        self._program.stop(signal.SIGTERM)

    def _tool(self, name: str, *words: str | Path) -> None:
        command = (parts.IRRD / name, f"--config={self._config}", *words)
        processes.run(*command, environment=_ENVIRONMENT)


@contextmanager
def irrd_server() -> Iterator[IrrdServer]:
    """Run IRRd with all it needs until the block ends; ready after some six seconds."""
    with (
        processes.workplace("irrd") as directory,
        _redis(directory),
        postgres_cluster(directory / "postgres", databases=["irrd"]) as postgres,
        ExitStack() as running,
    ):
        server = IrrdServer(directory, postgres=postgres)
        running.callback(server.stop)
        server.wait()
        yield server


@contextmanager
def _redis(directory: Path) -> Iterator[None]:
    socket = directory / "redis.sock"
    words = ("--port", "0", "--unixsocket", socket, "--save", "", "--dir", directory)
    program = processes.Program(
        [parts.program("redis-server"), *words], log=directory / "redis.log"
    )
    try:
        program.wait_until(socket.exists)
        yield
    finally:
        program.stop()


@contextmanager
def postgres_cluster(directory: Path, *, databases: Sequence[str]) -> Iterator[int]:
    """Run Debian's Postgres on a port of 127.0.0.1, with pgcrypto in every database.

    Each database belongs to a superuser of its own name who needs no password.
    """
    programs = parts.postgres_programs()
    user = processes.user_if_root("postgres")
    data = directory / "data"
    data.mkdir(parents=True)
    processes.hand_to(user, directory)
    initdb = (programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust")
    processes.run(*initdb, "-E", "UTF8", "--locale=C", "--no-sync", user=user)
    port = processes.free_port(ADDRESS)
    settings = ("-p", str(port), "-c", f"listen_addresses={ADDRESS}", "-k", directory, "-F")
    server = processes.Program(
        [programs / "postgres", "-D", data, *settings], log=directory / "log", user=user
    )
    ready = data / "postmaster.pid"
    try:
        server.wait_until(lambda: ready.exists() and "ready" in ready.read_text())
        for name in databases:
            _create_database(programs / "psql", port, name)
        yield port
    finally:
        server.stop(signal.SIGINT)


def _create_database(psql: Path, port: int, name: str) -> None:
    command = (
        psql,
        "-h",
        ADDRESS,
        "-p",
        str(port),
        "-U",
        "postgres",
        "-q",
        "-v",
        "ON_ERROR_STOP=1",
    )
    processes.run(*command, text=f"CREATE ROLE {name} SUPERUSER LOGIN")
    processes.run(*command, text=f"CREATE DATABASE {name} OWNER {name}")
    processes.run(*command, "-d", name, text="CREATE EXTENSION pgcrypto")
