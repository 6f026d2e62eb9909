"""What a command costs a processor: `byoip --help`, and one that asks the API."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.customers import add_customer, bring
from benchmarks.databases import Server, database
from benchmarks.figures import Figure, Tell
from benchmarks.processes import api

_BYOIP: Final = str(Path(sys.executable).with_name("byoip"))
_HELP_SECONDS: Final = 0.3
_ASKING_SECONDS: Final = 0.45


@dataclass(frozen=True, slots=True)
class _Sizes:
    """How often each is run, after one that compiles."""

    rounds: int = 11


def measure(on: Server, tell: Tell, *, quick: bool) -> None:
    """Run each in turn, and beside it what only starts Python and imports what it has to."""
    sizes = _Sizes(rounds=1) if quick else _Sizes()
    with database(on, "production") as url, api(url, on.directory) as ours:
        customer = add_customer(url)
        bring(ours.port, customer, ["20.0.0.0/24"])
        known = {
            "BYOIP_URL": f"http://127.0.0.1:{ours.port}",
            "BYOIP_TOKEN": customer.token,
            "XDG_CONFIG_HOME": str(on.directory),  # no profile of whoever runs this
        }
        tell(_figure("`byoip --help`", ["--help"], "typer", known, sizes, _HELP_SECONDS))
        asking = ["prefixes", "list"]
        told = _figure(
            "`byoip prefixes list`, over HTTP",
            asking,
            "typer, httpx",
            known,
            sizes,
            _ASKING_SECONDS,
        )
        tell(told)


def _figure(
    what: str,
    words: list[str],
    libraries: str,
    known: Mapping[str, str],
    sizes: _Sizes,
    goal: float,
) -> Figure:
    command = [_BYOIP, *words]
    bare = [sys.executable, "-c", f"import {libraries}"]
    rounds = [(_cpu(bare, known), _cpu(command, known)) for _ in range(sizes.rounds + 1)][1:]
    ceiling = median(one for one, _ in rounds)
    needed = median(one for _, one in rounds)
    return Figure(
        f"{what}: processor time",
        f"{needed:.2f} s",
        f"Python that imports {libraries}: {ceiling:.2f} s",
        f"{ceiling / needed:.0%}",
        f"{goal:g} s",
        needed <= goal,
    )


def _cpu(argv: list[str], known: Mapping[str, str]) -> float:
    """Seconds that it kept a core busy."""
    kept = {name: one for name, one in os.environ.items() if not name.startswith("BYOIP_")}
    environment = {name: one for name, one in kept.items() if name != "PYTHONDONTWRITEBYTECODE"}
    process = subprocess.Popen(  # noqa: S603 - our own command
        argv, env={**environment, **known}, stdout=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, argv)
    return used.ru_utime + used.ru_stime
