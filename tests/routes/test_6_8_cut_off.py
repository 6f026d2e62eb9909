"""Routes 6.8: what reconciles both stages is cut off from the database, and the API is not."""

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.announcing import until
from tests.failover.owners import announce
from tests.real.announcing import own_postgres
from tests.routes.judging import FLAWLESS
from tests.routes.relay import relay
from tests.routes.rolling_back import put_back
from tests.routes.scenarios import STOPPED, scene

pytestmark = [pytest.mark.real, pytest.mark.long, pytest.mark.timeout(240)]

_LONGER_THAN_A_LEASE = 12.0  # seconds


async def test_owners_are_served_routes_stay_and_all_is_carried_out_once_it_is_back(
    tmp_path: Path,
) -> None:
    with own_postgres() as server:
        url = server.database_url
        place = urlsplit(url)
        async with relay(f"{place.hostname}:{place.port}") as between:
            workers_url = url.replace(f"{place.hostname}:{place.port}", between.target)
            async with scene(url, tmp_path, workers_url=workers_url) as here:
                between.moving.clear()
                await until(lambda: "reconciler_silent" in {kind for kind, _ in here.alarms()})
                noted = here.service.edge.router.noted()
                gone = [announce(one, up=False) for one in here.up[:4]]
                new = [announce(one, up=True) for one in here.down[:2]]
                taken_back = [announce(here.up[0], up=True)]
                await here.owners.send(*gone, *new, *taken_back)
                await asyncio.sleep(_LONGER_THAN_A_LEASE)
                assert here.service.edge.router.changes(after=noted) == []
                assert STOPPED in here.log()
                between.moving.set()
                await here.until_quiet()
                assert await here.lists() == FLAWLESS
                assert all(one.poll() is None for one in here.service.fleet.processes)
                await put_back(here)
