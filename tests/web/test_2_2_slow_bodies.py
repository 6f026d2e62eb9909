"""Page and API, 2.2: while a body comes slowly, its sender holds nothing, and can be removed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final
from urllib.parse import urlencode

import msgspec
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.accounts.people import Role
from tests.api.world import V4, World
from tests.web.browser import FORM, OWN_FORM
from tests.web.test_2_2_let_in_still import entered, given, names, people_named, removed
from tests.web.test_2_2_own_tokens import made

SOON: Final = 5  # seconds
keys = pytest.mark.parametrize("key", ["", "0123456789abcdef"], ids=["", "with a key"])


async def slowly(body: bytes, act: Callable[[], Awaitable[None]]) -> AsyncIterator[bytes]:
    """Half of a body; then `act` is done, which waits for nobody; then the other half."""
    half = len(body) // 2
    yield body[:half]
    async with asyncio.timeout(SOON):
        await act()
    yield body[half:]


@keys
async def test_2_2_a_token_is_out_while_its_body_comes(world: World, key: str) -> None:
    person, bob = await entered(world, Role.EDITOR, "Bob")
    headers = {"authorization": f"Bearer {await made(bob)}", "content-type": "application/json"}
    headers |= {"idempotency-key": key} if key else {}
    body = msgspec.json.encode({"cidr": "31.0.0.0/23", "asn": 64500})
    path = f"{V4}/{world.account_id.hex}/addressing/prefixes"

    async def sent(act: Callable[[], Awaitable[None]]) -> tuple[int, list[str]]:
        content = slowly(body, act)
        answer = await world.client.post(path, content=content, headers=headers)
        return answer.status_code, names(answer)

    assert await sent(lambda: given(world, person, Role.VIEWER)) == (403, ["scope_missing"])
    await given(world, person, Role.EDITOR)
    gone = await sent(lambda: removed(world, person, world.account_id))
    assert gone == (401, ["not_authenticated"])
    assert await world.result("GET", "/prefixes") == []


async def test_2_2_a_person_is_out_while_their_form_comes(
    world: World, engine: AsyncEngine
) -> None:
    person, mallory = await entered(world, Role.ADMIN)
    form = await mallory.form("/ui/people", "/ui/people")
    body = urlencode({**form.fields, "name": "Backdoor", "role": "admin"}).encode()
    content = slowly(body, lambda: removed(world, person, world.account_id))
    answer = await mallory.ask("POST", form.action, content=content, headers={**FORM, **OWN_FORM})
    assert (answer.status_code, answer.headers["location"]) == (303, "/ui/enter")
    assert await people_named(engine, "Backdoor") == 0
