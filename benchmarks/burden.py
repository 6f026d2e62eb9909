"""How long processes keep a core busy while nothing changes (proc(5))."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

import psycopg
from benchmarks.processes import cpu_seconds, until_now

_PARENT, _DEAD = 1, slice(13, 15)  # fields of `stat` after the name
_TICKS = 100  # a second, on Linux (USER_HZ)
_OF_POSTGRES = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'"

Used = Callable[[], float]


async def shares(parties: Mapping[str, Used], seconds: float) -> Mapping[str, float]:
    """Of one core, for each party, over so many seconds."""
    before = {name: used() for name, used in parties.items()}
    await asyncio.sleep(seconds)
    return {name: (used() - before[name]) / seconds for name, used in parties.items()}


def process(pid: int) -> Used:
    """Seconds that a process has used so far."""
    return lambda: cpu_seconds(pid)


def postgres(url: str) -> Used:
    """Seconds that a server has used so far: its processes, and those that have ended."""
    with psycopg.connect(url) as connection:
        ((pid,),) = connection.execute(_OF_POSTGRES.encode()).fetchall()
    server = int(_stat(Path(f"/proc/{pid}"))[_PARENT])

    def used() -> float:
        ended = sum(map(int, _stat(Path(f"/proc/{server}"))[_DEAD])) / _TICKS
        return ended + sum(until_now(one) for one in [server, *_children(server)])

    return used


def _children(parent: int) -> list[int]:
    found = []
    for one in Path("/proc").iterdir():
        if one.name.isdigit():
            try:
                fields = _stat(one)
            except (FileNotFoundError, ProcessLookupError):  # it has ended
                continue
            if int(fields[_PARENT]) == parent:
                found.append(int(one.name))
    return found


def _stat(process: Path) -> list[str]:
    return (process / "stat").read_text().rpartition(")")[2].split()
