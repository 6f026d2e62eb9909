"""BGP prefixes over HTTP: members, messages, refusals by name."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.api.application import create_application
from byoip.api.border.messages import MESSAGES
from byoip.api.problems.problems import PROBLEMS
from tests.api.bound import bound, roas
from tests.api.operators import WHY, Operator
from tests.api.test_tenancy import bearer
from tests.api.world import World

UP, DOWN = {"on_demand": {"advertised": True}}, {"on_demand": {"advertised": False}}


@pytest.fixture
def engine(own_engine: AsyncEngine) -> AsyncEngine:
    """A database of its own: ROA data is the same for all accounts."""
    return own_engine


def names(response: httpx.Response) -> list[str]:
    return [one["name"] for one in response.json()["messages"]]


async def test_a_route_as_v4_clients_know_it_and_as_we_tell_it(
    world: World, engine: AsyncEngine, tmp_path: Path
) -> None:
    path, cidr, route = await bound(world)
    await roas(world, engine, tmp_path, cidr)
    made = await world.result("GET", route)
    assert made == {
        "id": route[-32:],
        "cidr": cidr,
        "asn": 64500,
        "asn_prepend_count": 0,
        "auto_advertise_withdraw": False,
        "bgp_signal_opts": {"enabled": False, "modified_at": None},
        "on_demand": {
            "advertised": False,
            "advertised_modified_at": None,
            "on_demand_enabled": True,
            "on_demand_locked": False,
        },
        "created_at": made["created_at"],
        "modified_at": made["created_at"],
        "desired": {"advertised": False, "at": None},
        "applied": {"advertised": False, "at": None},
        "observed": {"advertised": None, "at": None, "by": None, "own_word": None},
        "waiting_for": None,
    }
    announced = await world.result("PATCH", route, json={**UP, "asn_prepend_count": 2})
    assert announced["on_demand"]["advertised"] is announced["desired"]["advertised"] is True
    assert announced["desired"]["at"] == announced["on_demand"]["advertised_modified_at"]
    assert announced["applied"] == {"advertised": False, "at": None}  # no speaker has confirmed
    assert announced["asn_prepend_count"] == 2
    assert await world.result("GET", route) == announced
    prefix = await world.result("GET", path)
    # Of the prefix that means applied, and there is no speaker.
    assert (prefix["advertised"], prefix["on_demand_enabled"]) == (None, True)
    assert prefix["advertised_modified_at"] is None
    assert (prefix["advertisable"], prefix["blockers"]) == (True, [])


async def test_a_wish_that_is_fulfilled_is_answered_with_a_message(
    world: World, engine: AsyncEngine, tmp_path: Path
) -> None:
    _, cidr, route = await bound(world)
    await roas(world, engine, tmp_path, cidr)
    first = await world.call("PATCH", route, json=UP)
    again = await world.call("PATCH", route, json=UP)
    assert names(first) == ["no_speakers", "no_speaker"]
    assert names(again) == ["no_change", "no_speakers", "no_speaker"]
    assert again.json()["result"] == first.json()["result"]
    assert again.headers["etag"] == first.headers["etag"]
    speaking = replace(world.backend, speaks=True, metrics=CollectorRegistry())
    transport = httpx.ASGITransport(create_application(speaking))
    async with httpx.AsyncClient(transport=transport, base_url="http://byoip.test") as client:
        url, headers = world.url(route), bearer(world.token)
        assert names(await client.patch(url, headers=headers, json=UP)) == [
            "no_change",
            "not_yet_applied",
        ]
        assert names(await client.patch(url, headers=headers, json=DOWN)) == []


def test_messages_have_codes_of_their_own() -> None:
    codes = [one.code for one in MESSAGES] + [one.code for one in PROBLEMS.values()]
    assert len(set(codes)) == len(codes)
    assert not {one.name for one in MESSAGES} & {kind.name for kind in PROBLEMS}


@pytest.mark.parametrize(
    ("body", "name", "pointer"),
    [
        ({"auto_advertise_withdraw": True}, "not_supported", "/auto_advertise_withdraw"),
        ({"bgp_signal_opts": {"enabled": True}}, "not_supported", "/bgp_signal_opts/enabled"),
        ({"asn_prepend_count": 4}, "field_invalid", "/asn_prepend_count"),
        ({"asn_prepend_count": -1}, "field_invalid", "/asn_prepend_count"),
        ({"asn_prepend_count": "1"}, "field_invalid", "/asn_prepend_count"),
        ({"asn_prepend_count": True}, "field_invalid", "/asn_prepend_count"),
        ({"on_demand": {"advertised": "true"}}, "field_invalid", "/on_demand/advertised"),
        ({"on_demand": {"advertized": True}}, "field_unknown", "/on_demand/advertized"),
        ({"cidr": "31.0.0.0/24"}, "field_unknown", "/cidr"),
    ],
)
async def test_a_wish_is_read_strictly(
    world: World, body: dict[str, Any], name: str, pointer: str
) -> None:
    _, _, route = await bound(world)
    assert (422, name, pointer) in await world.errors("PATCH", route, json=body)


async def test_members_with_one_value_may_be_sent_with_it(world: World) -> None:
    _, _, route = await bound(world)
    body = {"auto_advertise_withdraw": False, "bgp_signal_opts": {"enabled": False}}
    assert "no_change" in names(await world.call("PATCH", route, json=body))


async def test_refusals_by_name(world: World, engine: AsyncEngine, tmp_path: Path) -> None:
    path, cidr, route = await bound(world)

    async def refused(method: str, where: str, **more: Any) -> str:
        [(_, name, _)] = await world.errors(method, where, **more)
        return name

    assert await refused("PATCH", route, json=UP) == "origin_unanswered"
    await roas(world, engine, tmp_path, "30.0.0.0/8")
    assert await refused("PATCH", route, json=UP) == "origin_not_valid"
    await roas(world, engine, tmp_path, cidr)
    await world.result("PATCH", route, json=UP)
    [binding] = await world.result("GET", f"{path}/bindings")
    for where in (route, path, f"{path}/bindings/{binding['id']}"):
        response = await world.call("DELETE", where)
        assert response.status_code == 409
        assert response.headers["x-should-retry"] == "false"
        assert response.json()["errors"][0]["name"] == "withdraw_first"
    pending = (await world.prefix())["id"]
    body = {"cidr": "31.0.0.0/24"}
    posting = f"/prefixes/{pending}/bgp/prefixes"
    assert await refused("POST", posting, json=body) == "prefix_not_valid_and_approved"
    bare, inside = await world.approved()
    body = {"cidr": inside.replace("/23", "/24")}
    posting = f"/prefixes/{bare}/bgp/prefixes"
    assert await refused("POST", posting, json=body) == "incomplete_bgp_deployment"


async def test_parts_are_added_listed_in_pages_and_removed(world: World) -> None:
    path, cidr, _ = await bound(world)
    world.clock.advance(timedelta(seconds=1))
    part = cidr.replace("/23", "/24")
    made = await world.call("POST", f"{path}/bgp/prefixes", json={"cidr": part})
    assert made.status_code == 201
    whole = await world.call("GET", f"{path}/bgp/prefixes")
    assert [one["cidr"] for one in whole.json()["result"]] == [cidr, part]
    assert whole.json()["result_info"]["total_count"] == 2
    first = await world.call("GET", f"{path}/bgp/prefixes", params={"per_page": 1})
    cursor = first.json()["result_info"]["cursor"]
    rest = await world.result("GET", f"{path}/bgp/prefixes", params={"cursor": cursor})
    assert [one["cidr"] for one in rest] == [part]
    where = f"{path}/bgp/prefixes/{made.json()['result']['id']}"
    await world.result("DELETE", where)
    assert await world.errors("GET", where) == [(404, "bgp_prefix_not_found", "")]


async def test_the_deprecated_status_acts_on_the_whole_prefix(
    world: World, engine: AsyncEngine, tmp_path: Path
) -> None:
    path, cidr, route = await bound(world)
    await roas(world, engine, tmp_path, cidr)
    status = f"{path}/bgp/status"
    nothing = {"advertised": False, "advertised_modified_at": None}
    assert await world.result("GET", status) == nothing
    up = await world.result("PATCH", status, json={"advertised": True})
    assert up["advertised"] is True
    assert (await world.result("GET", route))["desired"]["advertised"] is True
    assert await world.result("GET", status) == up
    again = await world.call("PATCH", status, json={"advertised": True})
    assert "no_change" in names(again)
    assert (await world.result("PATCH", status, json={"advertised": False}))["advertised"] is False
    bare, _ = await world.approved()
    assert await world.result("GET", f"/prefixes/{bare}/bgp/status") == nothing


async def test_a_repeated_key_gets_the_first_answer(
    world: World, engine: AsyncEngine, tmp_path: Path
) -> None:
    _, cidr, route = await bound(world)
    await roas(world, engine, tmp_path, cidr)
    key = {"idempotency-key": "announce-1"}
    first = await world.call("PATCH", route, json=UP, headers=key)
    await world.result("PATCH", route, json=DOWN)
    again = await world.call("PATCH", route, json=UP, headers=key)
    assert again.content == first.content
    assert (await world.result("GET", route))["desired"]["advertised"] is False


async def test_a_write_holds_against_the_tag_of_the_prefix(
    world: World, engine: AsyncEngine, tmp_path: Path
) -> None:
    path, cidr, route = await bound(world)
    await roas(world, engine, tmp_path, cidr)
    tag = (await world.call("GET", path)).headers["etag"]
    assert (await world.call("GET", route)).headers["etag"] == tag
    up = await world.call("PATCH", route, json=UP, headers={"if-match": tag})
    assert up.headers["etag"] != tag
    late = await world.call("PATCH", route, json=DOWN, headers={"if-match": tag})
    assert late.status_code == 412


async def test_the_operator_locks_a_route_and_its_owner_is_told(
    world: World, engine: AsyncEngine, operator: Operator, tmp_path: Path
) -> None:
    path, cidr, route = await bound(world)
    await roas(world, engine, tmp_path, cidr)
    await world.result("PATCH", route, json=UP)
    [listed] = await operator.result("GET", f"{path}/bgp/prefixes")
    assert listed == await world.result("GET", route)
    locked = await operator.act(f"{route}/lock")
    assert locked["on_demand"]["on_demand_locked"] is True
    assert locked == await world.result("GET", route)
    assert (await world.result("GET", path))["on_demand_locked"] is True
    refused = [(409, "locked_by_operator", "")]
    for body in (DOWN, {"asn_prepend_count": 2}):
        assert await world.errors("PATCH", route, json=body) == refused
    assert await world.errors("PATCH", f"{path}/bgp/status", json={"advertised": False}) == refused
    assert await world.errors("POST", f"{path}/offboard") == refused
    again = await operator.call("POST", f"{route}/lock", json={"reason": WHY})
    assert names(again) == ["no_change"]
    [told] = [
        one
        for one in await world.result("GET", f"{path}/events?per_page=1000")
        if one["kind"] == "bgp_prefix.locked"
    ]
    assert told["after"]["reason"] == WHY
    assert told["actor"].startswith("operator")
    unlocked = await operator.act(f"{route}/unlock")
    assert unlocked["on_demand"]["on_demand_locked"] is False
    assert await world.result("PATCH", route, json=DOWN)


async def test_a_lock_wants_a_reason_and_a_route(world: World, operator: Operator) -> None:
    path, _, route = await bound(world)
    [(status, name, pointer)] = await operator.errors("POST", f"{route}/lock", json={})
    assert (status, name, pointer) == (422, "field_missing", "/reason")
    assert await operator.refusal(f"{path}/bgp/prefixes/{'0' * 32}/lock") == (
        404,
        "bgp_prefix_not_found",
    )
