"""Routes 6.1: migrating under load, as the manual says of upgrades: owners write all the time.

Processes of an older version run by their own code; `byoip migrate` is this version's, and then
its processes take the place of the old ones, one by one.
"""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

import pytest

from byoip.adapters.postgres.binaries import find_installation
from tests.end_to_end.running import BYOIP
from tests.failover.estate import operator_of
from tests.failover.owners import Owners, Write, describe, planned
from tests.failover.pair import report
from tests.many_routes import OwnedRoute, add_routes, ipv4
from tests.real.announcing import Announcing, announcing_on, own_postgres
from tests.routes.judging import FLAWLESS
from tests.routes.rolling_back import put_back
from tests.routes.scenarios import Scene, keep_snapshot, start
from tests.versions import AT, REPOSITORY, lay_tree

pytestmark = [pytest.mark.real, pytest.mark.long, pytest.mark.timeout(600)]

_UP, _DOWN = 15, 4  # routes that are changed in each of three parts
_UNTOUCHED = 6
_RECORDS = "0017"  # the first revision with records of speakers


@pytest.mark.parametrize("revision", AT)
async def test_owners_are_served_and_all_that_they_want_is_carried_out(
    revision: str, tmp_path: Path
) -> None:
    with own_postgres() as server:
        async with old_version(server.database_url, tmp_path, revision) as found:
            here, parts, untouched = found
            noted = here.service.edge.router.noted()
            async with owners_writing(here.owners, untouched):
                meanwhile = writing(here.owners, parts[0])
                await back_up(here.service, tmp_path)
                await migrate(here.service)
                await meanwhile
                assert f"revision {head()}, not {revision}" in await red(here.service)
                await writing(here.owners, parts[1])
                await here.service.until_everything_is_as_wanted()  # by old processes alone
                meanwhile = writing(here.owners, parts[2])
                await replace_one_by_one(here.service)
                await meanwhile
                here.operator = await operator_of(here.service.database_url)
            await here.until_quiet()
            assert await here.lists() == FLAWLESS
            assert here.owners.refused == []  # none waited for a lock for as long as a request may
            slowest = max(one.at - one.sent for one in here.owners.written)
            report(f"{len(here.owners.written)} writes, the slowest took {slowest}")
            spared = {one.cidr for one in untouched}
            changes = here.service.edge.router.changes(after=noted)
            assert [one for one in changes if str(one.prefix) in spared] == []
            await put_back(here)


@asynccontextmanager
async def old_version(
    database_url: str, directory: Path, revision: str
) -> AsyncIterator[tuple[Scene, list[list[Write]], list[OwnedRoute]]]:
    """Its API and two workers; what is to be written in three parts, and what is not changed."""
    code = str(lay_tree(AT[revision], directory / "tree") / "src")
    known = revision >= _RECORDS
    async with announcing_on(
        database_url, directory, graceful=False, known=known, PYTHONPATH=code
    ) as service:
        cidrs = ipv4(3 * (_UP + _DOWN) + _UNTOUCHED)
        up = add_routes(database_url, cidrs[: 3 * _UP], accounts=4, advertised=True)
        down = add_routes(database_url, cidrs[3 * _UP : 3 * (_UP + _DOWN)])
        untouched = add_routes(database_url, cidrs[3 * (_UP + _DOWN) :], advertised=True)
        owners = Owners(service)
        owners.have_announced([*up, *untouched])
        await start(service)
        await service.until_everything_is_as_wanted()
        other = service.one("SELECT id FROM services ORDER BY name LIMIT 1").hex
        parts = [planned(up[n::3], down[n::3], other) for n in range(3)]
        number = await keep_snapshot(service)  # by the older version's rows
        yield Scene(service, owners, [*up, *untouched], down, "", number), parts, untouched


@asynccontextmanager
async def owners_writing(owners: Owners, routes: list[OwnedRoute]) -> AsyncIterator[None]:
    """What changes no route, as long as the block runs; each write is acknowledged."""
    stop = asyncio.Event()

    async def work() -> None:
        for number in count():
            if stop.is_set():
                return
            await owners.send(*(describe(one, f"{number}") for one in routes))

    task = asyncio.create_task(work())
    try:
        yield
    finally:
        stop.set()
        await task


def writing(owners: Owners, plan: list[Write]) -> asyncio.Task[None]:
    owners.plan = plan
    return asyncio.create_task(owners.carry_on())


async def back_up(service: Announcing, directory: Path) -> None:
    program = find_installation(major=None).directory / "pg_dump"
    argv = [str(program), "--file", str(directory / "backup.sql"), service.database_url]
    dump = await asyncio.create_subprocess_exec(*argv)
    assert await dump.wait() == 0


async def migrate(service: Announcing) -> None:
    """By this version, while owners write: it goes through by itself."""
    known = service.fleet.environment
    known["PYTHONPATH"] = str(REPOSITORY / "src")
    migrating = await asyncio.create_subprocess_exec(
        BYOIP, "migrate", env=known, stderr=asyncio.subprocess.PIPE
    )
    _, complaint = await migrating.communicate()
    assert not migrating.returncode, complaint.decode()


async def red(service: Announcing) -> str:
    """What `/readyz` says of the old process, which goes on to serve."""
    answer = await service.fleet.http.get(f"{service.url}/readyz")
    assert answer.status_code == 503
    return answer.text


async def replace_one_by_one(service: Announcing) -> None:
    """A new one first, until it is ready; then the old one gets SIGTERM."""
    *workers, api = service.fleet.processes
    for old in workers:
        service.fleet.start("worker")
        await ended(service, old)
    service.url = await service.fleet.start_api()
    await ended(service, api)


async def ended(service: Announcing, process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    assert await asyncio.to_thread(process.wait, 40) == 0
    service.fleet.processes.remove(process)


def head() -> str:
    """The newest revision that this version knows."""
    return max(one.name for one in (REPOSITORY / "migrations" / "versions").glob("*.py"))[:4]
