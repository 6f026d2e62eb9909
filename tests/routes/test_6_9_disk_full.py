"""Routes 6.9: the disk of Postgres is full; owners are told, routes stay, and then all goes on."""

import asyncio
from pathlib import Path

import psycopg
import pytest

from tests.announcing import until
from tests.failover.owners import planned
from tests.failover.pair import Server, one_server
from tests.routes.judging import FLAWLESS
from tests.routes.rolling_back import put_back
from tests.routes.scenarios import STOPPED, fill, scene, small_disk

pytestmark = [pytest.mark.real, pytest.mark.long, pytest.mark.timeout(400)]

_FULL = "No space left on device"
_LONGER_THAN_A_LEASE = 12.0  # seconds


@pytest.mark.parametrize(
    ("what", "named"), [("tables", "no room on its disk"), ("log", "away")], ids=["tables", "log"]
)
async def test_what_could_not_be_written_is_refused_and_carried_out_later(
    what: str, named: str, tmp_path: Path
) -> None:
    """A table that cannot grow fails one statement; a log that cannot takes the server down."""
    with small_disk(160) as disk, one_server(disk) as server:
        async with scene(server.url(), tmp_path, up=40, down=8) as here:
            service = here.service
            other = service.one("SELECT id FROM services ORDER BY name LIMIT 1").hex
            here.owners.plan = planned(here.up, here.down, other)
            filler = fill(disk)
            if what == "log":
                _begin_another_file(server)
            writing = asyncio.create_task(here.owners.carry_on())
            await until(lambda: _FULL in _said(server) or writing.done())
            assert not writing.done(), "there was room for all"
            await asyncio.sleep(_LONGER_THAN_A_LEASE)
            # A server whose log cannot grow ends as it says so: others hear that it is away.
            assert (_FULL if what == "tables" else STOPPED) in here.log()
            assert await here.readiness() == 503
            assert await here.trouble() == named
            filler.unlink()
            if not server.answers():
                await asyncio.to_thread(server.kill)
                await asyncio.to_thread(server.start)
            await writing
            await here.until_quiet()
            assert await here.lists() == FLAWLESS
            assert await here.readiness() == 200
            assert await here.trouble() == "ok"
            assert all(one.poll() is None for one in service.fleet.processes)
            await put_back(here)


def _begin_another_file(server: Server) -> None:
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("SELECT pg_switch_wal()")


def _said(server: Server) -> str:
    return server.data.with_suffix(".log").read_text()
