from secrets import token_hex

import pytest

from tests.api.operators import WHY, Operator
from tests.api.world import World


@pytest.fixture
def name() -> str:
    """No other test has this service."""
    return f"Scrubbing {token_hex(4)}"


async def test_a_service_is_offered_bound_and_retired_when_nothing_rests_on_it(
    world: World, operator: Operator, name: str
) -> None:
    made = await operator.act("/services", name=name)
    assert made in await operator.result("GET", "/services")
    assert {"id": made["id"], "name": name} in await world.result("GET", "/services")
    prefix_id, cidr = await world.approved()
    body = {"cidr": cidr, "service_id": made["id"]}
    binding = await world.result("POST", f"/prefixes/{prefix_id}/bindings", json=body)
    assert await operator.refusal(f"/services/{made['id']}/retire") == (409, "service_in_use")
    await world.call("DELETE", f"/prefixes/{prefix_id}/bindings/{binding['id']}")
    assert await operator.act(f"/services/{made['id']}/retire") == made
    assert (await operator.last_event())["kind"] == "service.retired"
    assert made not in await operator.result("GET", "/services")
    assert await operator.refusal(f"/services/{made['id']}/retire") == (404, "service_not_offered")
    path = f"/prefixes/{prefix_id}/bindings"
    assert await world.errors("POST", path, json=body) == [
        (422, "service_not_found", "/service_id")
    ]


async def test_a_name_is_offered_once_but_may_come_back(operator: Operator, name: str) -> None:
    made = await operator.act("/services", name=name)
    body = {"reason": WHY, "name": name}
    assert await operator.errors("POST", "/services", json=body) == [
        (409, "service_exists", "/name")
    ]
    await operator.act(f"/services/{made['id']}/retire")
    assert (await operator.act("/services", name=name))["id"] != made["id"]


async def test_a_service_that_serves_parts_cannot_become_default_only(
    world: World, operator: Operator, name: str
) -> None:
    made = await operator.act("/services", name=name)
    path, change = f"/services/{made['id']}", {"reason": WHY, "default_only": True}
    prefix_id, cidr = await world.approved()
    first, part = (
        {"cidr": one, "service_id": made["id"]} for one in (cidr, cidr.replace("/23", "/24"))
    )
    await world.result("POST", f"/prefixes/{prefix_id}/bindings", json=first)
    nested = await world.result("POST", f"/prefixes/{prefix_id}/bindings", json=part)
    assert await operator.errors("PATCH", path, json=change) == [(409, "service_in_use", "")]
    await world.call("DELETE", f"/prefixes/{prefix_id}/bindings/{nested['id']}")
    assert (await operator.result("PATCH", path, json=change))["default_only"] is True
    event = await operator.last_event()
    assert (event["before"]["default_only"], event["after"]["default_only"]) == (False, True)
    assert await world.errors("POST", f"/prefixes/{prefix_id}/bindings", json=part) == [
        (422, "service_default_only", "/service_id")
    ]
    await operator.result("PATCH", path, json={"reason": WHY, "default_only": False})
    await world.result("POST", f"/prefixes/{prefix_id}/bindings", json=part)
