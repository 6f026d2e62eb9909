from datetime import timedelta
from typing import Any

import pytest

from tests.api.world import World

SECOND, YEAR = timedelta(seconds=1), timedelta(days=365)


def theirs(world: World) -> dict[str, str]:
    return {"authorization": f"Bearer {world.other_token}"}


async def received(world: World, **params: Any) -> dict[str, Any]:
    """What the other account sees of what it was given."""
    response = await world.client.get(
        world.url("/delegations", world.other_account_id), headers=theirs(world), params=params
    )
    assert response.is_success, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def delegated(world: World, **more: Any) -> tuple[str, dict[str, Any]]:
    """An approved prefix, all of it delegated to the other account."""
    prefix_id, cidr = await world.approved()
    path = f"/prefixes/{prefix_id}/delegations"
    body = {"cidr": cidr, "delegated_account_id": world.other_account_id.hex, **more}
    return path, await world.result("POST", path, json=body)


async def test_a_delegation_has_the_contracts_form(world: World) -> None:
    path, made = await delegated(world)
    assert made == {
        "id": made["id"],
        "cidr": made["cidr"],
        "delegated_account_id": world.other_account_id.hex,
        "parent_prefix_id": path.split("/")[2],
        "created_at": made["created_at"],
        "modified_at": made["created_at"],
        "expires_at": None,
    }
    listed = (await world.call("GET", path)).json()
    assert listed["result"] == [made]
    assert listed["result_info"] == {"count": 1, "per_page": 1000, "cursor": None, "total_count": 1}


async def test_ending_one_gives_its_id_and_makes_room(world: World) -> None:
    path, made = await delegated(world)
    assert await world.result("DELETE", f"{path}/{made['id']}") == {"id": made["id"]}
    assert await world.result("GET", path) == []
    assert await world.errors("DELETE", f"{path}/{made['id']}") == [
        (404, "delegation_not_found", "")
    ]
    body = {"cidr": made["cidr"], "delegated_account_id": world.other_account_id.hex}
    assert (await world.call("POST", path, json=body)).status_code == 201


async def test_the_delegate_sees_what_it_was_given_and_nothing_else(world: World) -> None:
    path, made = await delegated(world)
    assert (await received(world))["result"] == [made]
    assert await world.result("GET", "/delegations") == []  # the owner was given nothing
    parent = path.removesuffix("/delegations")
    for method, hidden in [
        ("GET", parent),
        ("PATCH", parent),
        ("DELETE", parent),
        ("GET", f"{parent}/events"),
        ("GET", f"{parent}/bindings"),
        ("GET", path),
        ("DELETE", f"{path}/{made['id']}"),
    ]:
        response = await world.client.request(
            method,
            world.url(hidden, world.other_account_id),
            headers=theirs(world),
            json={"description": "mine"} if method == "PATCH" else None,
        )
        assert (response.status_code, response.json()["errors"][0]["name"]) == (
            404,
            "prefix_not_found",
        ), hidden
    everything = str(await received(world))
    assert world.account_id.hex not in everything


async def test_a_delegate_reads_page_by_page(world: World) -> None:
    made = []
    for _ in range(3):
        made.append((await delegated(world))[1])
        world.clock.advance(SECOND)
    first = await received(world, per_page=2)
    rest = await received(world, cursor=first["result_info"]["cursor"])
    assert [one["id"] for one in first["result"] + rest["result"]] == [one["id"] for one in made]
    assert rest["result_info"] == {"count": 1, "per_page": 50, "cursor": None}


async def test_a_prefixs_delegations_come_in_pages_when_asked_for(world: World) -> None:
    prefix_id, cidr = await world.approved()
    path = f"/prefixes/{prefix_id}/delegations"
    for part in range(3):
        inner = cidr.replace("0/23", f"{part}/32")
        body = {"cidr": inner, "delegated_account_id": world.other_account_id.hex}
        await world.result("POST", path, json=body)
        world.clock.advance(SECOND)
    first = (await world.call("GET", path, params={"per_page": 2})).json()
    cursor = first["result_info"]["cursor"]
    rest = (await world.call("GET", path, params={"cursor": cursor})).json()
    assert [one["cidr"][-4:] for one in first["result"] + rest["result"]] == [
        "0/32",
        "1/32",
        "2/32",
    ]
    assert first["result_info"]["total_count"] == rest["result_info"]["total_count"] == 3


async def test_an_expiry_is_kept_shown_and_comes(world: World) -> None:
    until = (world.clock.now() + YEAR).replace(microsecond=0)
    path, made = await delegated(world, expires_at=until.isoformat())
    assert made["expires_at"] == until.isoformat().replace("+00:00", "Z")
    world.clock.advance(YEAR)
    assert await world.result("GET", path) == (await received(world))["result"] == []
    assert await world.errors("DELETE", f"{path}/{made['id']}") == [
        (404, "delegation_not_found", "")
    ]


@pytest.mark.parametrize(
    ("expires_at", "name"),
    [
        ("2020-01-01T00:00:00Z", "delegation_expiry_refused"),
        ("9999-12-31T23:59:59-23:59", "delegation_expiry_refused"),
        ("0001-01-01T00:00:00+23:59", "delegation_expiry_refused"),
        ("2030-01-01", "field_invalid"),
        ("2030-01-01T00:00:00", "field_invalid"),
        ("2030-02-30T00:00:00Z", "field_invalid"),
        ("2030-01-01T00:00:00+99:00", "field_invalid"),
        ("", "field_invalid"),
        (1893456000, "field_invalid"),
        (True, "field_invalid"),
    ],
)
async def test_an_expiry_that_is_none_is_refused(
    world: World, expires_at: object, name: str
) -> None:
    prefix_id, cidr = await world.approved()
    body = {
        "cidr": cidr,
        "delegated_account_id": world.other_account_id.hex,
        "expires_at": expires_at,
    }
    assert await world.errors("POST", f"/prefixes/{prefix_id}/delegations", json=body) == [
        (422, name, "/expires_at")
    ]


async def test_delegations_that_do_not_fit_are_refused_at_their_member(world: World) -> None:
    path, made = await delegated(world)
    other, cidr = world.other_account_id.hex, made["cidr"]
    free_path = f"/prefixes/{(free := await world.approved())[0]}/delegations"
    cases: list[tuple[str, dict[str, Any], tuple[int, str, str]]] = [
        (path, {"cidr": cidr}, (409, "delegation_overlaps", "/cidr")),
        (path, {"cidr": "8.8.8.0/24"}, (422, "delegation_outside_prefix", "/cidr")),
        (path, {"cidr": "x"}, (422, "invalid_cidr", "/cidr")),
        (
            free_path,
            {"cidr": free[1], "delegated_account_id": world.account_id.hex},
            (422, "delegation_to_owner", "/delegated_account_id"),
        ),
        (
            free_path,
            {"cidr": free[1], "delegated_account_id": "0" * 32},
            (422, "delegated_account_not_found", "/delegated_account_id"),
        ),
        (
            free_path,
            {"cidr": free[1], "delegated_account_id": "them"},
            (422, "field_invalid", "/delegated_account_id"),
        ),
    ]
    for at, body, expected in cases:
        full = {"delegated_account_id": other, **body}
        assert await world.errors("POST", at, json=full) == [expected], body


async def test_an_unapproved_prefix_delegates_nothing_to_any_account(world: World) -> None:
    prefix = await world.prefix()
    for named in (world.other_account_id.hex, "0" * 32):
        body = {"cidr": prefix["cidr"], "delegated_account_id": named}
        assert await world.errors("POST", f"/prefixes/{prefix['id']}/delegations", json=body) == [
            (409, "prefix_not_valid_and_approved", "")
        ]


async def test_a_delegation_is_in_its_prefixs_history_and_goes_with_the_prefix(
    world: World,
) -> None:
    path, made = await delegated(world)
    parent = path.removesuffix("/delegations")
    assert (await world.call("DELETE", parent)).status_code == 200
    assert (await received(world))["result"] == []
    events = await world.result("GET", f"{parent}/events")
    told = [one for one in events if one["kind"].startswith("delegation.")]
    assert [one["kind"] for one in told] == ["delegation.created", "delegation.ended"]
    assert told[0]["after"]["delegation_id"] == told[1]["before"]["delegation_id"] == made["id"]


async def test_a_repeated_key_delegates_once(world: World) -> None:
    prefix_id, cidr = await world.approved()
    path = f"/prefixes/{prefix_id}/delegations"
    body = {"cidr": cidr, "delegated_account_id": world.other_account_id.hex}
    headers = {"idempotency-key": "once"}
    first = await world.call("POST", path, json=body, headers=headers)
    assert first.status_code == 201
    again = await world.call("POST", path, json=body, headers=headers)
    assert (again.status_code, again.content) == (201, first.content)
