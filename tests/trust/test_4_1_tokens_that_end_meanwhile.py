"""Trust, 4.1: what a token asked for before it was revoked is neither answered nor done after."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from byoip.api.border import operation
from tests.accounts import Accounts
from tests.api.test_history import WELL_BEFORE, waiting
from tests.api.world import World
from tests.store.test_event_notifier import listens


@pytest.fixture(autouse=True)
def no_second_of_trust(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operation, "_TRUSTED_SECONDS", 0.0)


async def replace_token(world: World) -> None:
    """Revoke the customer's token; it has another one."""
    credential = await world.backend.credentials.recognise(world.token)
    assert credential is not None
    world.token = await world.credential(world.account_id)
    await Accounts(world.store).revoke(credential.id)


@pytest.mark.parametrize("path", ["/events", "/prefixes/{}/events"])
async def test_news_that_was_waited_for_is_not_told(world: World, path: str) -> None:
    prefix_id = (await world.prefix())["id"]
    notifier = world.backend.notifier
    async with notifier.listening():
        await listens(notifier)
        asked = f"{path.format(prefix_id)}?after=1&wait=30"
        poll = asyncio.create_task(world.call("GET", asked))
        await waiting(notifier)
        await replace_token(world)
        await world.result("PATCH", f"/prefixes/{prefix_id}", json={"description": "a secret"})
        async with asyncio.timeout(WELL_BEFORE):
            response = await poll
    assert response.status_code == 401
    assert "secret" not in response.text


async def test_a_body_that_came_later_is_not_taken(world: World) -> None:
    prefix = await world.prefix()
    path = f"/prefixes/{prefix['id']}"

    async def slowly() -> AsyncIterator[bytes]:
        yield b'{"description":'
        await replace_token(world)
        yield b'"mine"}'

    headers = {"content-type": "application/json"}
    response = await world.call("PATCH", path, content=slowly(), headers=headers)
    assert response.status_code == 401
    assert (await world.result("GET", path))["description"] == prefix["description"]
