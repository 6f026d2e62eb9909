"""Routes 1.2 with an API process, gobgpd and BIRD: it watches where no worker is left."""

from collections import Counter
from pathlib import Path

import pytest

from byoip.store.speakers.watch_election import OF_API
from tests.announcing import until
from tests.real.announcing import own_postgres
from tests.routes.judging import FLAWLESS
from tests.routes.scenarios import Scene, scene

pytestmark = [pytest.mark.real, pytest.mark.long, pytest.mark.timeout(300)]

MANY = 12  # more than may vanish in a minute


async def test_the_api_tells_of_losses_where_all_workers_are_dead(tmp_path: Path) -> None:
    with own_postgres() as server:
        async with scene(server.database_url, tmp_path, up=MANY) as here:
            await here.until_quiet()
            *workers, _ = here.service.fleet.processes
            for one in workers:
                one.kill()
                one.wait()
            await until(lambda: watched_by_the_api(here))
            await until(lambda: "reconciler_silent" in kinds(here))
            for speaker in here.service.edge.speakers.values():
                await speaker.withdraw(await speaker.held())
            await until(lambda: kinds(here) == TOLD)
            for _ in workers:
                here.service.fleet.start("worker")
            await here.until_quiet()
            lists = await here.lists()
            assert len(lists.pop("lost")) == 2 * MANY  # from either speaker, by another client
            assert lists == {name: FLAWLESS[name] for name in lists}


TOLD = Counter({"lost": MANY, "vanishing": 1, "reconciler_silent": 1})


def kinds(here: Scene) -> Counter[str]:
    return Counter(kind for kind, _ in here.alarms())


def watched_by_the_api(here: Scene) -> bool:
    rank = "SELECT count(*) FROM leases WHERE name = 'watcher' AND holder IS NOT NULL AND rank = %s"
    return bool(here.service.one(rank, OF_API))
