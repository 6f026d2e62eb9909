"""A BGP speaker that announces: GoBGP's gobgpd on loopback, with its API."""

import copy
import json
import re
import signal
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.real import parts, processes

# The sample that operators read: what it says is what the tests run, but for addresses and timers.
_MANUAL = Path(__file__).parents[2] / "docs" / "operating.md"
_SAMPLE = re.compile(r"^```toml\n(\[global\.config\]\n.*?)^```$", re.MULTILINE | re.DOTALL)


_QUICK = {"hold-time": 9, "keepalive-interval": 3, "idle-hold-time-after-reset": 1}


@dataclass(frozen=True)
class Peering:
    """A neighbour that a gobgpd waits for: then there is no port of the other side to be known.

    Attributes:
        address: where it comes from.
        admin_down: whether gobgpd refuses it until it is enabled; again after each start.
        graceful: whether its routes outlive gobgpd at the neighbour (RFC 4724).
        restart_seconds: for how long; None: as the manual says.
    """

    address: str
    asn: int
    admin_down: bool = False
    graceful: bool = False
    restart_seconds: int | None = None


class Gobgpd:
    """One gobgpd; it listens for BGP at `address:port`, for gRPC at `target`."""

    def __init__(
        self,
        directory: Path,
        *,
        address: str,
        asn: int,
        neighbours: Sequence[Peering],
        socket: Path | None,
        options: Sequence[str | Path],
        guarded: bool,
        default_import: str,
    ) -> None:
        self.address = address
        self.asn = asn
        self.port = processes.free_port(address)
        self._api_port = processes.free_port(address)
        self._socket = socket
        self.target = f"unix://{socket}" if socket else f"{address}:{self._api_port}"
        self._options = options
        self._directory = directory
        self._graceful = any(one.graceful for one in neighbours)
        self._guarded = guarded
        self._default_import = default_import
        (directory / "gobgpd.json").write_text(json.dumps(self._config(neighbours)))
        self._program = self._started()

    @property
    def pid(self) -> int:
        """Of its process, as it runs now."""
        return self._program.child.pid

    def wait(self) -> None:
        """Return once its API and its BGP port answer."""
        self._program.wait_until(
            lambda: self._api_answers() and processes.accepts(self.address, self.port)
        )

    def kill(self) -> None:
        """End it without a farewell (SIGKILL); all that it held is forgotten."""
        self._program.stop(signal.SIGKILL)

    def stop(self) -> None:
        """End it politely: it says farewell to its neighbours."""
        self._program.stop(signal.SIGTERM)

    def start(self) -> None:
        """Run it again after `kill` or `stop`, with the same configuration and an empty memory."""
        self._program = self._started()
        self.wait()

    def renumber(self, asn: int) -> None:
        """Have it be of another AS from its next start on."""
        file = self._directory / "gobgpd.json"
        config = json.loads(file.read_text())
        config["global"]["config"]["as"] = asn
        file.write_text(json.dumps(config))

    def suspend(self) -> None:
        """Freeze it: connections stay open, nothing is answered."""
        self._program.suspend()

    def resume(self) -> None:
        """Undo `suspend`."""
        self._program.resume()

    def said(self) -> str:
        """Its log."""
        return self._program.said()

    def _api_answers(self) -> bool:
        if self._socket:
            return self._socket.exists()
        return processes.accepts(self.address, self._api_port)

    def _started(self) -> processes.Program:
        return processes.Program(
            [
                *(parts.program("gobgpd"), "-t", "json", "-f", self._directory / "gobgpd.json"),
                *("--api-hosts", self.target, "--pprof-disable", "-l", "info"),
                # Without it the new start says that forwarding state was lost: then the neighbour
                # throws away what it kept before anything new has come (RFC 4724, section 4.2).
                *(["--graceful-restart"] if self._graceful else []),
                *self._options,
            ],
            log=self._directory / "gobgpd.log",
        )

    def _config(self, neighbours: Sequence[Peering]) -> dict[str, Any]:
        sample = sample_config()
        (neighbour,) = sample["neighbors"]
        sample["global"]["config"] = {
            "as": self.asn,
            "router-id": self.address,
            "port": self.port,
            "local-address-list": [self.address],
        }
        if not self._guarded:
            for key in ("defined-sets", "policy-definitions"):
                del sample[key]
            del sample["global"]["apply-policy"]["config"]["import-policy-list"]
        sample["global"]["apply-policy"]["config"]["default-import-policy"] = self._default_import
        sample["neighbors"] = [self._neighbour(neighbour, one) for one in neighbours]
        return sample

    def _neighbour(self, sample: dict[str, Any], peering: Peering) -> dict[str, Any]:
        made = copy.deepcopy(sample)
        made["config"] = {
            "neighbor-address": peering.address,
            "peer-as": peering.asn,
            "admin-down": peering.admin_down,
        }
        made["transport"]["config"] = {"passive-mode": True, "local-address": self.address}
        made["ebgp-multihop"] = {"config": {"enabled": True}}
        made["timers"] = {"config": _QUICK}
        made["graceful-restart"]["config"]["enabled"] = peering.graceful
        if peering.restart_seconds is not None:
            made["graceful-restart"]["config"]["restart-time"] = peering.restart_seconds
        for family in made["afi-safis"]:
            family["mp-graceful-restart"]["config"]["enabled"] = peering.graceful
        return made


def sample_config() -> dict[str, Any]:
    """The configuration that the manual gives operators."""
    found = _SAMPLE.search(_MANUAL.read_text())
    assert found, "the manual has no sample of a gobgpd"
    return tomllib.loads(found[1])


@contextmanager
def gobgpd(
    *,
    address: str,
    asn: int,
    neighbours: Sequence[Peering] = (),
    socket: Path | None = None,
    options: Sequence[str | Path] = (),
    guarded: bool = True,
    default_import: str = "accept-route",
) -> Iterator[Gobgpd]:
    """Run a speaker until the block ends.

    Its API listens at a socket, if one is given. `guarded`: its file has the import policy.
    """
    with processes.workplace("gobgpd") as directory:
        speaker = Gobgpd(
            directory,
            address=address,
            asn=asn,
            neighbours=neighbours,
            socket=socket,
            options=options,
            guarded=guarded,
            default_import=default_import,
        )
        try:
            speaker.wait()
            yield speaker
        finally:
            speaker.kill()
