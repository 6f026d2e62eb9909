import asyncio

import pytest

from byoip.api.border.refusals import KEY_LIMIT
from tests.api.world import World

KEY = {"idempotency-key": "6f9c2b1e-4d3a"}
BODY = {"cidr": "31.0.0.0/23", "asn": 64500}


async def test_the_same_key_and_body_get_the_same_bytes_and_one_prefix(world: World) -> None:
    first = await world.call("POST", "/prefixes", json=BODY, headers=KEY)
    again = await world.call("POST", "/prefixes", json=BODY, headers=KEY)
    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert first.headers["x-request-id"] != again.headers["x-request-id"]
    assert len(await world.result("GET", "/prefixes")) == 1


async def test_another_body_under_the_same_key_is_refused(world: World) -> None:
    await world.result("POST", "/prefixes", json=BODY, headers=KEY)
    other = {**BODY, "cidr": "31.2.0.0/23"}
    assert await world.errors("POST", "/prefixes", json=other, headers=KEY) == [
        (422, "idempotency_key_reused", "")
    ]


async def test_a_refusal_is_not_kept(world: World) -> None:
    await world.result("POST", "/prefixes", json=BODY)
    [(_, name, _)] = await world.errors("POST", "/prefixes", json=BODY, headers=KEY)
    assert name == "overlaps_own_prefix"
    [made] = await world.result("GET", "/prefixes")
    await world.result("DELETE", f"/prefixes/{made['id']}")
    assert (await world.call("POST", "/prefixes", json=BODY, headers=KEY)).status_code == 201


async def test_a_removal_that_is_repeated_with_its_key_is_answered_as_before(world: World) -> None:
    made = await world.prefix()
    for _ in range(2):
        response = await world.call("DELETE", f"/prefixes/{made['id']}", headers=KEY)
        assert response.status_code == 200


async def test_every_write_takes_a_key(world: World) -> None:
    prefix_id, cidr = await world.approved()
    cdn, other = [await world.service(name) for name in ("CDN", "Spectrum")]
    pending = (await world.prefix())["id"]
    [token] = await world.result("GET", f"/prefixes/{pending}/validation_tokens")
    bindings = f"/prefixes/{prefix_id}/bindings"
    binding = await once(world, "POST", bindings, {"cidr": cidr, "service_id": cdn})
    await once(world, "PATCH", f"{bindings}/{binding}", {"service_id": other})
    await once(world, "DELETE", f"{bindings}/{binding}")
    await once(world, "DELETE", f"/prefixes/{pending}/validation_tokens/{token['id']}")
    await once(world, "POST", f"/prefixes/{pending}/validation_tokens", {"method": "irr"})
    await once(world, "PATCH", f"/prefixes/{pending}", {"description": "x"})
    await once(world, "POST", f"/prefixes/{pending}/validate")
    await once(world, "DELETE", f"/prefixes/{pending}")


async def once(world: World, method: str, path: str, body: object = None) -> str:
    """Send it twice; the id of what it made."""
    first, again = [
        await world.call(method, path, json=body, headers=KEY)
        if body
        else await world.call(method, path, headers=KEY)
        for _ in range(2)
    ]
    assert first.is_success, first.text
    assert (again.status_code, again.content) == (first.status_code, first.content)
    made: dict[str, str] = first.json()["result"] or {}
    return made.get("id", "")


async def test_a_key_belongs_to_one_credential(world: World) -> None:
    await world.result("POST", "/prefixes", json=BODY, headers=KEY)
    world.token = await world.credential(world.account_id)
    [(_, name, _)] = await world.errors("POST", "/prefixes", json=BODY, headers=KEY)
    assert name == "overlaps_own_prefix"


@pytest.mark.parametrize(
    "keys",
    [
        pytest.param([""], id="empty"),
        pytest.param(["a b"], id="a space"),
        pytest.param(["x" * (KEY_LIMIT + 1)], id="too long"),
        pytest.param(["a", "a"], id="twice"),
        pytest.param([b"\xff"], id="not ASCII"),
    ],
)
async def test_a_key_that_cannot_be_kept_is_refused(world: World, keys: list[str | bytes]) -> None:
    headers = [(b"authorization", f"Bearer {world.token}".encode())]
    headers += [(b"idempotency-key", k if isinstance(k, bytes) else k.encode()) for k in keys]
    response = await world.client.post(world.url("/prefixes"), json=BODY, headers=headers)
    assert response.status_code == 400
    assert response.json()["errors"][0]["name"] == "malformed_idempotency_key"


async def test_twins_sent_at_once_make_one_prefix(world: World) -> None:
    calls = [world.call("POST", "/prefixes", json=BODY, headers=KEY) for _ in range(5)]
    responses = await asyncio.gather(*calls)
    made = {one.content for one in responses if one.status_code == 201}
    busy = [one for one in responses if one.status_code != 201]
    assert len(made) == 1
    for one in busy:
        assert one.status_code == 409
        assert one.json()["errors"][0]["name"] == "idempotency_key_busy"
        assert one.headers["retry-after"] == "1"
    assert len(await world.result("GET", "/prefixes")) == 1
