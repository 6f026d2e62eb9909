"""A real pgbouncer in front of a server."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from byoip.adapters.postgres.cluster import clean_environment
from tests.databases import directory_open_to_all
from tests.failover.pair import Server, account
from tests.processes import reserved_port
from tests.real.parts import program

_CONFIG = """
[databases]
* = host={host} port={port} user=byoip
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own}
auth_type = any
pool_mode = {mode}
unix_socket_dir =
logfile = {directory}/log
{more}
"""


@contextmanager
def pgbouncer_before(server: Server, mode: str, more: str = "") -> Iterator[str]:
    """The URL of the server's database `postgres` through it."""
    with reserved_port() as own, directory_open_to_all() as directory:
        directory.chmod(0o777)
        config = directory / "pgbouncer.ini"
        text = _CONFIG.format(
            host=server.plug.host,
            port=server.plug.port,
            own=own,
            mode=mode,
            directory=directory,
            more=more,
        )
        config.write_text(text)
        who = ["-u", name] if (name := account()) else []
        argv = [str(program("pgbouncer")), "-q", *who, str(config)]
        process = subprocess.Popen(argv, env=clean_environment(), cwd="/")
        try:
            _answers(own, directory / "log")
            yield f"postgresql://byoip@127.0.0.1:{own}/postgres"
        finally:
            process.kill()
            process.wait()


def _answers(port: int, log: Path) -> None:
    give_up = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(f"postgresql://byoip@127.0.0.1:{port}/postgres").close()
        except psycopg.OperationalError:
            assert time.monotonic() < give_up, log.read_text() if log.exists() else "no log"
            time.sleep(0.05)
        else:
            return
