"""Stumbles 8, 12, 13, 36 to 39: refusals name what was meant, and what v4 clients send is taken."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from byoip.api.application import create_application
from tests.api.bound import bound
from tests.api.test_operations import fresh
from tests.api.test_tenancy import bearer
from tests.api.world import World


async def said(world: World, method: str, path: str, body: object) -> tuple[int, str]:
    answered = await world.call(method, path, json=body)
    [error] = answered.json()["errors"]
    return answered.status_code, error["message"]


async def test_08_a_member_that_stands_a_level_deeper_is_named(world: World) -> None:
    path = f"/prefixes/{'0' * 32}/bgp/prefixes/{'0' * 32}"
    assert await said(world, "PATCH", path, {"advertised": True}) == (
        422,
        "There is no such member, or it cannot be changed. Did you mean on_demand.advertised?",
    )


@pytest.mark.parametrize(
    ("member", "meant"), [("descripton", "description"), ("prefix", None), ("d" * 5000, None)]
)
async def test_08_a_member_that_is_misspelt_is_named(
    world: World, member: str, meant: str | None
) -> None:
    hint = f" Did you mean {meant}?" if meant else ""
    body = {"cidr": "31.0.0.0/23", "asn": 64500, member: "x"}
    assert await said(world, "POST", "/prefixes", body) == (
        422,
        f"There is no such member, or it cannot be changed.{hint}",
    )


@pytest.mark.parametrize(
    ("given", "network"),
    [("31.0.5.0/22", "31.0.4.0/22"), ("2A00:db8:0:1::1/48", "2a00:db8::/48")],
)
async def test_12_host_bits_name_the_network(world: World, given: str, network: str) -> None:
    status, message = await said(world, "POST", "/prefixes", {"cidr": given, "asn": 64500})
    assert status == 422
    assert message.endswith(f"it has host bits set; its network is {network}.")


async def blocker(world: World, prefix_id: str) -> str:
    shown = await world.result("GET", f"/prefixes/{prefix_id}")
    [message] = [
        one["message"] for one in shown["blockers"] if one["name"] == "ownership_token_needed"
    ]
    return str(message)


async def test_13_an_expired_token_says_since_when(world: World) -> None:
    prefix_id = (await world.prefix())["id"]
    [token] = await world.result("GET", f"/prefixes/{prefix_id}/validation_tokens")
    world.clock.advance(timedelta(days=31))
    told = await blocker(world, prefix_id)
    assert told.startswith(f"The token expired at {token['expires_at'][:19]}Z. Ask for validation")


async def test_13_a_revoked_token_says_so(world: World) -> None:
    prefix_id = (await world.prefix())["id"]
    [token] = await world.result("GET", f"/prefixes/{prefix_id}/validation_tokens")
    await world.result("DELETE", f"/prefixes/{prefix_id}/validation_tokens/{token['id']}")
    assert await blocker(world, prefix_id) == (
        "No token is in force: the last one was revoked. Issue one (POST .../validation_tokens)."
    )


async def test_36_head_is_get_without_its_content_and_does_not_wait(world: World) -> None:
    prefix_id = (await world.prefix())["id"]
    logged = httpx.ASGITransport(create_application(fresh(world.backend)))
    headers = bearer(world.token)
    async with httpx.AsyncClient(transport=logged, base_url="http://byoip.test") as client:
        path = world.url(f"/prefixes/{prefix_id}")
        got, headed = (
            await client.get(path, headers=headers),
            await client.head(path, headers=headers),
        )
        assert (headed.status_code, headed.content) == (200, b"")
        same = ("etag", "content-length", "content-type")
        assert [headed.headers[name] for name in same] == [got.headers[name] for name in same]
        missing = await client.head(world.url(f"/prefixes/{'0' * 32}"), headers=headers)
        assert missing.status_code == 404
        assert (await client.head(path)).status_code == 401
        last = (await world.result("GET", "/events"))[-1]["number"]
        waits = f"{world.url('/events')}?after={last}&%77ait=30"
        async with asyncio.timeout(20):
            assert (await client.head(waits, headers=headers)).status_code == 200
        stream = "/client/v4/operator/edge/changes/stream"
        assert (await client.head(stream, headers=headers)).status_code == 405
        scraped = (await client.get("/metrics")).text
        assert 'method="any",route="/client/v4/accounts/{account_id}/addressing/prefixes' in scraped


async def test_37_a_prefix_without_a_default_binding_is_not_advertised(world: World) -> None:
    prefix_id, cidr = await world.approved()
    read = await world.call("GET", f"/prefixes/{prefix_id}/bgp/status")
    never = {"advertised": False, "advertised_modified_at": None}
    assert read.json()["result"] == never
    prefix = await world.call("GET", f"/prefixes/{prefix_id}")
    assert read.headers["etag"] == prefix.headers["etag"]
    body = {"cidr": cidr, "service_id": await world.service("CDN")}
    await world.result("POST", f"/prefixes/{prefix_id}/bindings", json=body)
    assert await world.result("GET", f"/prefixes/{prefix_id}/bgp/status") == never
    missing = await world.call("GET", f"/prefixes/{'0' * 32}/bgp/status")
    assert missing.status_code == 404


async def test_38_null_is_as_good_as_nothing(world: World) -> None:
    nothing: dict[str, Any] = {
        "description": None,
        "delegate_loa_creation": None,
        "loa_document_id": None,
    }
    made = await world.prefix(**nothing)
    assert (made["description"], made["delegate_loa_creation"]) == ("", False)
    assert made["loa_document_id"] is None


async def test_38_an_empty_on_demand_changes_nothing(world: World) -> None:
    _, _, path = await bound(world)
    route = await world.result("GET", path)
    empty: tuple[dict[str, Any], ...] = ({"on_demand": {}}, {"on_demand": {"advertised": None}})
    for body in empty:
        answered = await world.call("PATCH", path, json=body)
        assert answered.status_code == 200, answered.text
        assert answered.json()["result"] == route
        assert "no_change" in {one["name"] for one in answered.json()["messages"]}


async def test_39_the_limit_of_one_prefix_says_so(world: World) -> None:
    prefix_id = (await world.prefix())["id"]
    for _ in range(50):
        answered = await world.call("POST", f"/prefixes/{prefix_id}/validate")
        if answered.status_code == 429:
            break
    [error] = answered.json()["errors"]
    assert error["message"] == (
        "Too many requests of this kind for this prefix: wait for Retry-After."
    )
