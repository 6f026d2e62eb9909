"""`kill -9` in the middle of many changes: afterwards everything is as owners want it."""

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from tests.many_routes import OwnedRoute, add_routes, ipv4, ipv6
from tests.real.announcing import Announcing, Change, announcing, shuffled

_AWAY_SECONDS = 1.5
_CHANGES = (400, 1000)  # the second in `make test-long`


async def kill_a_speaker(service: Announcing) -> None:
    daemon = service.edge.daemons["one"]
    daemon.kill()
    await asyncio.sleep(_AWAY_SECONDS)
    daemon.start()


async def kill_the_worker_that_reconciles(service: Announcing) -> None:
    """Whichever of the two it is: its connections tell."""
    first, second = service.fleet.processes[:2]
    port = service.one(
        "SELECT client_port FROM pg_stat_activity a JOIN pg_locks l USING (pid)"
        " WHERE l.locktype = 'advisory' AND l.granted AND a.application_name = 'byoip reconciler'"
    )
    doomed = first if port in _local_ports(first.pid) else second
    doomed.kill()
    doomed.wait()


async def kill_the_api(service: Announcing) -> None:
    service.api.kill()
    await asyncio.sleep(_AWAY_SECONDS)
    await service.restart_api()


async def kill_postgres(service: Announcing) -> None:
    server = service.server
    assert server is not None
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    await asyncio.sleep(_AWAY_SECONDS)
    server.stop()
    assert server.start() == service.database_url


def _local_ports(pid: int) -> set[int]:
    """Of a process' TCP connections (proc(5))."""
    inodes = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            inodes.add(str(link.readlink()))
        except FileNotFoundError:
            continue
    lines = Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]
    return {
        int(fields[1].rpartition(":")[2], 16)
        for fields in map(str.split, lines)
        if f"socket:[{fields[9]}]" in inodes
    }


KILLS = (
    kill_a_speaker,
    kill_the_worker_that_reconciles,
    kill_the_api,
    kill_postgres,
)
CASES = [
    pytest.param(
        kill,
        many,
        # A speaker that is killed is in test_reconciling.py, too.
        marks=pytest.mark.long if many > min(_CHANGES) or kill is kill_a_speaker else [],
    )
    for many in _CHANGES
    for kill in KILLS
]


def story(route: OwnedRoute, number: int) -> list[Change]:
    """All come, most go farther away, some go, and of those some come back."""
    changes = [Change(route, advertised=True)]
    if number % 10 < 6:
        changes.append(Change(route, prepend=1 + number % 3))
    if number % 10 in {2, 3, 4, 5, 6, 7}:
        changes.append(Change(route, advertised=False))
    if number % 10 in {4, 5, 6}:
        changes.append(Change(route, advertised=True, prepend=0))
    return changes


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Announcing]:
    async with announcing(tmp_path, graceful=True) as service:
        yield service


@pytest.mark.parametrize(("kill", "many"), CASES)
async def test_killed_in_the_middle_everything_comes_to_be_as_owners_want_it(
    service: Announcing, kill: Callable[[Announcing], Awaitable[None]], many: int
) -> None:
    count = many * 10 // 25
    cidrs = [cidr for pair in zip(ipv4(count), ipv6(count), strict=True) for cidr in pair]
    routes = add_routes(service.database_url, cidrs[:count], accounts=20)
    changes = shuffled(
        [story(route, number) for number, route in enumerate(routes)],
        random.Random(1000),  # noqa: S311 - the same in every run
    )
    assert len(changes) == many
    await service.start()
    asking = asyncio.create_task(service.ask(changes))
    while service.asked < many // 2 or not service.edge.router.changes():
        assert not asking.done(), asking.exception() or "the router saw nothing meanwhile"
        await asyncio.sleep(0.01)
    await kill(service)
    await asking
    await service.until_everything_is_as_wanted()
    assert await service.seen(cidrs) == service.wanted.keys()
    await service.until_shown_as_wanted(routes[:40])
    assert service.unasked() == {}
    withdrawn = service.one("SELECT count(*) FROM withdrawals WHERE source <> 'request'")
    assert withdrawn == 0
