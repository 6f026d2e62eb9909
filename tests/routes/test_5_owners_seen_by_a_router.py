"""Routes 5.2, 5.3, 5.4 with real workers, gobgpd and BIRD: what owners are told, and what goes."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.announcing import until
from tests.many_routes import OwnedRoute, add_routes, ipv4
from tests.real.announcing import Announcing, Change, announcing

pytestmark = [pytest.mark.real, pytest.mark.long, pytest.mark.timeout(300)]


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Announcing]:
    async with announcing(tmp_path, graceful=False) as service:
        yield service


async def ask(
    service: Announcing, route: OwnedRoute, method: str, path: str = "", **body: Any
) -> Any:
    headers = {"authorization": f"Bearer {route.owner.token}"}
    async with httpx.AsyncClient(timeout=20, headers=headers) as http:
        return await http.request(method, f"{service.url}{path or route.path}", **body)


async def want(service: Announcing, route: OwnedRoute, *, advertised: bool) -> httpx.Response:
    answer = await ask(service, route, "PATCH", json={"on_demand": {"advertised": advertised}})
    assert isinstance(answer, httpx.Response)
    return answer


def prefix_path(route: OwnedRoute) -> str:
    return route.path.partition("/bgp/")[0]


async def test_thirteen_routes_leave_and_the_one_that_flaps_stops_no_urgent_withdrawal(
    service: Announcing,
) -> None:
    cidrs = ipv4(15)
    leaving = add_routes(service.database_url, cidrs[:13])
    flapping, urgent = add_routes(service.database_url, cidrs[13:])
    await service.start()
    await service.ask([Change(one, advertised=True) for one in (*leaving, urgent)])
    await service.until_everything_is_as_wanted()

    flips = [
        (await want(service, flapping, advertised=up)).status_code for up in [True, False] * 48
    ]
    assert (flips.count(429), flips[1::2]) == (42, [200] * 48)
    assert (await want(service, urgent, advertised=False)).status_code == 200

    for one in leaving:
        assert (await ask(service, one, "POST", f"{prefix_path(one)}/offboard")).status_code == 202

    async def eight_are_gone() -> bool:
        return len(await service.seen(cidrs)) == 5

    await until(eight_are_gone)
    kept = await service.seen(cidrs)
    assert kept < set(cidrs[:13])
    staying = [one for one in leaving if one.cidr in kept]

    async def told(route: OwnedRoute) -> bool:
        shown = (await ask(service, route, "GET", prefix_path(route))).json()["result"]
        first = shown["blockers"][0]
        return first["name"] == "offboarding_waits" and "the next one goes at" in first["message"]

    for one in staying:
        await until(lambda one=one: told(one))  # type: ignore[misc]
    assert (await want(service, staying[0], advertised=False)).status_code == 200  # it helps

    async def it_is_gone_too() -> bool:
        return await service.seen(cidrs) == kept - {staying[0].cidr}

    await until(it_is_gone_too)
    assert service.one("SELECT count(*) FROM breaker_trips") == 0


async def test_a_withdrawal_while_no_speaker_runs_says_so_and_is_carried_out_later(
    service: Announcing,
) -> None:
    [route] = add_routes(service.database_url, ipv4(1))
    await service.start()
    await service.ask([Change(route, advertised=True)])
    await service.until_everything_is_as_wanted()
    for daemon in service.edge.daemons.values():
        daemon.kill()

    async def waits_for() -> str | None:
        found = (await ask(service, route, "GET")).json()["result"]["waiting_for"]
        return None if found is None else str(found["what"])

    async def no_speaker() -> bool:
        return await waits_for() == "speakers"

    assert (await want(service, route, advertised=False)).status_code == 200
    await until(no_speaker)
    service.wanted.clear()
    for daemon in service.edge.daemons.values():
        daemon.start()
    await service.until_everything_is_as_wanted()
    assert await waits_for() is None
