"""Stumbles 1 and 40: from nothing but a token to the account that it opens, as v4 clients ask."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest
from cloudflare import AsyncCloudflare

from byoip.api.application import create_application
from byoip.domain.accounts.credential import CUSTOMER_SCOPES, Credential, Scope
from tests.accounts import Accounts
from tests.api.operators import Operator
from tests.api.test_operations import fresh
from tests.api.test_tenancy import bearer, outcome
from tests.api.world import World, new_account

ACCOUNTS = "/client/v4/accounts"
VERIFY = "/client/v4/user/tokens/verify"


@asynccontextmanager
async def official(world: World, token: str) -> AsyncIterator[AsyncCloudflare]:
    transport = httpx.ASGITransport(create_application(fresh(world.backend)))
    async with AsyncCloudflare(
        api_token=token,
        base_url="http://byoip.test/client/v4",
        http_client=httpx.AsyncClient(transport=transport),
        _strict_response_validation=True,
    ) as client:
        yield client


async def test_01_a_customers_token_leads_to_its_account_and_the_iterator_ends(
    world: World,
) -> None:
    async with official(world, world.token) as client:
        [account] = [one async for one in client.accounts.list(per_page=50)]
        assert account.id == world.account_id.hex
        read = await client.accounts.get(account_id=account.id)
        assert read == account
        verified = await client.user.tokens.verify()
        assert verified is not None
        assert verified.status == "active"


async def test_40_an_operators_iterator_ends_after_sixty_accounts(
    world: World, operator: Operator
) -> None:
    made = {(await new_account(world.backend)).hex for _ in range(60)}
    expected = made | {world.account_id.hex, world.other_account_id.hex}
    async with official(world, operator.token) as client:
        found = [one.id async for one in client.accounts.list(per_page=20)]
        assert len(found) == len(expected)
        assert set(found) == expected
        turned = [one.id async for one in client.accounts.list(per_page=20, direction="desc")]
        assert turned == found[::-1]


async def test_pages_have_numbers_and_one_beyond_the_end_is_empty(
    world: World, operator: Operator
) -> None:
    named = await operator.act("/accounts", name="Uncommon")
    own, other = world.account_id.hex, world.other_account_id.hex
    headers = bearer(operator.token)

    async def page(query: str) -> tuple[list[str], dict[str, int]]:
        told = (await world.client.get(f"{ACCOUNTS}?{query}", headers=headers)).json()
        return [one["id"] for one in told["result"]], told["result_info"]

    assert await page("page=1&per_page=2") == (
        [named["id"], own],  # the tests' clock is behind
        {"count": 2, "page": 1, "per_page": 2, "total_count": 3},
    )
    assert await page("page=2&per_page=2") == (
        [other],
        {"count": 1, "page": 2, "per_page": 2, "total_count": 3},
    )
    assert await page("page=3&per_page=2") == (
        [],
        {"count": 0, "page": 3, "per_page": 2, "total_count": 3},
    )
    assert await page("name=Uncommon") == (
        [named["id"]],
        {"count": 1, "page": 1, "per_page": 50, "total_count": 1},
    )
    assert (await page("name=uncommon"))[0] == []


async def test_a_customer_sees_its_own_account_alone(world: World) -> None:
    headers = bearer(world.token)

    async def listed(query: str = "") -> list[str]:
        told = (await world.client.get(f"{ACCOUNTS}{query}", headers=headers)).json()
        return [one["id"] for one in told["result"]]

    own = world.account_id.hex
    assert await listed() == await listed("?name=Example&direction=desc") == [own]
    assert await listed("?page=2") == await listed("?name=Other") == []
    other = await world.client.get(f"{ACCOUNTS}/{world.other_account_id.hex}", headers=headers)
    assert outcome(other) == (404, "account_not_found")
    unknown = await world.client.get(f"{ACCOUNTS}/{uuid4().hex}", headers=headers)
    assert outcome(unknown) == (404, "account_not_found")


async def test_an_edges_token_sees_no_accounts(world: World) -> None:
    headers = bearer(await world.credential(None, [Scope.EDGE_READ, Scope.EDGE_ACK]))
    for path in (ACCOUNTS, f"{ACCOUNTS}/{world.account_id.hex}"):
        assert outcome(await world.client.get(path, headers=headers)) == (403, "scope_missing")
    verified = (await world.client.get(VERIFY, headers=headers)).json()["result"]
    assert (verified["account_id"], verified["scopes"]) == (None, ["edge:ack", "edge:read"])


async def test_40_verify_says_what_the_token_is_good_for(world: World) -> None:
    ends = world.clock.now() + timedelta(days=1)
    made = Credential(uuid4(), world.account_id, "ci", CUSTOMER_SCOPES, world.clock.now(), ends)
    await Accounts(world.backend.border.store).add_credential(made, "a" * 40)
    told = (await world.client.get(VERIFY, headers=bearer("a" * 40))).json()["result"]
    assert told == {
        "id": made.id.hex,
        "status": "active",
        "expires_on": f"{ends:%Y-%m-%dT%H:%M:%S.%fZ}",
        "not_before": None,
        "account_id": world.account_id.hex,
        "scopes": sorted(CUSTOMER_SCOPES),
    }


@pytest.mark.parametrize("path", [ACCOUNTS, VERIFY])
async def test_a_token_that_is_no_longer_good_gets_401(world: World, path: str) -> None:
    for token in (
        await world.credential(world.account_id, expired=True),
        await world.credential(world.account_id, revoked=True),
        "f" * 40,
    ):
        refused = await world.client.get(path, headers=bearer(token))
        assert outcome(refused) == (401, "not_authenticated")


@pytest.mark.parametrize("query", ["page=0", "page=1000001", "per_page=1001", "direction=up"])
async def test_a_page_out_of_bounds_is_refused(world: World, query: str) -> None:
    refused = await world.client.get(f"{ACCOUNTS}?{query}", headers=bearer(world.token))
    assert outcome(refused) == (422, "query_parameter_invalid")
