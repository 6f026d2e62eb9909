from typing import Any

from tests.api.world import World


async def bound(world: World) -> tuple[str, str, dict[str, Any]]:
    """An approved prefix with its default binding."""
    prefix_id, cidr = await world.approved()
    cdn = await world.service("CDN")
    path = f"/prefixes/{prefix_id}/bindings"
    return path, cidr, await world.result("POST", path, json={"cidr": cidr, "service_id": cdn})


SEEDED = {"CDN", "Magic Transit", "Spectrum"}  # other tests offer more, in the same database


async def test_services_are_listed_by_name(world: World) -> None:
    response = (await world.call("GET", "/services")).json()
    names = [one["name"] for one in response["result"]]
    assert names == sorted(names)
    assert set(names) >= SEEDED
    assert set(response["result"][0]) == {"id", "name"}
    assert response["result_info"]["total_count"] == len(names)


async def test_services_come_in_pages_when_asked_for(world: World) -> None:
    pages = [(await world.call("GET", "/services?per_page=2")).json()]
    while cursor := pages[-1]["result_info"]["cursor"]:
        asked = {"per_page": 2, "cursor": cursor}
        pages.append((await world.call("GET", "/services", params=asked)).json())
    assert all(len(page["result"]) == 2 for page in pages[:-1])
    assert [one for page in pages for one in page["result"]] == await world.result(
        "GET", "/services"
    )


async def test_a_binding_shows_its_service(world: World) -> None:
    path, cidr, binding = await bound(world)
    assert binding == {
        "id": binding["id"],
        "cidr": cidr,
        "service_id": await world.service("CDN"),
        "service_name": "CDN",
        "provisioning": {"state": "active"},
    }
    assert await world.result("GET", f"{path}/{binding['id']}") == binding
    response = (await world.call("GET", path)).json()
    assert response["result"] == [binding]
    assert response["result_info"]["total_count"] == 1


async def test_a_swap_changes_the_service_and_keeps_the_binding(world: World) -> None:
    path, _, binding = await bound(world)
    other = await world.service("Spectrum")
    swapped = await world.result("PATCH", f"{path}/{binding['id']}", json={"service_id": other})
    assert swapped == {**binding, "service_id": other, "service_name": "Spectrum"}
    assert await world.result("GET", path) == [swapped]


async def test_bindings_nest_and_the_default_goes_last(world: World) -> None:
    path, cidr, default = await bound(world)
    inner = cidr.replace("/23", "/32")
    nested = await world.result(
        "POST", path, json={"cidr": inner, "service_id": default["service_id"]}
    )
    assert await world.errors("DELETE", f"{path}/{default['id']}") == [
        (409, "default_binding_in_use", "")
    ]
    for binding in (nested, default):
        assert (await world.call("DELETE", f"{path}/{binding['id']}")).status_code == 200
    assert await world.result("GET", path) == []
    assert await world.errors("GET", f"{path}/{default['id']}") == [(404, "binding_not_found", "")]


async def test_bindings_that_do_not_fit_are_refused_at_their_member(world: World) -> None:
    path, cidr, default = await bound(world)
    cdn, whole_only = default["service_id"], await world.service("Magic Transit")
    part = cidr.replace("/23", "/24")
    cases: list[tuple[dict[str, Any], tuple[int, str, str]]] = [
        ({"cidr": cidr, "service_id": cdn}, (409, "binding_exists", "/cidr")),
        ({"cidr": "8.8.8.0/24", "service_id": cdn}, (422, "binding_outside_prefix", "/cidr")),
        ({"cidr": "x", "service_id": cdn}, (422, "invalid_cidr", "/cidr")),
        ({"cidr": part, "service_id": "0" * 32}, (422, "service_not_found", "/service_id")),
        ({"cidr": part, "service_id": whole_only}, (422, "service_default_only", "/service_id")),
        ({"cidr": part, "service_id": "CDN"}, (422, "field_invalid", "/service_id")),
        ({"cidr": part, "service_id": 5}, (422, "field_invalid", "/service_id")),
    ]
    for body, expected in cases:
        assert await world.errors("POST", path, json=body) == [expected], body


async def test_an_unapproved_prefix_binds_nothing(world: World) -> None:
    made = await world.prefix()
    body = {"cidr": made["cidr"], "service_id": await world.service("CDN")}
    assert await world.errors("POST", f"/prefixes/{made['id']}/bindings", json=body) == [
        (409, "prefix_not_valid_and_approved", "")
    ]


async def test_the_first_binding_spans_the_prefix(world: World) -> None:
    prefix_id, cidr = await world.approved()
    body = {"cidr": cidr.replace("/23", "/24"), "service_id": await world.service("CDN")}
    assert await world.errors("POST", f"/prefixes/{prefix_id}/bindings", json=body) == [
        (409, "default_binding_first", "/cidr")
    ]
