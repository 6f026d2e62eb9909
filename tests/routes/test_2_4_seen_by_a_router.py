"""Routes 2.4 with real workers, gobgpd and BIRD: settings that change take nothing down."""

from pathlib import Path

import pytest

from tests.announcing import until
from tests.failover.owners import announce
from tests.real.announcing import Announcing, own_postgres
from tests.routes.judging import FLAWLESS
from tests.routes.scenarios import scene

pytestmark = [pytest.mark.real, pytest.mark.long, pytest.mark.timeout(300)]


async def restart_with(service: Announcing, asn: str) -> None:
    for process in service.fleet.processes:
        process.terminate()
        process.wait()
    service.fleet.processes.clear()
    service.fleet.environment["BYOIP_ORIGIN_ASNS"] = asn
    await service.start()


async def test_what_is_up_from_an_asn_that_was_taken_out_stays_up_through_a_restart(
    tmp_path: Path,
) -> None:
    with own_postgres() as server:
        async with scene(server.database_url, tmp_path, up=1, down=0) as here:
            service, [route] = here.service, here.up
            await restart_with(service, "64999")
            service.edge.daemons["one"].kill()
            service.edge.daemons["one"].start()
            await service.until_everything_is_as_wanted()  # the one that was empty has it again
            assert await service.seen([route.cidr]) == {route.cidr}

            async def an_alarm_stands() -> bool:
                return bool(service.one(_ALARMS))

            await until(an_alarm_stands, seconds=120)  # workers look each minute
            assert service.edge.router.losses() == []
            await here.owners.send(announce(route, up=False))
            back = announce(route, up=True)
            refused = await here.want(route, back.method, back.path, back.body)
            assert refused[1] == "origin_asn_not_offered"
            await service.until_everything_is_as_wanted()
            lists = await here.lists()
            (lost,) = lists.pop("lost")  # with the speaker that was killed, and there alone
            assert lost.split(" ", 1)[1] == f"one removed {route.cidr}"
            assert lists == {name: FLAWLESS[name] for name in lists}


_ALARMS = "SELECT count(*) FROM route_alarms WHERE kind = 'foreign_origin'"
