"""The sandbox's registry and name servers in a process of their own: `... FILE`.

The file says what they know (see `Known`); the ports they listen on go to standard output.
"""

import asyncio
import sys
from pathlib import Path

import msgspec
import uvloop

from byoip.sandbox.internet import SandboxInternet


class Known(msgspec.Struct, frozen=True):
    """RPSL text by source, and TXT values by owner name."""

    irr: dict[str, str]
    txt: dict[str, list[str]]


class Ports(msgspec.Struct, frozen=True):
    """Where they listen, on loopback."""

    whois: int
    names: int


async def _serve(known: Known) -> None:
    internet = SandboxInternet()
    for source, text in known.irr.items():
        internet.whois.put(source, text.encode())
    for name, values in known.txt.items():
        internet.names.put_txt(name, values)
    await internet.start()
    ports = Ports(internet.whois_port, internet.resolver[1])
    sys.stdout.buffer.write(msgspec.json.encode(ports) + b"\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(_serve(msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Known)))
