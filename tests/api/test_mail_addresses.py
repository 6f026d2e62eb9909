"""Addresses of mail over HTTP, as customers see them; what is sent to them: `tests/mail`."""

from dataclasses import replace
from typing import Any

import pytest

from byoip.domain.accounts.credential import Scope
from tests.api.test_rate_limiting import NO_LIMITS, Limited, limited, process
from tests.api.world import World

__all__ = ["limited", "process"]  # fixtures

TO = "noc@example.net"


async def made(world: World, **more: Any) -> dict[str, Any]:
    body = {"address": TO, **more}
    found: dict[str, Any] = await world.result("POST", "/mail_addresses", json=body)
    return found


async def test_one_is_made_read_changed_and_ended(world: World) -> None:
    one = await made(world, topics=["rpki"])
    assert (one["state"], one["code_waiting"], one["topics"]) == ("pending", True, ["rpki"])
    assert not any("sha256" in name for name in one)
    path = f"/mail_addresses/{one['id']}"
    assert await world.result("GET", path) == one
    assert await world.result("GET", "/mail_addresses") == [one]
    changed = await world.result("PATCH", path, json={"topics": []})
    assert changed["topics"] == []
    said = await world.errors("POST", f"{path}/verify", json={"code": "0" * 32})
    assert said == [(422, "mail_code_refused", "/code")]
    assert await world.errors("POST", f"{path}/code") == [(409, "mail_code_too_soon", "")]
    await world.result("DELETE", path)
    assert await world.errors("GET", path) == [(404, "mail_address_not_found", "")]
    assert await world.result("GET", "/mail_addresses") == []


@pytest.mark.parametrize(
    ("body", "name", "pointer"),
    [
        ({"address": f"{TO}\r\nBcc: all@example.com"}, "mail_address_refused", "/address"),
        ({"address": TO, "topics": ["everything"]}, "", "/topics/0"),
        ({"address": TO, "state": "active"}, "unknown_field", "/state"),
        ({}, "missing_field", "/address"),
    ],
)
async def test_what_is_refused(world: World, body: dict[str, Any], name: str, pointer: str) -> None:
    [(status, found, at)] = await world.errors("POST", "/mail_addresses", json=body)
    assert (status, at) == (422, pointer)
    assert found == name or not name or name.endswith("_field")


async def test_one_address_once(world: World) -> None:
    await made(world)
    said = await world.errors("POST", "/mail_addresses", json={"address": "noc@EXAMPLE.net"})
    assert said == [(409, "mail_address_known", "/address")]


async def test_who_may_not_read_events_has_none_sent(world: World) -> None:
    token = await world.credential(world.account_id, [Scope.PREFIXES_WRITE])
    headers = {"authorization": f"Bearer {token}"}
    path = f"/mail_addresses/{(await made(world))['id']}"
    for method, at, body in (
        ("POST", "/mail_addresses", {"address": "other@example.net"}),
        ("PATCH", path, {"topics": []}),
        ("POST", f"{path}/code", None),
        ("POST", f"{path}/verify", {"code": "0" * 32}),
    ):
        found = await world.client.request(method, world.url(at), json=body, headers=headers)
        assert found.status_code == 403, at


async def test_codes_are_paced(limited: Limited) -> None:
    async with limited(replace(NO_LIMITS, preflights_per_account=1)) as there:
        path = f"/mail_addresses/{(await made(there))['id']}"
        for at, body in (("/mail_addresses", {"address": "b@example.net"}), (f"{path}/code", None)):
            said = await there.call("POST", at, json=body)
            assert said.status_code == 429, at


async def test_an_account_has_few_codes_a_day_sent_to_whomever(limited: Limited) -> None:
    """Removing addresses makes room for others; it must not have ever more strangers written to."""
    async with limited(NO_LIMITS) as there:
        for number in range(20):
            one = await made(there, address=f"stranger{number}@example.net")
            await there.result("DELETE", f"/mail_addresses/{one['id']}")
        said = await there.call("POST", "/mail_addresses", json={"address": TO})
        assert (said.status_code, int(said.headers["retry-after"]) > 3600) == (429, True)
