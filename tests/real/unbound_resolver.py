"""A validating resolver: unbound on loopback with a root and a trust anchor of our own."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import dns.rcode

from tests.real import parts, processes

# unblock-lan-zones: the reverse zones of documentation and private ranges are answered like any
# other. All is asked of one server that has every zone: as a stub it would be asked only until
# an NS record of some zone is seen, whose servers unbound then seeks at port 53.
_CONFIG = """
server:
    directory: "{directory}"
    chroot: ""
    username: ""
    pidfile: ""
    use-syslog: no
    verbosity: 1
    interface: {address}
    port: {port}
    do-ip6: no
    num-threads: 1
    so-sndbuf: 0
    module-config: "validator iterator"
    trust-anchor-file: "{directory}/anchor"
    do-not-query-localhost: no
    unblock-lan-zones: yes
    cache-max-negative-ttl: 0
    ede: yes
    val-log-level: 2
forward-zone:
    name: "."
    forward-addr: {root}
remote-control:
    control-enable: yes
    control-interface: "{directory}/control.sock"
    control-use-cert: no
"""


class UnboundResolver:
    """One unbound; all it believes starts at the given trust anchor (DS records as text)."""

    def __init__(
        self, directory: Path, *, address: str, port: int, root: tuple[str, int], anchor: str
    ) -> None:
        self.address = address
        self.port = port
        self._config = directory / "unbound.conf"
        self._config.write_text(
            _CONFIG.format(
                directory=directory, address=address, port=port, root=f"{root[0]}@{root[1]}"
            )
        )
        (directory / "anchor").write_text(anchor)
        self._program = processes.Program(
            [parts.program("unbound"), "-d", "-p", "-c", self._config], log=directory / "log"
        )

    def wait(self) -> None:
        """Return once the root is answered, validated."""
        self._program.wait_until(self._answers)

    def forget(self) -> None:
        """Empty the cache, keys and failures included."""
        self._control("flush_zone", ".")
        self._control("flush_infra", "all")

    def said(self) -> str:
        """Its log, with the reasons for refusing signatures."""
        return self._program.said()

    def stop(self) -> None:
        """End the process."""
        self._program.stop()

    def _control(self, *words: str) -> None:
        processes.run(parts.program("unbound-control"), "-c", self._config, *words)

    def _answers(self) -> bool:
        question = dns.message.make_query(".", "SOA")
        try:
            answer = dns.query.udp(question, self.address, port=self.port, timeout=0.5)
        except (dns.exception.Timeout, OSError):
            return False
        return answer.rcode() == dns.rcode.NOERROR


@contextmanager
def unbound_resolver(
    *, address: str, port: int, root: tuple[str, int], anchor: str
) -> Iterator[UnboundResolver]:
    """Run a validating resolver until the block ends."""
    with processes.workplace("unbound") as directory:
        resolver = UnboundResolver(directory, address=address, port=port, root=root, anchor=anchor)
        try:
            resolver.wait()
            yield resolver
        finally:
            resolver.stop()
