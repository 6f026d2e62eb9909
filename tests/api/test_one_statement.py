"""Speed, 2: a prefix is read in one statement with the credential, and judged in the old order."""

from dataclasses import replace
from typing import Any

import psycopg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.api.border.rate_limiting import RequestLimiter
from byoip.domain.accounts.credential import Scope
from byoip.domain.accounts.limits import Limits
from byoip.store.accounts.credentials import LAST_USE_WRITTEN
from byoip.store.accounts.rate_limits import RateWindows
from tests.api.test_tenancy import bearer
from tests.api.world import World

_PERMITS = "rate_windows"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement that the driver sends, but BEGIN and COMMIT, and leases of permits."""
    sent: list[str] = []
    execute = psycopg.AsyncCursor.execute

    async def counted(self: Any, query: Any, *given: Any, **how: Any) -> Any:
        text = query.decode() if isinstance(query, bytes) else str(query)
        sent.extend([text] if _PERMITS not in text else [])
        return await execute(self, query, *given, **how)

    monkeypatch.setattr(psycopg.AsyncCursor, "execute", counted)
    return sent


async def test_a_prefix_is_one_statement_and_once_a_minute_its_last_use_another(
    world: World, asked: list[str]
) -> None:
    path = f"/prefixes/{(await world.prefix())['id']}"
    whole = await world.result("GET", path)
    del asked[:]
    for _ in range(5):
        assert await world.result("GET", path) == whole
    assert len(asked) == 5, asked
    world.clock.advance(LAST_USE_WRITTEN)
    del asked[:]
    await world.result("GET", path)
    assert len(asked) == 2
    assert "UPDATE credentials" in asked[1]


async def test_what_was_read_beside_is_shown_to_nobody_who_may_not_see_it(world: World) -> None:
    made = await world.prefix()
    path, url = f"/prefixes/{made['id']}", world.url(f"/prefixes/{made['id']}")
    told = {
        "another account's": bearer(world.other_token),
        "revoked": bearer(await world.credential(world.account_id, revoked=True)),
        "expired": bearer(await world.credential(world.account_id, expired=True)),
        "without the scope": bearer(
            await world.credential(world.account_id, [Scope.PREFIXES_WRITE])
        ),
        "an operator's": bearer(await world.credential(None, [Scope.OPERATOR])),
        "unknown": bearer("x" * 40),
    }
    found = {who: (await world.client.get(url, headers=how)) for who, how in told.items()}
    assert {who: one.status_code for who, one in found.items()} == {
        "another account's": 404,
        "revoked": 401,
        "expired": 401,
        "without the scope": 403,
        "an operator's": 404,
        "unknown": 401,
    }
    assert not any(made["cidr"] in one.text for one in found.values())
    theirs = world.url(path, world.other_account_id)
    assert (await world.client.get(theirs, headers=bearer(world.other_token))).status_code == 404
    assert (await world.client.get(theirs, headers=bearer(world.token))).status_code == 404


async def test_an_id_that_is_none_is_refused_when_its_turn_comes(world: World) -> None:
    url = world.url("/prefixes/none")
    assert (await world.client.get(url, headers=bearer("x" * 40))).status_code == 401
    scopeless = await world.credential(world.account_id, [Scope.PREFIXES_WRITE])
    answers = [
        (await world.client.get(url, headers=bearer(token))).json()["errors"][0]["name"]
        for token in (world.token, scopeless, world.other_token)
    ]
    assert answers == ["malformed_id", "malformed_id", "malformed_id"]


async def test_the_rate_limit_comes_before_what_was_read(
    world: World, engine: AsyncEngine, unknown_id: str
) -> None:
    limits = Limits(per_credential=2, per_account=1000)
    few = replace(world.backend, limiter=RequestLimiter(RateWindows(engine), limits))
    path = f"/prefixes/{(await world.prefix())['id']}"
    for route in world.app.router.routes:
        if hasattr(route, "backend"):
            route.backend = few
    world.token = await world.credential(world.account_id)
    assert [(await world.call("GET", path)).status_code for _ in range(3)] == [200, 200, 429]
    assert (await world.call("GET", f"/prefixes/{unknown_id}")).status_code == 429
