"""A peer that sends a whole table: BIRD, with as many routes as asked for."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from byoip.domain.prefix import Prefix
from tests.real import parts, processes
from tests.real.gobgpd import Gobgpd

_CONFIG = """
log stderr all;
router id {address};
protocol device {{ }}
protocol static table_of_many {{
  ipv4 {{ import all; export none; }};
  include "{directory}/routes.conf";
}}
protocol bgp peer {{
  local {address} port {port} as {asn};
  neighbor {speaker.address} port {speaker.port} as {speaker.asn};
  multihop;
  strict bind yes;
  connect delay time 1;
  connect retry time 1;
  error wait time 1, 1;
  ipv4 {{ import all; export all; next hop address 192.0.2.9; }};
}}
"""


@dataclass(frozen=True)
class TablePeer:
    """The running peer, and the speaker that it sends its routes to."""

    address: str
    speaker: Gobgpd
    control: Path

    async def sent(self, many: int) -> bool:
        """Whether the speaker says that it has received so many routes from it."""
        host, port = self.speaker.target.rsplit(":", 1)
        said = await asyncio.to_thread(
            processes.run, parts.program("gobgp"), "-u", host, "-p", port, "neighbor"
        )
        return re.search(rf"{re.escape(self.address)} .*\| +{many} ", said) is not None

    def sees(self, prefix: Prefix) -> bool:
        """Whether it has heard of this route."""
        asked = ("-s", self.control, "show", "route", str(prefix))
        said = processes.run(parts.program("birdc"), *asked, good=(0, 1), seconds=10)
        return "peer" in said


@contextmanager
def table_peer(speaker: Gobgpd, *, address: str, asn: int, many: int) -> Iterator[TablePeer]:
    """Run it until the block ends."""
    with processes.workplace("table") as directory:
        (directory / "routes.conf").write_text(
            "".join(
                f"route {50 + (n >> 16)}.{n >> 8 & 255}.{n & 255}.0/24 unreachable;\n"
                for n in range(many)
            )
        )
        port = processes.free_port(address)
        config = _CONFIG.format(
            address=address, directory=directory, port=port, asn=asn, speaker=speaker
        )
        (directory / "bird.conf").write_text(config)
        control = directory / "bird.ctl"
        program = processes.Program(
            [parts.program("bird"), "-f", "-c", directory / "bird.conf", "-s", control],
            log=directory / "bird.log",
        )
        try:
            program.wait_until(control.exists)
            yield TablePeer(address, speaker, control)
        finally:
            program.stop()
