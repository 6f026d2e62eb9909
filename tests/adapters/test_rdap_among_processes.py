"""The registries' RDAP budgets are kept by all processes together, on each hop of a redirect.

Real processes on one database, and real servers on loopback.
"""

import asyncio
import json
import sys
from collections import Counter

from byoip.domain.checks.evidence import Fault
from byoip.domain.rdap.said import RdapEnd
from tests.fakes.rdap_servers import CIDR, Serve, Server, network, said, serving, whole

PROCESSES, MANY = 3, 8
NO_MORE = str(Fault.OUT_OF_BUDGET)


async def asking(url: str, many: int, **registries: tuple[Server, int, int]) -> list[str]:
    """How the questions of one process ended; of each registry its day and its connections."""
    told = {
        key: {"url": server.url, "per_day": per_day, "connections": connections}
        for key, (server, per_day, connections) in registries.items()
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.adapters.rdap_process", url),
        json.dumps({"registries": told, "many": many}),
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    return list(map(str, json.loads(out)))


class Slow:
    """Answers after a moment, and counts how many it serves at once."""

    def __init__(self, answer: bytes) -> None:
        self.most = self._now = 0
        self._answer = answer

    async def __call__(self, writer: asyncio.StreamWriter) -> None:
        self._now += 1
        self.most = max(self.most, self._now)
        await asyncio.sleep(0.05)
        writer.write(self._answer)
        await writer.drain()
        self._now -= 1


async def test_several_processes_ask_no_more_together_than_a_day_has(cloned_url: str) -> None:
    """Where one registry leads to another, its questions are counted at both."""
    end: Serve = Slow(said(network()))
    async with serving(end) as arin:
        led = Slow(whole(b"", f"Location: {arin.url}ip/{CIDR}\r\n", 302))
        async with serving(led) as ripe:
            about = {"ripencc": (ripe, 12, 6), "arin": (arin, 5, 6)}
            ends = await asyncio.gather(
                *(asking(cloned_url, MANY, **about) for _ in range(PROCESSES))
            )
    asked = Counter(one for each in ends for one in each)
    assert len(ripe.asked) == 12
    assert len(arin.asked) == 5
    assert asked == {str(RdapEnd.ANSWERED): 5, NO_MORE: PROCESSES * MANY - 5}


async def test_nor_have_they_more_connections_at_once(cloned_url: str) -> None:
    end = Slow(said(network()))
    async with serving(end) as ripe:
        await asyncio.gather(
            *(asking(cloned_url, MANY, ripencc=(ripe, 1000, 2)) for _ in range(PROCESSES))
        )
    assert len(ripe.asked) > 2
    assert end.most == 2


async def test_where_a_registry_refused_one_process_no_other_asks(cloned_url: str) -> None:
    async with serving(whole(b"{}", "Retry-After: 3600\r\n", 429)) as ripe:
        about = {"ripencc": (ripe, 1000, 6)}
        assert await asking(cloned_url, 1, **about) == [str(Fault.REFUSED)]
        assert await asking(cloned_url, 1, **about) == [NO_MORE]
    assert len(ripe.asked) == 1
