"""A BGP speaker that announces: GoBGP's gobgpd on loopback, with its API."""

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.real import parts, processes

_GLOBAL = """
[global.config]
  as = {asn}
  router-id = "{address}"
  port = {port}
  local-address-list = ["{address}"]
"""

# It waits for the other side to connect: then there is no port of the other side to be known.
_NEIGHBOUR = """
[[neighbors]]
  [neighbors.config]
    neighbor-address = "{address}"
    peer-as = {asn}
    admin-down = {admin_down}
  [neighbors.transport.config]
    passive-mode = true
    local-address = "{own}"
  [neighbors.ebgp-multihop.config]
    enabled = true
  [neighbors.graceful-restart.config]
    enabled = {graceful}
    restart-time = 60
    deferral-time = 5
  [neighbors.timers.config]
    hold-time = 9
    keepalive-interval = 3
    idle-hold-time-after-reset = 1
  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
      afi-safi-name = "ipv4-unicast"
    [neighbors.afi-safis.mp-graceful-restart.config]
      enabled = {graceful}
  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
      afi-safi-name = "ipv6-unicast"
    [neighbors.afi-safis.mp-graceful-restart.config]
      enabled = {graceful}
"""


@dataclass(frozen=True)
class Peering:
    """A neighbour that a gobgpd waits for.

    Attributes:
        address: where it comes from.
        admin_down: whether gobgpd refuses it until it is enabled; again after each start.
        graceful: whether its routes outlive gobgpd at the neighbour, for a minute (RFC 4724).
    """

    address: str
    asn: int
    admin_down: bool = False
    graceful: bool = False


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
        (directory / "gobgpd.toml").write_text(self._config(neighbours))
        self._program = self._started()

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
                *(parts.program("gobgpd"), "-f", self._directory / "gobgpd.toml"),
                *("--api-hosts", self.target, "--pprof-disable", "-l", "info"),
                # Without it the new start says that forwarding state was lost: then the neighbour
                # throws away what it kept before anything new has come (RFC 4724, section 4.2).
                *(["--graceful-restart"] if self._graceful else []),
                *self._options,
            ],
            log=self._directory / "gobgpd.log",
        )

    def _config(self, neighbours: Sequence[Peering]) -> str:
        start = _GLOBAL.format(asn=self.asn, address=self.address, port=self.port)
        return start + "".join(
            _NEIGHBOUR.format(
                address=one.address,
                asn=one.asn,
                own=self.address,
                admin_down=str(one.admin_down).lower(),
                graceful=str(one.graceful).lower(),
            )
            for one in neighbours
        )


@contextmanager
def gobgpd(
    *,
    address: str,
    asn: int,
    neighbours: Sequence[Peering] = (),
    socket: Path | None = None,
    options: Sequence[str | Path] = (),
) -> Iterator[Gobgpd]:
    """Run a speaker until the block ends; its API listens at a socket, if one is given."""
    with processes.workplace("gobgpd") as directory:
        speaker = Gobgpd(
            directory,
            address=address,
            asn=asn,
            neighbours=neighbours,
            socket=socket,
            options=options,
        )
        try:
            speaker.wait()
            yield speaker
        finally:
            speaker.kill()
