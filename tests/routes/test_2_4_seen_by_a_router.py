"""Routes 2.4 with real workers, gobgpd and BIRD: settings that change take nothing down."""

from pathlib import Path

import pytest

from tests.announcing import until
from tests.many_routes import add_routes, ipv4
from tests.real.announcing import Announcing, Change, announcing
from tests.routes.test_5_owners_seen_by_a_router import want

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
    async with announcing(tmp_path, graceful=False) as service:
        [route] = add_routes(service.database_url, ipv4(1))
        await service.start()
        await service.ask([Change(route, advertised=True)])
        await service.until_everything_is_as_wanted()
        await restart_with(service, "64999")
        service.edge.daemons["one"].kill()
        service.edge.daemons["one"].start()
        await service.until_everything_is_as_wanted()  # the speaker that was empty has it again
        assert await service.seen([route.cidr]) == {route.cidr}

        async def an_alarm_stands() -> bool:
            return bool(service.one(_ALARMS))

        await until(an_alarm_stands, seconds=120)  # workers look each minute
        assert (await want(service, route, advertised=False)).status_code == 200
        refused = await want(service, route, advertised=True)
        assert refused.json()["errors"][0]["name"] == "origin_asn_not_offered"
        service.wanted.clear()
        await service.until_everything_is_as_wanted()


_ALARMS = "SELECT count(*) FROM route_alarms WHERE kind = 'foreign_origin'"
