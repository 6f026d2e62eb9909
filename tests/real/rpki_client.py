"""rpki-client itself, run over a prepared cache, and an rsync server that it can fetch from."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.real import parts, processes
from tests.real.rpki_repository import PublishedRpki

ADDRESS = "127.0.0.1"
USER = "_rpki-client"
_RSYNCD = """
address = {address}
port = {port}
use chroot = no
[repo]
path = {module}
read only = yes
"""


def hand_over(*directories: Path) -> None:
    """Let rpki-client read and write here: started by root it becomes a user of its own."""
    processes.hand_to(processes.user_if_root(USER), *directories)


def validate(*published: PublishedRpki, out: Path, at: datetime | None = None) -> dict[str, Any]:
    """What rpki-client writes (its file `json`) about repositories that share one cache."""
    out.mkdir(exist_ok=True)
    cache = published[0].cache
    hand_over(cache, out)
    tals = [word for one in published for word in ("-t", one.tal)]
    when = ["-P", str(int(at.timestamp()))] if at else []
    words = ("-n", "-j", "-S", "/dev/null", "-d", cache)
    processes.run(parts.program("rpki-client"), *words, *tals, *when, out)
    answer: dict[str, Any] = json.loads((out / "json").read_text())
    return answer


@dataclass(frozen=True, slots=True)
class RsyncServer:
    """An rsync daemon that serves what `RpkiRepository(host=host).publish(directory)` wrote."""

    host: str
    directory: Path


@contextmanager
def rsync_server() -> Iterator[RsyncServer]:
    """Run the daemon until the block ends."""
    port = processes.free_port(ADDRESS)
    with processes.workplace("rsync") as directory:
        served = RsyncServer(f"localhost:{port}", directory)
        module = directory / "cache" / served.host / "repo"
        config = directory / "rsyncd.conf"
        config.write_text(_RSYNCD.format(address=ADDRESS, port=port, module=module))
        daemon = processes.Program(
            [parts.program("rsync"), "--daemon", "--no-detach", f"--config={config}"],
            log=directory / "log",
        )
        try:
            daemon.wait_until(lambda: processes.accepts(ADDRESS, port))
            yield served
        finally:
            daemon.stop(signal.SIGTERM)
