from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from tests.api.world import World

NEW = {"cidr": "31.0.0.0/23", "asn": 64500}


async def test_a_new_prefix_shows_every_member_of_the_contract(world: World) -> None:
    response = await world.call("POST", "/prefixes", json={**NEW, "description": "Cafe\u0301"})
    assert response.status_code == 201
    envelope = response.json()
    assert envelope["success"] is True
    assert (envelope["errors"], envelope["messages"]) == ([], [])
    shown = envelope["result"]
    assert shown.pop("blockers")[0]["name"] == "ownership_pending"
    assert len(shown.pop("id")) == len(shown.pop("ownership_validation_token")) == 32
    closes = datetime.fromisoformat(shown.pop("closes_at"))
    created = shown.pop("created_at")
    assert closes - datetime.fromisoformat(created) == timedelta(days=30)
    assert created == shown.pop("modified_at")
    assert created.endswith("Z")
    assert shown == {
        "account_id": world.account_id.hex,
        "cidr": "31.0.0.0/23",
        "asn": 64500,
        "description": "Caf\u00e9",
        "approved": "P",
        "irr_validation_state": "pending",
        "rpki_validation_state": "pending",
        "ownership_validation_state": "pending",
        "asn_ownership_validation_state": None,
        "delegate_loa_creation": False,
        "loa_document_id": None,
        "standing": "ok",
        "advertisable": False,
        "validation": None,
        "next": None,
        "advertised": None,
        "advertised_modified_at": None,
        "on_demand_enabled": False,
        "on_demand_locked": False,
    }


async def test_what_was_created_is_what_is_read(world: World) -> None:
    made = await world.prefix("2A00:0::/32")
    assert made["cidr"] == "2a00::/32"
    assert await world.result("GET", f"/prefixes/{made['id']}") == made


@pytest.mark.parametrize(
    ("change", "error"),
    [
        pytest.param({"cidr": "31.0.0.1/23"}, "invalid_cidr", id="host bits"),
        pytest.param({"cidr": "31.0.0.0/25"}, "prefix_length_refused", id="too long"),
        pytest.param({"cidr": "10.0.0.0/16"}, "special_purpose_prefix", id="private"),
        pytest.param({"cidr": "20.0.0.0/20"}, "operator_infrastructure", id="the operator's"),
        pytest.param({"asn": -1}, "invalid_asn", id="negative asn"),
        pytest.param({"asn": 64501}, "origin_asn_not_offered", id="another's asn"),
    ],
)
async def test_a_prefix_that_may_not_be_brought_is_refused_at_its_member(
    world: World, change: dict[str, object], error: str
) -> None:
    [(member, _)] = change.items()
    found = await world.errors("POST", "/prefixes", json={**NEW, **change})
    assert found == [(422, error, f"/{member}")]


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        pytest.param({}, {("field_missing", "/cidr"), ("field_missing", "/asn")}, id="nothing"),
        pytest.param({**NEW, "id": "1"}, {("field_unknown", "/id")}, id="unknown member"),
        pytest.param({**NEW, "asn": "64500"}, {("field_invalid", "/asn")}, id="asn as text"),
        pytest.param({**NEW, "asn": True}, {("field_invalid", "/asn")}, id="asn as boolean"),
        pytest.param({**NEW, "asn": 64500.0}, {("field_invalid", "/asn")}, id="asn as float"),
        pytest.param({**NEW, "cidr": None}, {("field_invalid", "/cidr")}, id="null"),
        pytest.param(
            {**NEW, "delegate_loa_creation": 1},
            {("field_invalid", "/delegate_loa_creation")},
            id="a number for a boolean",
        ),
        pytest.param(
            {**NEW, "loa_document_id": "x"}, {("field_invalid", "/loa_document_id")}, id="a letter"
        ),
        pytest.param([], {("field_invalid", "")}, id="not an object"),
    ],
)
async def test_a_body_of_the_wrong_form_is_refused_member_by_member(
    world: World, body: object, errors: set[tuple[str, str]]
) -> None:
    found = await world.errors("POST", "/prefixes", json=body)
    assert {status for status, _, _ in found} == {422}
    assert {(name, pointer) for _, name, pointer in found} == errors


async def test_prefixes_of_one_account_never_overlap_and_clients_need_not_retry(
    world: World,
) -> None:
    await world.prefix("31.0.0.0/22")
    response = await world.call("POST", "/prefixes", json=NEW)
    assert response.status_code == 409
    assert response.headers["x-should-retry"] == "false"
    assert response.json()["errors"][0]["name"] == "overlaps_own_prefix"


async def test_only_the_description_changes(world: World) -> None:
    made = await world.prefix()
    path = f"/prefixes/{made['id']}"
    changed = await world.result("PATCH", path, json={"description": "Berlin"})
    assert changed["description"] == "Berlin"
    assert await world.errors("PATCH", path, json={"description": "x", "asn": 64500}) == [
        (422, "field_unknown", "/asn")
    ]
    assert await world.errors("PATCH", path, json={}) == [(422, "field_missing", "/description")]
    assert (await world.result("GET", path))["description"] == "Berlin"


async def test_a_removed_prefix_is_gone_but_its_history_stays(world: World) -> None:
    made = await world.prefix()
    response = await world.call("DELETE", f"/prefixes/{made['id']}")
    assert response.json() == {"success": True, "errors": [], "messages": [], "result": None}
    assert await world.errors("GET", f"/prefixes/{made['id']}") == [(404, "prefix_not_found", "")]
    assert await world.errors("DELETE", f"/prefixes/{made['id']}") == [
        (404, "prefix_not_found", "")
    ]
    assert await world.result("GET", f"/prefixes/{made['id']}/events")


async def test_a_prefix_with_bindings_cannot_be_removed(world: World) -> None:
    prefix_id, cidr = await world.approved()
    [service, *_] = await world.services()
    body = {"cidr": cidr, "service_id": service.id.hex}
    await world.result("POST", f"/prefixes/{prefix_id}/bindings", json=body)
    assert await world.errors("DELETE", f"/prefixes/{prefix_id}") == [(409, "withdraw_first", "")]


async def test_validation_is_accepted_and_joined(world: World) -> None:
    made = await world.prefix()
    for _ in range(2):
        response = await world.call("POST", f"/prefixes/{made['id']}/validate")
        assert response.status_code == 202
        assert response.json()["result"]["id"] == made["id"]
    assert len(await world.result("GET", f"/prefixes/{made['id']}/validations")) == 1


async def test_validation_takes_an_empty_object_and_nothing_else(world: World) -> None:
    path = f"/prefixes/{(await world.prefix())['id']}/validate"
    assert (await world.call("POST", path, json={})).status_code == 202
    assert await world.errors("POST", path, json={"force": True}) == [
        (422, "field_unknown", "/force")
    ]


async def test_the_list_is_whole_unless_pages_are_asked_for(world: World) -> None:
    made = []
    for index in range(5):
        world.clock.advance(timedelta(seconds=1))
        made.append((await world.prefix(f"31.{index}.0.0/16"))["id"])
    response = (await world.call("GET", "/prefixes")).json()
    assert [one["id"] for one in response["result"]] == made
    assert response["result_info"] == {
        "count": 5,
        "per_page": 1000,
        "cursor": None,
        "total_count": 5,
    }


async def test_pages_follow_each_other_without_gap_or_repetition(world: World) -> None:
    made = [(await world.prefix(f"31.{index}.0.0/16"))["id"] for index in range(5)]
    seen, params = [], {"per_page": "2"}
    while True:
        response = (await world.call("GET", "/prefixes", params=params)).json()
        assert response["result_info"]["total_count"] == 5
        seen += [one["id"] for one in response["result"]]
        if response["result_info"]["cursor"] is None:
            break
        params["cursor"] = response["result_info"]["cursor"]
    assert sorted(seen) == sorted(made)


@pytest.mark.parametrize("bad", ["ABC", "f" * 31, "g" * 32, "F" * 32, "%00" * 32, "é" * 16])
async def test_a_malformed_id_in_the_path_is_400(world: World, bad: str) -> None:
    assert await world.errors("GET", f"/prefixes/{bad}") == [(400, "malformed_id", "")]


async def test_an_id_with_hyphens_is_not_another_spelling(world: World) -> None:
    made = await world.prefix()
    hyphenated = f"{made['id'][:8]}-{made['id'][8:]}"
    assert await world.errors("GET", f"/prefixes/{hyphenated}") == [(400, "malformed_id", "")]
    assert await world.errors("GET", f"/prefixes/{uuid4().hex}") == [(404, "prefix_not_found", "")]
