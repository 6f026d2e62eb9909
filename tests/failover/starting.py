"""A server with other settings, and processes that are started on it."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from typer.testing import CliRunner

from byoip.cli.commands import app
from tests.end_to_end.running import BYOIP, environment
from tests.failover.pair import Server


@contextmanager
def set_to(server: Server, **settings: str) -> Iterator[None]:
    """The server with these settings, then as before."""
    for said in (settings, {}):
        server.stop()
        server.settings = dict(said)
        server.start()
        if said:
            yield


def known(server: Server, **more: str) -> Mapping[str, str]:
    url = server.url(more.pop("database", "postgres"))
    given = {"DATABASE_URL": url, "BYOIP_ORIGIN_ASNS": "64500", "COLUMNS": "400"}
    return environment(**{**given, **more})


def ended(server: Server, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """A process that ends by itself."""
    argv, env = [str(BYOIP), *words], known(server, **more)
    return subprocess.run(argv, env=env, capture_output=True, text=True, check=False, timeout=120)


def checked(server: Server, **more: str) -> list[str]:
    """What `config check` says of the server."""
    done = CliRunner().invoke(app, ["config", "check"], env=known(server, **more))
    found = [line for line in done.stdout.splitlines() if line.startswith("database: ")]
    assert "has revision" in found[0], done.output
    return [line.removeprefix("database: ") for line in found[1:]]


@contextmanager
def serving(server: Server, log: Path, *words: str, **more: str) -> Iterator[None]:
    """A process that must outlive the block; its log is written to the file."""
    with (
        log.open("wb") as out,
        subprocess.Popen([BYOIP, *words], env=known(server, **more), stderr=out) as process,
    ):
        try:
            yield
            assert process.poll() is None, log.read_text()
        finally:
            process.kill()
