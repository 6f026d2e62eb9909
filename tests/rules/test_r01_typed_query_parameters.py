"""R1: a filter without a value, repeated or misspelt is refused; it never becomes "all"."""

import pytest

from byoip.api.application import declarations
from byoip.api.border.declarations import Audience, Declaration
from tests.api.bound import bound
from tests.api.conftest import document, engine, judge, operator, shared_database_url, world
from tests.api.test_tenancy import bearer
from tests.api.world import World

__all__ = ["document", "engine", "judge", "operator", "shared_database_url", "world"]  # fixtures

QUERIES = [
    "pending_delete",
    "pending_delete=",
    "pendng_delete=true",
    "pending_delete=true",
    "advertised",
    "advertised=",
    "advertised=0",
    "per_page=1&per_page=2",
    "cursor=",
]
BGP = [
    pytest.param(one, id=one.name)
    for one in declarations()
    if one.audience is Audience.ACCOUNT and "/bgp/" in one.path
]


def test_there_are_bgp_operations() -> None:
    assert len(BGP) == 7


@pytest.mark.parametrize("declaration", BGP)
async def test_r01_no_bgp_route_takes_a_filter_that_it_does_not_know(
    world: World, declaration: Declaration
) -> None:
    path, _, route = await bound(world)
    before = await world.result("GET", f"{path}/bgp/prefixes")
    where = declaration.path.format(prefix_id=path[-32:], bgp_prefix_id=route[-32:])
    for query in QUERIES:
        response = await world.client.request(
            declaration.method,
            f"{world.url(where)}?{query}",
            headers=bearer(world.token),
            json={} if declaration.method in {"POST", "PATCH"} else None,
        )
        assert response.status_code == 422, query
        [error] = response.json()["errors"]
        assert error["name"] in {"query_parameter_unknown", "query_parameter_invalid"}, query
    assert await world.result("GET", f"{path}/bgp/prefixes") == before


async def test_r01_the_query_of_the_outage_deletes_nothing(world: World) -> None:
    path, _, _ = await bound(world)
    for query in ("pending_delete", "pending_delete=", "pending_delete=true"):
        for method in ("GET", "DELETE", "PATCH"):
            response = await world.call(method, f"{path}?{query}", json={"description": "x"})
            assert response.status_code == 422
    assert len(await world.result("GET", f"{path}/bindings")) == 1
