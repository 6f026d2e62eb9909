"""Trust, 4.1: of a client without an account, few questions are at the database at once."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from starlette.types import Scope

from byoip.api import application
from byoip.api.document.documentation import complete
from byoip.domain.accounts.people import Role
from byoip.domain.history import Actor
from byoip.ports.places import Party
from byoip.store import sharing
from byoip.store.accounts.credentials import CredentialReader
from byoip.store.accounts.people_reader import PeopleReader, SignedIn
from byoip.store.letters.letter_reader import LetterReader
from byoip.usecases.accounts import people
from byoip.web.door import COOKIE, SIGN_IN
from tests.fakes.backend import RandomHex
from tests.trust.served import Customer, Served, served
from tests.web.browser import OWN_FORM

AT_ONCE = 40


class Counted:
    """How many are in there at once, at most."""

    def __init__(self, inner: Callable[..., Awaitable[Any]]) -> None:
        self._inner = inner
        self._now = self.most = 0

    def method(self) -> Callable[..., Awaitable[Any]]:
        async def counted(*asked: Any, **more: Any) -> Any:
            self._now += 1
            self.most = max(self.most, self._now)
            try:
                return await self._inner(*asked, **more)
            finally:
                self._now -= 1

        return counted


@pytest.mark.parametrize(
    ("reader", "name", "path", "status"),
    [
        (CredentialReader, "recognise_with", "/client/v4/accounts/{}/addressing/prefixes", 401),
        (LetterReader, "letter", "/loa/{}", 404),
    ],
)
async def test_two_at_once(
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    reader: type,
    name: str,
    path: str,
    status: int,
) -> None:
    counted = Counted(getattr(reader, name))
    monkeypatch.setattr(reader, name, counted.method())
    async with served(database_url) as api:
        headers = {"authorization": "Bearer unknown"}
        base = f"http://127.0.0.1:{api.port}"
        async with httpx.AsyncClient(base_url=base, headers=headers, timeout=60) as flood:
            asked = [flood.get(path.format("0" * 32)) for _ in range(AT_ONCE)]
            answers = {one.status_code for one in await asyncio.gather(*asked)}
    assert answers == {status}
    assert 1 <= counted.most <= 2


async def test_two_wrong_links_at_once(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else whoever comes to this process for the first time waits behind all of them."""
    counted = Counted(PeopleReader.link_waits)
    monkeypatch.setattr(PeopleReader, "link_waits", counted.method())
    form = {"code": "0" * 64}
    async with served(database_url) as api:
        base = f"http://127.0.0.1:{api.port}"
        headers = {"sec-fetch-site": "same-origin"}
        async with httpx.AsyncClient(base_url=base, headers=headers, timeout=60) as flood:
            asked = [flood.post("/ui/enter", data=form) for _ in range(AT_ONCE)]
            answers = {one.status_code for one in await asyncio.gather(*asked)}
    assert answers == {403, 429}
    assert 1 <= counted.most <= 2


async def test_who_was_signed_in_before_does_not_wait_for_strangers_with_cookies(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four hundred requests with random cookies had each page of each person take two seconds."""
    works_for = []
    asked = PeopleReader.signed_in

    async def noted(reader: PeopleReader, token: str, *, used: bool = True) -> SignedIn | None:
        works_for.append(sharing._WHOSE.get())
        return await asked(reader, token, used=used)

    monkeypatch.setattr(PeopleReader, "signed_in", noted)
    async with served(database_url) as api, AsyncExitStack() as flood:
        customer = await api.customer()
        base = f"http://localhost:{api.port}"
        async with httpx.AsyncClient(base_url=base, timeout=60) as browser:
            code = {"code": await _link(api, customer)}
            entered = await browser.post("/ui/enter", data=code, headers=OWN_FORM)
            cookie = {"cookie": entered.headers["set-cookie"].partition(";")[0]}
            assert (await browser.get("/ui/prefixes", headers=cookie)).status_code == 200
            for _ in range(2):  # as many as a client's strangers are at the database at once
                here: Scope = {"type": "http", "client": ("127.0.0.1", 0)}
                await flood.enter_async_context(api.backend.client_turns.turn(here))
            unknown = {"cookie": f"{COOKIE}={'0' * 64}"}
            stranger = asyncio.create_task(browser.get("/ui/prefixes", headers=unknown))
            page = await asyncio.wait_for(browser.get("/ui/prefixes", headers=cookie), 60)
            assert page.status_code == 200
            assert not stranger.done()
            await flood.aclose()
            assert (await stranger).headers["location"] == SIGN_IN
    assert works_for[:2] == [Party.STRANGERS, customer.account_id]


async def _link(api: Served, customer: Customer) -> str:
    async with api.backend.border.store.transaction(actor=Actor("cli", "cli-test")) as tx:
        whose, role = customer.account_id, Role.VIEWER
        made = await people.invite(tx, whose, mint=RandomHex(), name="Ada", role=role, reason="t")
        return made.token


async def test_the_document_is_made_once_and_in_a_thread(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes half a second, in which a process would answer nobody."""
    threads = []

    def noted(*given: Any) -> None:
        threads.append(threading.current_thread())
        complete(*given)

    monkeypatch.setattr(application, complete.__name__, noted)
    async with (
        served(database_url) as api,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{api.port}", timeout=60) as client,
    ):
        answers = await asyncio.gather(*(client.get("/openapi.json") for _ in range(5)))
    assert {len(one.json()["paths"]) > 50 for one in answers} == {True}
    assert len(threads) == 1
    assert threads[0] is not threading.main_thread()
