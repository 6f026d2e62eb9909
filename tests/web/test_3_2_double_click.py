"""A form that is sent while its first click still runs."""

import asyncio
from hashlib import sha256
from urllib.parse import urlencode

import pytest

from byoip.domain.history import Actor
from byoip.domain.idempotency import IdempotencyKey
from byoip.web import visiting
from tests.api.world import World
from tests.web.browser import Browser, Reading, link_for


async def test_the_second_click_waits_and_says_how_the_first_one_ended(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await world.prefix()
    person, code = await link_for(world)
    browser = Browser(world.client)
    await browser.enter(code)
    form = await browser.form(f"/ui/prefixes/{made['id']}", "/check")
    digest = sha256(urlencode(sorted(form.fields.items())).encode()).digest()
    key = IdempotencyKey(person, "POST", form.action, form.fields["key"], digest)
    held, release = asyncio.Event(), asyncio.Event()

    async def first() -> None:
        async with world.store.transaction(key, actor=Actor("cli", "cli-test")):
            held.set()
            await release.wait()
            raise ZeroDivisionError  # and nothing was kept of it

    running = asyncio.create_task(first())
    await held.wait()
    monkeypatch.setattr(visiting, "LONGEST_WAIT", 0.3)
    answer = await browser.send(form)
    assert answer.status_code == 409
    said = Reading(answer.text).text
    assert "still running" in said
    assert "Nothing was done" not in said  # nobody knows
    monkeypatch.undo()
    second = asyncio.create_task(browser.send(form))
    await asyncio.sleep(0.5)
    assert not second.done()
    release.set()
    with pytest.raises(ZeroDivisionError):
        await running
    answer = await second
    assert (answer.status_code, answer.headers["location"][-8:]) == (303, "checking")
    assert len(await world.result("GET", f"/prefixes/{made['id']}/validations")) == 1
