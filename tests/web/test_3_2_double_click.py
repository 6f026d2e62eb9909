"""A form that is sent while its first click still runs."""

import asyncio
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlencode
from uuid import UUID

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.accounts.people import Role
from byoip.domain.history import Actor
from byoip.domain.idempotency import IdempotencyKey
from byoip.web import visiting
from tests.api.operators import WHY
from tests.api.world import World
from tests.web.browser import Browser, Form, Reading, link_for
from tests.web.test_3_7_asns import brought
from tests.web.test_4_decided_routes import WAITING, restored, waiting


async def test_the_second_click_waits_and_says_how_the_first_one_ended(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await world.prefix()
    person, code = await link_for(world)
    browser = Browser(world.client)
    await browser.enter(code)
    form = await browser.form(f"/ui/prefixes/{made['id']}", "/check")
    answer = await while_the_first_runs(world, browser, monkeypatch, form, person)
    assert (answer.status_code, answer.headers["location"][-8:]) == (303, "checking")
    assert len(await world.result("GET", f"/prefixes/{made['id']}/validations")) == 1


async def test_so_does_that_of_a_form_that_asks_others_before(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, code = await link_for(world)
    browser = Browser(world.client)
    await browser.enter(code)
    form = await browser.form(await brought(browser), "/look")
    answer = await while_the_first_runs(world, browser, monkeypatch, form, person)
    assert (answer.status_code, answer.headers["location"][-6:]) == (303, "looked")


async def test_so_does_that_of_a_form_with_many_transactions(
    world: World, monkeypatch: pytest.MonkeyPatch, engine: AsyncEngine, tmp_path: Path
) -> None:
    await restored(world, engine, tmp_path)
    person, code = await link_for(world, Role.OPERATOR)
    browser = Browser(world.client)
    await browser.enter(code)
    form = await browser.form(WAITING, "/release-shown")
    form.fields |= {"reason": WHY, "confirm": form.typed}
    answer = await while_the_first_runs(world, browser, monkeypatch, form, person)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{WAITING}?done=all")
    assert await waiting(engine) == set()


async def while_the_first_runs(
    world: World, browser: Browser, monkeypatch: pytest.MonkeyPatch, form: Form, person: UUID
) -> httpx.Response:
    """What a second click is answered at the end of the first one, of which nothing is kept."""
    digest = sha256(urlencode(sorted(form.fields.items())).encode()).digest()
    key = IdempotencyKey(person, "POST", form.action, form.fields["key"], digest)
    held, release = asyncio.Event(), asyncio.Event()

    async def first() -> None:
        async with world.store.transaction(key, actor=Actor("cli", "cli-test")):
            held.set()
            await release.wait()
            raise ZeroDivisionError

    running = asyncio.create_task(first())
    await held.wait()
    with monkeypatch.context() as patch:
        patch.setattr(visiting, "LONGEST_WAIT", 0.3)
        answer = await browser.send(form)
    assert answer.status_code == 409
    said = Reading(answer.text).text
    assert "still running" in said
    assert "Nothing was done" not in said  # nobody knows
    with monkeypatch.context() as patch:
        patch.setattr(visiting, "LONGEST_WAIT", 60.0)
        second = asyncio.create_task(browser.send(form))
        await asyncio.sleep(0.5)
        assert not second.done()
        release.set()
        with pytest.raises(ZeroDivisionError):
            await running
        return await second
