from datetime import timedelta

import pytest

from tests.api.operators import WHY, Operator
from tests.api.test_tenancy import bearer
from tests.api.world import World


async def test_an_account_is_created_read_and_changed_and_each_write_is_an_event(
    operator: Operator,
) -> None:
    made = await operator.act("/accounts", name="  Example Networks ", prefix_quota=3)
    assert (made["name"], made["prefix_quota"], made["prefixes"]) == ("Example Networks", 3, 0)
    created = await operator.last_event()
    assert (created["kind"], created["reason"]) == ("account.created", WHY)
    assert created["actor"].startswith("operator:")
    path = f"/accounts/{made['id']}"
    assert await operator.result("GET", path) == made
    body = {"reason": "grown", "prefix_quota": 5}
    assert await operator.result("PATCH", path, json=body) == made | {"prefix_quota": 5}
    updated = await operator.last_event()
    assert (updated["kind"], updated["reason"]) == ("account.updated", "grown")
    assert updated["before"] == {"account_id": made["id"], "prefix_quota": 3}
    assert updated["after"] == {"account_id": made["id"], "prefix_quota": 5}
    await operator.result("PATCH", path, json=body)
    assert await operator.last_event() == updated, "nothing changed, nothing to tell"


async def test_an_account_shows_how_many_prefixes_it_has(world: World, operator: Operator) -> None:
    await world.prefix()
    shown = await operator.result("GET", f"/accounts/{world.account_id.hex}")
    assert shown["prefixes"] == 1
    path = f"/accounts/{world.account_id.hex}"
    changed = await operator.result("PATCH", path, json={"reason": WHY, "name": "New"})
    assert (changed["name"], changed["prefixes"]) == ("New", 1)


async def test_a_quota_below_what_is_there_keeps_from_more(
    world: World, operator: Operator
) -> None:
    await world.prefix()
    body = {"reason": WHY, "prefix_quota": 0}
    await operator.result("PATCH", f"/accounts/{world.account_id.hex}", json=body)
    assert len(await world.result("GET", "/prefixes")) == 1
    body = {"cidr": "31.2.0.0/23", "asn": 64500}
    assert await world.errors("POST", "/prefixes", json=body) == [(409, "prefix_quota_reached", "")]


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({"name": "x", "prefix_quota": -1}, (422, "field_invalid", "/prefix_quota")),
        ({"name": "x", "prefix_quota": 1001}, (422, "field_invalid", "/prefix_quota")),
        ({"name": " "}, (422, "invalid_text", "/name")),
        ({"name": "x" * 201}, (422, "invalid_text", "/name")),
        ({"name": "a\x1b[2J"}, (422, "invalid_text", "/name")),
        ({"name": "x", "account": "y"}, (422, "field_unknown", "/account")),
    ],
)
async def test_an_account_that_makes_no_sense_is_refused(
    operator: Operator, body: dict[str, object], refusal: tuple[int, str, str]
) -> None:
    assert await operator.errors("POST", "/accounts", json={"reason": WHY, **body}) == [refusal]


async def test_accounts_are_listed_in_pages(operator: Operator) -> None:
    made = {(await operator.act("/accounts", name=f"Customer {n}"))["id"] for n in range(3)}
    seen: list[str] = []
    cursor = ""
    while True:
        answer = (await operator.call("GET", f"/accounts?per_page=2{cursor}")).json()
        seen += [one["id"] for one in answer["result"]]
        if answer["result_info"]["cursor"] is None:
            break
        cursor = f"&cursor={answer['result_info']['cursor']}"
    assert made <= set(seen)
    assert len(set(seen)) == len(seen)


async def test_an_unknown_account_is_not_there(operator: Operator, unknown_id: str) -> None:
    path = f"/accounts/{unknown_id}"
    assert await operator.errors("GET", path) == [(404, "account_not_found", "")]
    body = {"reason": WHY, "name": "x"}
    assert await operator.errors("PATCH", path, json=body) == [(404, "account_not_found", "")]
    refused = await operator.refusal("/credentials", account_id=unknown_id, name="x")
    assert refused == (404, "account_not_found")


async def test_a_token_is_shown_once_works_and_ends(world: World, operator: Operator) -> None:
    account = world.account_id.hex
    made = await operator.act(
        "/credentials", account_id=account, name="ci", scopes=["prefixes:read"]
    )
    token = made.pop("token")
    assert token.startswith("byoip_")
    assert token not in (await operator.call("GET", "/events?per_page=1000")).text
    listed = await operator.result("GET", f"/credentials?account_id={account}&per_page=1000")
    assert made in listed
    assert "token" not in listed[0]
    headers = bearer(token)
    assert (await world.client.get(world.url("/prefixes"), headers=headers)).is_success
    ended = await operator.act(f"/credentials/{made['id']}/revoke")
    assert ended["revoked_at"] is not None
    assert (await world.client.get(world.url("/prefixes"), headers=headers)).status_code == 401
    event = await operator.last_event()
    assert (event["kind"], event["before"]["credential_id"]) == ("credential.revoked", made["id"])
    again = await operator.refusal(f"/credentials/{made['id']}/revoke")
    assert again == (404, "credential_not_found")


async def test_a_repeated_request_does_not_show_the_token_again(
    world: World, operator: Operator
) -> None:
    body = {"reason": WHY, "account_id": world.account_id.hex, "name": "ci"}
    more = {"json": body, "headers": {"idempotency-key": "once"}}
    first = await operator.result("POST", "/credentials", **more)
    assert first["token"]
    again = await operator.result("POST", "/credentials", **more)
    assert again == first | {"token": None}
    account = world.account_id.hex
    every = await operator.result("GET", f"/credentials?account_id={account}&per_page=1000")
    assert [one["id"] for one in every].count(first["id"]) == 1


async def test_an_operators_token_opens_the_operators_side_only(
    world: World, operator: Operator
) -> None:
    made = await operator.act("/credentials", account_id=None, name="second operator")
    assert made["scopes"] == ["operator"]
    other = Operator(world, made["token"])
    assert await other.result("GET", "/events?per_page=1")
    response = await world.client.get(world.url("/prefixes"), headers=bearer(made["token"]))
    assert response.status_code == 404


@pytest.mark.parametrize(
    ("own", "scopes", "refusal"),
    [
        (True, ["operator"], (422, "scopes_refused", "/scopes")),
        (True, ["prefixes:read", "edge:ack"], (422, "scopes_refused", "/scopes")),
        (False, ["prefixes:write"], (422, "scopes_refused", "/scopes")),
        (False, ["operator", "everything"], (422, "field_invalid", "/scopes/1")),
    ],
)
async def test_scopes_of_customers_and_operators_do_not_mix(
    world: World, operator: Operator, own: bool, scopes: list[str], refusal: tuple[int, str, str]
) -> None:
    account = world.account_id.hex if own else None
    body = {"reason": WHY, "account_id": account, "name": "x", "scopes": scopes}
    assert await operator.errors("POST", "/credentials", json=body) == [refusal]


async def test_a_credential_may_expire_but_not_in_the_past(
    world: World, operator: Operator
) -> None:
    until = world.clock.now() + timedelta(days=1)
    body = {"account_id": world.account_id.hex, "name": "x"}
    made = await operator.act("/credentials", **body, expires_at=until.isoformat())
    headers = bearer(made["token"])
    assert (await world.client.get(world.url("/prefixes"), headers=headers)).is_success
    world.clock.advance(timedelta(days=2))
    assert (await world.client.get(world.url("/prefixes"), headers=headers)).status_code == 401
    refused = await operator.refusal("/credentials", **body, expires_at=until.isoformat())
    assert refused == (422, "credential_expiry_refused")


async def test_a_filter_that_is_no_id_is_refused(operator: Operator) -> None:
    assert await operator.errors("GET", "/credentials?account_id=x") == [
        (422, "query_parameter_invalid", "")
    ]
