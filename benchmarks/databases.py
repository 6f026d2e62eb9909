"""A Postgres for the benchmarks, fresh databases on it, and a count of what is asked of it."""

import re
import secrets
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from byoip.adapters.postgres.embedded import EmbeddedPostgres
from byoip.settings import Mode
from byoip.store.migrating import migrate

# With the prefix "database application|" that `statements` sets.
_STATEMENT = re.compile(r"^(\S*) ([^|]*)\|LOG:  (?:statement|execute [^:]*):\s+(\w+)", re.MULTILINE)
_ENDS = frozenset({"BEGIN", "COMMIT", "ROLLBACK"})


@dataclass(frozen=True, slots=True)
class Server:
    """A running Postgres.

    Attributes:
        directory: ours to put files into; Postgres' account may enter it.
    """

    url: str
    directory: Path

    @property
    def pid(self) -> int:
        """Of the process whose children serve connections."""
        (file,) = (self.directory / "postgres").rglob("postmaster.pid")
        return int(file.read_text().split()[0])

    @property
    def log(self) -> Path:
        """What the server logs."""
        return self.directory / "postgres" / "postgres.log"


@dataclass(frozen=True, slots=True)
class Asked:
    """How much was asked of a database.

    Attributes:
        statements: without those that begin and end transactions.
        transactions: explicit ones.
    """

    statements: int
    transactions: int


@contextmanager
def server(*, durable: bool) -> Iterator[Server]:
    """A server as `byoip up` starts it, which is one that is safe against power loss."""
    directory = Path(tempfile.mkdtemp(prefix="byoip-bench-"))
    directory.chmod(0o755)
    try:
        with EmbeddedPostgres(directory / "postgres", durable=durable) as postgres:
            yield Server(postgres.database_url, directory)
    finally:
        shutil.rmtree(directory)


@contextmanager
def database(on: Server, mode: Mode) -> Iterator[str]:
    """The URL of a migrated database that is dropped afterwards."""
    name = f"bench_{secrets.token_hex(4)}"
    with psycopg.connect(on.url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        url = f"{on.url.rpartition('/')[0]}/{name}"
        try:
            migrate(url, mode)
            yield url
        finally:
            dropping = sql.SQL("DROP DATABASE {} WITH (FORCE)")
            connection.execute(dropping.format(sql.Identifier(name)))


@contextmanager
def statements(on: Server, database_url: str) -> Iterator[list[Asked]]:
    """Count what is asked of a database within the block; the list has one element after it."""
    name = database_url.rpartition("/")[2]
    counted: list[Asked] = []
    with psycopg.connect(on.url, autocommit=True) as connection:
        _log_statements(connection, {"log_statement": "all", "log_line_prefix": "%d %a|"})
        start = on.log.stat().st_size
        try:
            yield counted
        finally:
            time.sleep(0.2)
            _log_statements(connection, {"log_statement": "none", "log_line_prefix": "%m [%p] "})
    said = on.log.read_bytes()[start:].decode(errors="replace")
    kinds = Counter(
        match[3].upper()
        for match in _STATEMENT.finditer(said)
        # Of byoip: this program asks as well, while it waits.
        if match[1] == name and match[2].startswith("byoip")
    )
    asked = sum(many for kind, many in kinds.items() if kind not in _ENDS)
    counted.append(Asked(asked, kinds["BEGIN"]))


def _log_statements(connection: psycopg.Connection, settings: dict[str, str]) -> None:
    for name, value in settings.items():
        setting = sql.SQL("ALTER SYSTEM SET {} = {}")
        connection.execute(setting.format(sql.Identifier(name), sql.Literal(value)))
    connection.execute("SELECT pg_reload_conf()")
    time.sleep(0.2)  # every backend reads it before its next statement
