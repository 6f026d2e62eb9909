"""Fresh databases for tests, on one embedded Postgres per test process."""

import importlib
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

TEMPLATE = "byoip_template"
_MEMORY = Path("/dev/shm")  # noqa: S108 - a random name below it, as mkdtemp makes
_ROOM = 2**31


def fast_place() -> Path | None:
    """Memory, if there is room: cloning a database takes 20 ms of processor time, on disk 70."""
    return _MEMORY if _MEMORY.exists() and shutil.disk_usage(_MEMORY).free > _ROOM else None


@contextmanager
def directory_open_to_all(below: Path | None = None) -> Iterator[Path]:
    """A temporary directory that Postgres' own account may enter; pytest's tmp_path is 0700."""
    directory = Path(tempfile.mkdtemp(prefix="byoip-", dir=below))
    directory.chmod(0o755)
    try:
        yield directory
    finally:
        shutil.rmtree(directory)


@contextmanager
def fresh_database(server_url: str, *, template: str = "template0") -> Iterator[str]:
    """Clone a database, yield its URL, drop it with whatever is still connected to it."""
    name = f"test_{secrets.token_hex(8)}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        create(connection, name, template)
        try:
            yield url_of(server_url, name)
        finally:
            statement = sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
            connection.execute(statement)


def hash_quickly(server_url: str) -> None:
    """Have the password hashed once and not 4,096 times: 5 ms of each connection (Postgres 16)."""
    with psycopg.connect(server_url, autocommit=True) as connection:
        if connection.info.server_version >= 16_00_00:
            connection.execute("SET scram_iterations = 1")
            password = sql.Literal(connection.info.password)
            connection.execute(sql.SQL("ALTER USER CURRENT_USER PASSWORD {}").format(password))


def make_template(server_url: str) -> str:
    """Migrate an empty database once; tests get clones of it. Returns its name."""
    with psycopg.connect(server_url, autocommit=True) as connection:
        create(connection, TEMPLATE, "template0")
    migrating = importlib.import_module("byoip.store.migrating")
    migrating.migrate(url_of(server_url, TEMPLATE), "sandbox")
    return TEMPLATE


def create(connection: psycopg.Connection, name: str, template: str) -> None:
    # In memory copying files is faster: 50 ms against 80. On disk it waits for them: 2 s, not 0.5.
    strategy = sql.SQL("file_copy" if fast_place() else "wal_log")
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY {}")
    names = (sql.Identifier(name), sql.Identifier(template))
    connection.execute(statement.format(*names, strategy))


def url_of(server_url: str, database: str) -> str:
    return f"{server_url.rpartition('/')[0]}/{database}"


def write_row(url: str, text: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS note (text text NOT NULL)")
        connection.execute("INSERT INTO note VALUES (%s)", [text])


def rows(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [text for (text,) in connection.execute("SELECT text FROM note ORDER BY text")]


def rows_after_writing(url: str, text: str) -> list[str]:
    write_row(url, text)
    return rows(url)
