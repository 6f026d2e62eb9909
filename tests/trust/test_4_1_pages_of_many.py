"""Trust, 4.1: of an account few pages are made at a time, and in a turn of the event loop one.

With a session a thousand were asked for at once, each of them ten statements and 17 ms of the
event loop: 0.2 s of the processor at a stretch, in which no other request went on.
"""

import asyncio
import time
from typing import Any

import httpx
import pytest

from byoip.domain.accounts.people import Role
from byoip.domain.history import Actor
from byoip.store.claims.reader import CustomerReader
from byoip.usecases.accounts import people
from byoip.web import rendering
from byoip.web.door import COOKIE
from tests.fakes.backend import RandomHex
from tests.trust.served import Served, served
from tests.trust.test_4_1_floods_without_a_token import AT_ONCE, Counted

SECONDS = 0.02


async def _cookie(api: Served) -> tuple[str, str]:
    """The session of a new account's person, and the page of its prefix."""
    customer = await api.customer()
    made = await customer.ask("POST", "/prefixes", json={"cidr": "31.0.0.0/23", "asn": 64500})
    async with api.backend.border.store.transaction(actor=Actor("cli", "cli-test")) as tx:
        given: dict[str, Any] = {"name": "Ada", "role": Role.EDITOR, "reason": "test"}
        link = await people.invite(tx, customer.account_id, mint=RandomHex(), **given)
        signed = await people.sign_in(tx, link.token, mint=RandomHex(), agent="", address="")
    return signed.token, f"/ui/prefixes/{made.json()['result']['id']}"


async def _flood(api: Served, *whose: tuple[str, str], form: bool = False) -> set[int]:
    base = f"http://127.0.0.1:{api.port}"
    async with httpx.AsyncClient(base_url=base, timeout=60) as client:
        asked = []
        for place in range(AT_ONCE):
            cookie, page = whose[place % len(whose)]
            headers = {"host": "localhost", "cookie": f"{COOKIE}={cookie}"}
            if form:  # refused, so that the page is shown
                headers["sec-fetch-site"] = "same-origin"
                data = {"key": f"{place:032x}", "version": "999"}
                asked.append(client.post(f"{page}/check", data=data, headers=headers))
            else:
                asked.append(client.get(page, headers=headers))
        return {one.status_code for one in await asyncio.gather(*asked)}


@pytest.mark.parametrize("form", [False, True])
async def test_two_pages_of_an_account_at_once(
    database_url: str, monkeypatch: pytest.MonkeyPatch, *, form: bool
) -> None:
    counted = Counted(CustomerReader.bindings)  # for the page of a prefix alone

    monkeypatch.setattr(CustomerReader, "bindings", counted.method())
    async with served(database_url) as api:
        answers = await _flood(api, await _cookie(api), form=form)
    assert answers <= {200, 412, 429}
    assert 1 <= counted.most <= 2


async def test_one_page_in_a_turn_of_the_event_loop_whosever_they_are(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn, made, rendered = 0, list[int](), rendering.rendered

    def slowly(template: str, **shown: Any) -> str:
        made.append(turn)
        time.sleep(SECONDS)  # so that others are ready by the next turn
        return rendered(template, **shown)

    async def count() -> None:
        nonlocal turn
        while True:
            await asyncio.sleep(0)
            turn += 1

    async with served(database_url) as api:
        accounts = [await _cookie(api) for _ in range(10)]
        monkeypatch.setattr(rendering, "rendered", slowly)
        counting = asyncio.create_task(count())
        answers = await _flood(api, *accounts)
        counting.cancel()
    assert answers == {200}
    assert len(made) == AT_ONCE
    assert len(set(made)) == AT_ONCE
