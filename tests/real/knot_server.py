"""Authoritative name servers: Knot DNS on loopback, one process per address."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import dns.exception
import dns.message
import dns.query

from tests.real import parts, processes

_CONFIG = """
server:
    rundir: {directory}
    listen: {address}@{port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
control:
    listen: {directory}/control.sock
database:
    storage: {directory}
log:
  - target: stdout
    any: info
template:
  - id: default
    storage: {directory}
    journal-content: none
    zonefile-load: whole
zone:
"""


class KnotServer:
    """One knotd that serves exactly the zones last given to `serve`, with authority."""

    def __init__(self, directory: Path, address: str, port: int) -> None:
        self.address = address
        self.port = port
        self._directory = directory
        self._config = directory / "knot.conf"
        self._silent = False
        self._write({})
        self._program = self._started()

    def wait(self) -> None:
        """Return once it answers."""
        self._program.wait_until(self._answers)

    def serve(self, zones: Mapping[str, str]) -> None:
        """Serve these zones (origin -> zone text) from now on and nothing else, if it runs."""
        self._write(zones)
        if self._silent or not self._program.runs():
            return
        self._control("reload")
        if zones:
            # Blocking, and with force: what is served next is what was written.
            self._control("-b", "-f", "zone-reload", *zones)

    def silence(self) -> None:
        """Swallow every question from now on, over UDP and TCP, and answer none."""
        self._silent = True
        self._program.suspend()

    def stop(self) -> None:
        """End the process: from now on questions are refused by the machine itself."""
        self._silent = False
        self._program.stop()

    def revive(self) -> None:
        """Answer again after `silence` or `stop`; nothing to do for a server that runs."""
        if self._silent:
            self._silent = False
            self._program.resume()
        if not self._program.runs():
            self._program = self._started()
            self.wait()

    def _started(self) -> processes.Program:
        return processes.Program(
            [parts.program("knotd"), "-c", self._config], log=self._directory / "log"
        )

    def _write(self, zones: Mapping[str, str]) -> None:
        config = _CONFIG.format(directory=self._directory, address=self.address, port=self.port)
        for origin, text in zones.items():
            (self._directory / f"{origin}zone").write_text(text)
            config += f"  - domain: {origin}\n    file: {origin}zone\n"
        self._config.write_text(config)

    def _control(self, *words: str) -> None:
        processes.run(parts.program("knotc"), "-s", self._directory / "control.sock", *words)

    def _answers(self) -> bool:
        question = dns.message.make_query(".", "SOA")
        try:
            dns.query.udp(question, self.address, port=self.port, timeout=0.2)
        except (dns.exception.Timeout, OSError):
            return False
        return (self._directory / "control.sock").exists()


@contextmanager
def knot_servers(addresses: Sequence[str], port: int) -> Iterator[Mapping[str, KnotServer]]:
    """Run a name server on each address, all on one port, until the block ends."""
    with ExitStack() as running:
        servers = {}
        for address in addresses:
            directory = running.enter_context(processes.workplace("knot"))
            servers[address] = KnotServer(directory, address, port)
            running.callback(servers[address].stop)
        for server in servers.values():
            server.wait()
        yield servers
