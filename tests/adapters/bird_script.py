"""Something on a control socket that says what it is told, and the words of BIRD 2.0.12."""

import asyncio
import re
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from byoip.domain.prefix import Prefix

V4 = Prefix.parse("198.51.100.0/24")

GREETING = "0001 BIRD 2.0.12 ready.\n"
RESTRICTED = "0016 Access restricted\n"
NOT_FOUND = "8001 Network not found\n"
_EXACT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}")
STATUS = (
    "1000-BIRD 2.0.12\n1011-Router ID is 127.0.0.99\n"
    " Hostname is router\n"
    " Current server time is {}\n"
    "0013 Daemon is up and running\n"
)


def protocols(*bgp: str) -> str:
    """As BIRD 2.0.12 shows them; of each session its state, time and info."""
    return (
        "2002-Name       Proto      Table      State  Since         Info\n"
        "1002-device1    Device     ---        up     12:00:00.000  \n"
        + "".join(f" one        BGP        ---        {one}\n" for one in bgp)
        + "0000 \n"
    )


UP = "up     13:26:14.252  Established   "


def route(as_path: str, *, prefix: str = "198.51.100.0/24", protocol: str = "one") -> str:
    """As BIRD 2.0.12 shows it."""
    return (
        f" {prefix:<20} unreachable [{protocol} 13:26:14.440 from 127.0.0.71] * (100) [AS1i]\n"
        "1008-\tType: BGP univ\n"
        "1012-\tBGP.origin: IGP\n"
        f" \tBGP.as_path:{as_path}\n"
        " \tBGP.next_hop: 192.0.2.1\n \tBGP.local_pref: 100\n"
        " \tBGP.community: (64500,1)\n"
    )


def table(*routes: str) -> str:
    return "1007-Table master4:\n" + "1007-".join(routes).replace("1007- ", "1007-") + "0000 \n"


STATIC = (
    " 198.51.100.0/24      unicast [s1 13:26:13.508] * (200)\n"
    " \tvia 192.0.2.1 on eth0\n"
    "1008-\tType: static univ\n"
)


@dataclass
class Bird:
    """Something on a control socket that says what it is told."""

    greeting: str = GREETING
    answers: dict[str, str] = field(
        default_factory=lambda: {
            "restrict": RESTRICTED,
            "show protocols": protocols(UP),
            "show status": STATUS.format("2026-11-25 14:26:14.440"),
        }
    )
    hangs_up: bool = False
    asked: list[str] = field(default_factory=list)
    _began: float = 0.0  # when it was first asked for its clock, which goes on

    def shows(self, answer: str, prefix: Prefix = V4) -> None:
        self.answers[f"show route {prefix} all"] = answer

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self.greeting.encode())
        while line := await reader.readline():
            self.asked.append(line.decode().strip())
            writer.write(self._answer(self.asked[-1]).encode())
            if self.hangs_up and self.asked[-1] not in {"restrict", "show status"}:
                break
        writer.close()

    def _answer(self, command: str) -> str:
        said = self.answers.get(command, NOT_FOUND)
        if command != "show status":
            return said
        self._began = self._began or time.monotonic()
        gone_on = timedelta(seconds=time.monotonic() - self._began)
        return _EXACT.sub(lambda found: _later(found[0], gone_on), said)


def _later(shown: str, by: timedelta) -> str:
    with suppress(ValueError):
        return (datetime.fromisoformat(shown) + by).isoformat(" ", "milliseconds")
    return shown
