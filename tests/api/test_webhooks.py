"""Webhooks over HTTP, as both sides see them; what is sent to them: `tests/hooks`."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from byoip.domain.accounts.credential import Scope
from tests.api.operators import Operator
from tests.api.test_rate_limiting import NO_LIMITS, Limited, limited, process
from tests.api.world import World

__all__ = ["limited", "process"]  # fixtures

URL = "https://hooks.example.net/byoip"
WHY = {"reason": "It floods a third party."}


async def made(world: World, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = await world.result("POST", "/webhooks", json={"url": URL, **more})
    return found


async def test_one_is_made_read_changed_and_ended(world: World) -> None:
    hook = await made(world, kinds=["rpki.drifted"], description="tickets")
    assert hook.pop("secret").startswith("whsec_")
    assert (hook["state"], hook["test_waiting"], hook["created_by"][:11]) == (
        "pending",
        True,
        "credential:",
    )
    path = f"/webhooks/{hook['id']}"
    assert await world.result("GET", path) == hook
    assert await world.result("GET", "/webhooks") == [hook]
    assert await world.result("GET", f"{path}/deliveries") == []
    changed = await world.result("PATCH", path, json={"enabled": False, "kinds": []})
    assert (changed["state"], changed["disabled_because"], changed["kinds"]) == (
        "disabled",
        "customer",
        [],
    )
    assert await world.errors("POST", f"{path}/test") == [(409, "webhook_not_active", "")]
    changed = await world.result("PATCH", path, json={"enabled": True})
    assert (changed["state"], changed["test_waiting"]) == ("pending", True)
    await world.result("DELETE", path)
    assert await world.errors("GET", path) == [(404, "webhook_not_found", "")]
    assert await world.result("GET", "/webhooks") == []


async def test_a_secret_is_shown_once(world: World) -> None:
    again = {"idempotency-key": "one"}
    first = await world.result("POST", "/webhooks", json={"url": URL}, headers=again)
    second = await world.result("POST", "/webhooks", json={"url": URL}, headers=again)
    assert (first["secret"] is None, second["secret"]) == (False, None)
    assert first["id"] == second["id"]
    path = f"/webhooks/{first['id']}/secret"
    rotated = await world.result("POST", path, headers={"idempotency-key": "two"})
    assert rotated["secret"] not in {None, first["secret"]}
    assert rotated["public_key"] != first["public_key"]
    assert rotated["former_secret_until"] is not None
    repeated = await world.result("POST", path, headers={"idempotency-key": "two"})
    assert repeated["secret"] is None
    assert "secret" not in await world.result("GET", f"/webhooks/{first['id']}")


@pytest.mark.parametrize(
    ("body", "name", "pointer"),
    [
        ({"url": "http://hooks.example.net/"}, "webhook_url_refused", "/url"),
        ({"url": "https://127.0.0.1/"}, "webhook_url_refused", "/url"),
        ({"url": URL, "kinds": ["prefix.*"]}, "unknown_event_kind", "/kinds"),
        ({"url": URL, "kinds": ["endpoint.test"]}, "unknown_event_kind", "/kinds"),
        ({"url": URL, "after": 10**9}, "event_beyond_feed", "/after"),
        ({"url": URL, "after": -1}, "invalid_field", "/after"),
        ({"url": URL, "description": "\u202e"}, "invalid_text", "/description"),
        ({"url": URL, "secret": "mine"}, "unknown_field", "/secret"),
        ({}, "missing_field", "/url"),
    ],
)
async def test_what_is_refused(world: World, body: dict[str, Any], name: str, pointer: str) -> None:
    [(status, found, at)] = await world.errors("POST", "/webhooks", json=body)
    assert (status, at) == (422, pointer)
    assert found == name or name.endswith("_field")


async def test_an_account_has_five(world: World) -> None:
    for _ in range(5):
        await made(world)
    said = await world.errors("POST", "/webhooks", json={"url": URL})
    assert said == [(409, "webhook_quota_reached", "")]


async def test_it_begins_where_it_is_told(world: World) -> None:
    await world.prefix("45.252.0.0/23")
    newest = (await world.result("GET", "/events"))[-1]["number"]
    assert (await made(world))["cursor"] == newest
    hook = await made(world, after=1)
    assert hook["cursor"] == 1
    path = f"/webhooks/{hook['id']}"
    assert (await world.result("POST", f"{path}/replay", json={"after": 0}))["cursor"] == 0
    said = await world.errors("POST", f"{path}/replay", json={"after": newest + 1})
    assert said == [(422, "event_beyond_feed", "/after")]
    said = await world.errors("POST", f"{path}/redeliver", json={"number": 1})
    assert said == [(409, "webhook_not_active", "")]
    assert hook["epoch"] == (await world.call("GET", "/events")).json()["result_info"]["epoch"]


async def test_who_may_not_read_events_has_none_sent(world: World) -> None:
    token = await world.credential(world.account_id, [Scope.PREFIXES_WRITE])
    headers = {"authorization": f"Bearer {token}"}
    hook = await made(world)
    path = f"/webhooks/{hook['id']}"
    for method, at, body in (
        ("POST", "/webhooks", {"url": URL}),
        ("PATCH", path, {"url": "https://other.example.net/"}),
        ("POST", f"{path}/replay", {"after": 0}),
        ("POST", f"{path}/redeliver", {"number": 1}),
        ("POST", f"{path}/secret", None),
    ):
        found = await world.client.request(method, world.url(at), json=body, headers=headers)
        assert found.status_code == 403, at


async def test_another_accounts_is_not_there(world: World) -> None:
    hook = await made(world)
    headers = {"authorization": f"Bearer {world.other_token}"}
    url = world.url(f"/webhooks/{hook['id']}", world.other_account_id)
    calls = [("GET", ""), ("GET", "/deliveries"), ("DELETE", ""), ("POST", "/test")]
    for method, at in calls:
        found = await world.client.request(method, f"{url}{at}", headers=headers)
        assert found.status_code == 404, at
    for at, body in (("/replay", {"after": 0}), ("/redeliver", {"number": 1})):
        assert (
            await world.client.post(f"{url}{at}", json=body, headers=headers)
        ).status_code == 404
    assert (await world.client.post(f"{url}/secret", headers=headers)).status_code == 404
    patched = await world.client.patch(url, json={"enabled": False}, headers=headers)
    assert patched.status_code == 404
    assert (await world.result("GET", f"/webhooks/{hook['id']}"))["state"] == "pending"


async def test_the_operator_lists_stops_and_starts(world: World, operator: Operator) -> None:
    hook = await made(world)
    mine = f"/webhooks?account_id={world.account_id.hex}"
    assert [one["id"] for one in await operator.result("GET", mine)] == [hook["id"]]
    assert "secret" not in (await operator.result("GET", mine))[0]
    path = f"/webhooks/{hook['id']}"
    stopped = await operator.result("POST", f"{path}/disable", json=WHY)
    assert (stopped["state"], stopped["disabled_because"]) == ("disabled", "operator")
    said = await world.errors("PATCH", path, json={"enabled": True})
    assert said == [(409, "webhook_stopped_by_operator", "")]
    await operator.result("POST", f"{path}/enable", json=WHY)
    assert (await world.result("GET", path))["state"] == "pending"
    kinds = [one["kind"] for one in await operator.result("GET", "/events")]
    assert kinds[-2:] == ["webhook.disabled", "webhook.enabled"]
    unknown = f"/webhooks/{UUID(int=1).hex}/disable"
    assert await operator.errors("POST", unknown, json=WHY) == [(404, "webhook_not_found", "")]


async def test_what_has_us_send_out_of_turn_is_paced(limited: Limited) -> None:
    async with limited(replace(NO_LIMITS, preflights_per_account=2)) as there:
        hook = await made(there)
        path = f"/webhooks/{hook['id']}"
        await there.result("POST", f"{path}/test")
        for method, at, body in (
            ("POST", "/webhooks", {"url": URL}),
            ("POST", f"{path}/test", None),
            ("POST", f"{path}/replay", {"after": 0}),
            ("POST", f"{path}/redeliver", {"number": 1}),
            ("PATCH", path, {"url": "https://other.example.net/"}),
            ("PATCH", path, {"enabled": True}),
        ):
            said = await there.call(method, at, json=body)
            assert said.status_code == 429, at
        await there.result("PATCH", path, json={"enabled": False})
        await there.result("DELETE", path)
