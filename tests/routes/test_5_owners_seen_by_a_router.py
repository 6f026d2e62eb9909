"""Routes 5.2, 5.3, 5.4 with real workers, gobgpd and BIRD: what owners are told, and what goes."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from byoip.domain.prefix import Prefix
from tests.announcing import until
from tests.failover.owners import announce, offboard
from tests.failover.wishes import Wish, now
from tests.many_routes import OwnedRoute, add_routes, ipv4
from tests.real.announcing import own_postgres
from tests.routes.judging import FLAWLESS
from tests.routes.scenarios import Scene, scene

pytestmark = [pytest.mark.real, pytest.mark.long, pytest.mark.timeout(300)]


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Scene]:
    with own_postgres() as server:
        async with scene(server.database_url, tmp_path, up=2, down=0) as here:
            yield here


async def test_thirteen_routes_leave_and_the_one_that_flaps_stops_no_urgent_withdrawal(
    here: Scene,
) -> None:
    service, cidrs = here.service, ipv4(17)[2:]  # the first two stay up
    leaving = add_routes(service.database_url, cidrs[:13])
    here.up += leaving
    here.down = [flapping, urgent] = add_routes(service.database_url, cidrs[13:])
    await here.owners.send(*(announce(one, up=True) for one in (*leaving, urgent)))
    await service.until_everything_is_as_wanted()

    began = now()
    flips = [await here.owners.send_once(announce(flapping, up=up)) for up in [True, False] * 48]
    here.owners.wishes.of[Prefix.parse(flapping.cidr)] = [  # as one wish that took it so long
        Wish(up=True, began=began),
        Wish(up=False, began=began + timedelta(microseconds=1), ended=now()),
    ]
    assert (flips.count(429), flips[1::2]) == (42, [200] * 48)
    assert await here.owners.send_once(announce(urgent, up=False)) == 200

    for one in leaving:
        assert await here.owners.send_once(offboard(one)) == 202

    async def eight_are_gone() -> bool:
        return len(await service.seen(cidrs)) == 5

    await until(eight_are_gone)
    kept = await service.seen(cidrs)
    assert kept < set(cidrs[:13])
    staying = [one for one in leaving if one.cidr in kept]

    async def told(route: OwnedRoute) -> bool:
        _, shown = await here.want(route, "GET")
        first = shown["blockers"][0]
        return first["name"] == "offboarding_waits" and "the next one goes at" in first["message"]

    for one in staying:
        await until(lambda one=one: told(one))  # type: ignore[misc]
    helped, *waiting = staying
    assert await here.owners.send_once(announce(helped, up=False)) == 200  # it helps

    async def it_is_gone_too() -> bool:
        return await service.seen(cidrs) == kept - {helped.cidr}

    await until(it_is_gone_too)
    assert service.one("SELECT count(*) FROM breaker_trips") == 0
    late = sorted(one.cidr for one in waiting)  # as their owners are told
    assert await here.lists() == FLAWLESS | {"not carried out": late}
    await here.owners.send(*(announce(one, up=False) for one in waiting))
    await service.until_everything_is_as_wanted()
    assert await here.lists() == FLAWLESS


async def test_a_withdrawal_while_no_speaker_runs_says_so_and_is_carried_out_later(
    here: Scene,
) -> None:
    service, (route, _) = here.service, here.up
    router = service.edge.router
    noted = router.noted()
    for daemon in service.edge.daemons.values():
        daemon.kill()
    # What is lost after it was taken back, was not lost.
    await until(lambda: len(router.changes(after=noted)) == 2 * len(here.up))

    async def waits_for() -> str | None:
        _, shown = await here.want(route, "GET", announce(route, up=False).path)
        found: dict[str, Any] | None = shown["waiting_for"]
        return None if found is None else str(found["what"])

    async def no_speaker() -> bool:
        return await waits_for() == "speakers"

    assert await here.owners.send_once(announce(route, up=False)) == 200
    await until(no_speaker)
    await until(lambda: here.alarms() >= {("speaker_down", "one"), ("speaker_down", "two")})
    for daemon in service.edge.daemons.values():
        daemon.start()
    await service.until_everything_is_as_wanted()
    assert await waits_for() is None
    lists = await here.lists()
    lost = sorted(one.split(" ", 1)[1] for one in lists.pop("lost"))  # with the killed, once each
    assert lost == [f"{name} removed {one.cidr}" for name in ("one", "two") for one in here.up]
    assert lists == {name: FLAWLESS[name] for name in lists}
