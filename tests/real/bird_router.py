"""A router that listens: BIRD 2 on loopback, which writes down every change of a route."""

import re
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from byoip.domain.prefix import Prefix
from tests.real import parts, processes

_CONFIG = """
log "{directory}/changes.log" {{ trace }};
log stderr {{ info, warning, error, fatal, bug }};
timeformat log iso long us;
timeformat route iso long ms;
router id {address};
debug protocols {{ routes, states, events }};
protocol device {{ }}
"""

_SPEAKER = """
protocol bgp {name} {{
  local {address} port {port} as {asn};
  neighbor {speaker} port {speaker_port} as {speaker_asn};
  multihop;
  strict bind yes;
  hold time 9;
  connect delay time 1;
  connect retry time 1;
  error wait time 1, 1;
  graceful restart {graceful};
  ipv4 {{ import {imports}; export none; }};
  ipv6 {{ import {imports}; export none; }};
}}
"""

# 2026-11-25 13:26:14.648421 <TRACE> one.ipv4 > added [best] 198.51.100.0/24 0L 3G unreachable
_CHANGE = re.compile(r"(\S+ \S+) <TRACE> (\w+)\.ipv[46] > (\w+) (?:\[\w*\] )?(\S+) .*")


@dataclass(frozen=True)
class Feed:
    """A speaker that the router connects to, and what its sessions bear."""

    name: str
    address: str
    port: int
    asn: int
    graceful: bool = False


@dataclass(frozen=True)
class Change:
    """What a route from one speaker did, in BIRD's words.

    Attributes:
        what: `added` (also in place of another one), `removed` (withdrawn, or its session lost),
            `ignored` (the same came again).
    """

    at: datetime
    speaker: str
    what: str
    prefix: Prefix


class BirdRouter:
    """One BIRD, which asks every speaker for its routes and announces none; see `control`."""

    def __init__(
        self, directory: Path, *, address: str, asn: int, speakers: Sequence[Feed], imports: str
    ) -> None:
        """Take what it accepts as BIRD writes it, after `import`."""
        self.address = address
        self.asn = asn
        self.control = directory / "bird.ctl"
        self._speakers = speakers
        self._imports = imports
        self._directory = directory
        self._port = processes.free_port(address)
        (directory / "bird.conf").write_text(self._config())
        self._program = self._started()

    @property
    def pid(self) -> int:
        """Of its process, as it runs now."""
        return self._program.child.pid

    def wait(self) -> None:
        """Return once it answers on its control socket."""
        self._program.wait_until(self._answers)

    def wait_for_sessions(self, *names: str, seconds: float = 20) -> None:
        """Return once the sessions with these speakers (none named: with all) are up."""
        wanted = names or tuple(feed.name for feed in self._speakers)
        self._program.wait_until(lambda: all(map(self.is_up, wanted)), seconds=seconds)

    def is_up(self, name: str) -> bool:
        """Whether the session with a speaker is established."""
        return "Established" in self.says("show", "protocols", name)

    def shows(self, prefix: Prefix) -> str:
        """What it holds for exactly this prefix, in its own words; empty when nothing."""
        said = self.says("show", "route", str(prefix), "all")
        return "" if "Network not found" in said else said

    def noted(self) -> int:
        """How much it has written down so far, in bytes."""
        return (self._directory / "changes.log").stat().st_size

    def refusals(self) -> int:
        """How often a speaker took its connection and ended it before there was a session."""
        return (self._directory / "changes.log").read_text().count(": Connection lost")

    def changes(self, *, after: int = 0) -> list[Change]:
        """Every change of a route that it saw so far, in order, also before a `kill`.

        With `after`, what was `noted` before is left out.
        """
        with (self._directory / "changes.log").open("rb") as written:
            written.seek(after)
            lines = written.read().decode().splitlines()
        found = map(_CHANGE.fullmatch, lines)
        return [
            Change(datetime.fromisoformat(one[1]), one[2], one[3], Prefix.parse(one[4]))
            for one in found
            if one
        ]

    def losses(self) -> list[Change]:
        """Withdrawals after which it had no route to the prefix any more, from any speaker."""
        sources: dict[Prefix, set[str]] = {}
        losses = []
        for change in self.changes():
            left = sources.setdefault(change.prefix, set())
            if change.what != "removed":
                left.add(change.speaker)
                continue
            left.discard(change.speaker)
            if not left:
                losses.append(change)
        return losses

    def kill(self) -> None:
        """End it without a farewell (SIGKILL)."""
        self._program.stop(signal.SIGKILL)
        self.control.unlink(missing_ok=True)

    def start(self) -> None:
        """Run it again after `kill`, with an empty table; the record of changes goes on."""
        self._program = self._started()
        self.wait()

    def suspend(self) -> None:
        """Freeze it: connections stay open, nothing is answered."""
        self._program.suspend()

    def resume(self) -> None:
        """Undo `suspend`."""
        self._program.resume()

    def says(self, *command: str) -> str:
        """What birdc prints for a command."""
        return processes.run(
            parts.program("birdc"), "-s", self.control, *command, good=(0, 1), seconds=10
        )

    def _started(self) -> processes.Program:
        return processes.Program(
            [
                *(parts.program("bird"), "-f", "-c", self._directory / "bird.conf"),
                *("-s", self.control, "-P", self._directory / "bird.pid"),
            ],
            log=self._directory / "bird.log",
        )

    def _answers(self) -> bool:
        return self.control.exists() and "is up and running" in self.says("show", "status")

    def _config(self) -> str:
        start = _CONFIG.format(directory=self._directory, address=self.address)
        return start + "".join(
            _SPEAKER.format(
                name=feed.name,
                address=self.address,
                port=self._port,
                asn=self.asn,
                speaker=feed.address,
                speaker_port=feed.port,
                speaker_asn=feed.asn,
                graceful="on" if feed.graceful else "off",
                imports=self._imports,
            )
            for feed in self._speakers
        )


@contextmanager
def bird_router(
    *, address: str, asn: int, speakers: Sequence[Feed], imports: str = "all"
) -> Iterator[BirdRouter]:
    """Run a listening router until the block ends."""
    with processes.workplace("bird") as directory:
        router = BirdRouter(directory, address=address, asn=asn, speakers=speakers, imports=imports)
        try:
            router.wait()
            yield router
        finally:
            router.kill()
