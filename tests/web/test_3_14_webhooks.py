"""Tools 3 on pages: a webhook from its making to its end, with what its receiver answers."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from uuid import UUID

import httpx
import pytest
from prometheus_client import CollectorRegistry

from byoip.adapters.hooks.addresses import Addresses
from byoip.adapters.hooks.pinned_post import PinnedPost
from byoip.adapters.hooks.signing import HookSigner
from byoip.api.application import bare_application, served
from byoip.domain.accounts.people import Role
from byoip.domain.hooks.refusals import WEBHOOKS_PER_ACCOUNT
from byoip.store.hooks.sending import HookQueue
from byoip.usecases.hooks.deliver import Deliver
from byoip.usecases.hooks.webhooks import HookTerms, stop
from byoip.worker.notifying import Notifier
from tests.api.world import World
from tests.hooks.hooked import ANYWHERE, KEY, LOOPBACK
from tests.hooks.receivers import OK, Receiver, answering, receiver, sending
from tests.hooks.test_6_signing import by_secret
from tests.store.samples import BY
from tests.web.browser import Browser, Form, Reading, signed_in

LIST = "/ui/webhooks"
URL = "https://hooks.example.net/byoip"
HOSTILE = "<script>alert(1)</script>"
_fresh = count()


@dataclass
class Hooks:
    """The pages, and a worker that sends to a real receiver on loopback."""

    world: World
    there: Receiver

    async def send(self) -> None:
        signer, engine = HookSigner(KEY), self.world.backend.gauges.engine
        queue, clock = HookQueue(engine, signer.key_id), self.world.clock
        post = PinnedPost(Addresses([], LOOPBACK), seconds=2.0)
        deliver = Deliver(self.world.store, queue, clock, post, signer, ANYWHERE, lambda: 0.0)
        notifier = Notifier(queue, deliver, clock, 4, 0)
        for _ in range(50):
            if not await queue.due(clock.now(), [], 1):
                return
            await notifier.look()
            await notifier.settled()
        raise AssertionError("something stays due, and is not sent")

    async def happen(self) -> None:
        """One event more."""
        await self.world.prefix(f"31.{next(_fresh)}.0.0/23")


@pytest.fixture
async def hooks(world: World) -> AsyncIterator[Hooks]:
    backend = replace(
        world.backend, hook_terms=HookTerms(ANYWHERE, HookSigner(KEY)), metrics=CollectorRegistry()
    )
    app = bare_application(backend)
    transport = httpx.ASGITransport(served(app, backend), raise_app_exceptions=False)
    async with (
        httpx.AsyncClient(transport=transport, base_url="http://byoip.test") as client,
        receiver() as there,
    ):
        yield Hooks(replace(world, app=app, client=client, backend=backend), there)


async def added(browser: Browser, url: str = URL, **more: str) -> tuple[str, str, Form]:
    """The path of the page of a new one, its secret, and the form that made it."""
    form = await browser.form(LIST, LIST)
    answer = await browser.send(form, url=url, **more)
    assert answer.status_code == 200, answer.text
    shown = Reading(answer.text)
    [path] = {one for one in shown.links if re.fullmatch(f"{LIST}/[0-9a-f]{{32}}", one)}
    [secret] = re.findall(r"whsec_[A-Za-z0-9+/=]+", shown.text)
    return path, secret, form


async def done(browser: Browser, page: str, ending: str, **filled: str) -> str:
    """What a page says after one of its forms was sent."""
    answer = await browser.send(await browser.form(page, ending), **filled)
    assert answer.status_code == 303, Reading(answer.text).text
    return (await browser.read(answer.headers["location"])).text


async def test_it_is_made_tested_and_gets_events_that_verify_by_the_secret_of_the_page(
    hooks: Hooks,
) -> None:
    browser = await signed_in(hooks.world, Role.EDITOR)
    page, secret, _ = await added(browser, hooks.there.url, description="tickets")
    assert "a test is on its way" in (await browser.read(page)).text
    assert "Nothing was sent yet." in (await browser.read(page)).text
    await hooks.send()
    assert "active" in (await browser.read(page)).text
    await hooks.happen()
    await hooks.send()
    assert [one.shown["type"] for one in hooks.there.got][:2] == ["endpoint.test", "prefix.created"]
    assert all(by_secret(one, secret) for one in hooks.there.got)
    shown = (await browser.read(page)).text
    assert "a test 204" in shown
    assert "event 1 204" in shown
    assert "tickets" in (await browser.read(LIST)).text


async def test_a_secret_is_shown_once_also_to_a_double_click_and_after_a_rotation(
    hooks: Hooks,
) -> None:
    browser = await signed_in(hooks.world)
    page, secret, form = await added(browser, hooks.there.url)
    again = await browser.send(form, url=hooks.there.url)
    assert again.headers["location"] == f"{page}?done=shown"
    assert len(await hooks.world.result("GET", "/webhooks")) == 1
    hooks.world.clock.advance(timedelta(minutes=1))
    rotating = await browser.form(page, "/secret")
    answer = await browser.send(rotating)
    [other] = re.findall(r"whsec_[A-Za-z0-9+/=]+", Reading(answer.text).text)
    assert other != secret
    assert "The one before signs as well until" in answer.text
    twice = await browser.send(rotating)
    assert twice.headers["location"] == f"{page}?done=shown"
    await hooks.send()
    [got] = hooks.there.got
    assert by_secret(got, secret)
    assert by_secret(got, other)
    for path in (LIST, page, f"{page}?done=shown"):
        text = (await browser.get(path)).text
        assert "whsec_" not in text
    assert answer.headers["cache-control"] == "no-store"


async def test_what_a_receiver_answers_is_shown_and_410_turns_it_off_until_it_is_resumed(
    hooks: Hooks,
) -> None:
    browser = await signed_in(hooks.world)
    page, _, _ = await added(browser, hooks.there.url)
    await hooks.send()
    hooks.there.answer = answering(503, body=HOSTILE.encode())
    await hooks.happen()
    await hooks.send()
    raw = (await browser.get(page)).text
    assert HOSTILE not in raw
    assert "&lt;script&gt;alert(1)" in raw
    assert "failing, 1 in a row" in Reading(raw).text
    hooks.there.answer = answering(410)
    hooks.world.clock.advance(timedelta(seconds=6))
    await hooks.send()
    assert "off: it answered 410" in (await browser.read(page)).text
    assert "off: it answered 410" in (await browser.read(LIST)).text
    forms = {one.action.rpartition("/")[2] for one in (await browser.read(page)).forms}
    assert "resume" in forms
    assert not {"test", "pause", "redeliver"} & forms
    hooks.there.answer = sending(OK)
    assert "A test is on its way" in await done(browser, page, "/resume")
    hooks.there.got.clear()
    await hooks.send()
    assert hooks.there.numbers[:1] == [1]
    assert "active" in (await browser.read(page)).text


async def test_an_event_is_sent_again_a_feed_from_elsewhere_and_a_paused_one_gets_nothing(
    hooks: Hooks,
) -> None:
    browser = await signed_in(hooks.world, Role.EDITOR)
    page, _, _ = await added(browser, hooks.there.url)
    await hooks.send()
    await hooks.happen()
    await hooks.send()
    first = {one.number: one.id for one in hooks.there.got}
    hooks.there.got.clear()
    forms = [one for one in (await browser.read(page)).forms if one.action.endswith("/redeliver")]
    [form] = [one for one in forms if one.fields["number"] == "1"]
    assert (await browser.send(form)).headers["location"] == f"{page}?done=again"
    await hooks.send()
    assert [(one.number, one.id) for one in hooks.there.got] == [(1, first[1])]
    assert "again: event 1 204" in (await browser.read(page)).text
    hooks.there.got.clear()
    assert "behind that event" in await done(browser, page, "/replay", after="0")
    await hooks.send()
    assert hooks.there.numbers == sorted(number for number in first if number)
    assert "A test is on its way" in await done(browser, page, "/test")
    await hooks.send()
    assert hooks.there.got[-1].shown["type"] == "endpoint.test"
    assert "It gets nothing more" in await done(browser, page, "/pause")
    assert "paused" in (await browser.read(page)).text
    hooks.there.got.clear()
    await hooks.happen()
    await hooks.send()
    assert hooks.there.got == []
    await done(browser, page, "/remove")
    assert (await browser.get(page)).status_code == 404
    assert await hooks.world.result("GET", "/webhooks") == []


async def test_what_is_refused_is_said_where_it_was_typed(world: World) -> None:
    browser = await signed_in(world)
    page, _, _ = await added(browser, kinds="rpki.drifted, rpki.recovered")
    [kept] = await world.result("GET", "/webhooks")
    assert kept["kinds"] == ["rpki.drifted", "rpki.recovered"]
    adding = await browser.form(LIST, LIST)
    for given in ({"url": "http://127.0.0.1/x"}, {"url": URL, "kinds": "no.such"}):
        answer = await browser.send(adding, **given)
        assert answer.status_code == 422, given
        shown = Reading(answer.text).text
        assert "Nothing was done." in shown
        assert 'aria-invalid="true"' in answer.text
        adding = await browser.form(LIST, LIST)
    assert ">rpki.drifted rpki.recovered</textarea>" in (await browser.get(page)).text
    changing = await browser.form(page, "/change")
    world.clock.advance(timedelta(minutes=1))
    answer = await browser.send(changing, url="https://10.0.0.1/x")
    assert answer.status_code == 422
    beyond = await browser.send(await browser.form(page, "/replay"), after="99")
    assert beyond.status_code == 422
    assert "There is no event 99" in Reading(beyond.text).text
    no_number = await browser.send(await browser.form(page, "/replay"), after="x")
    assert no_number.status_code == 400
    for _ in range(WEBHOOKS_PER_ACCOUNT - 1):
        await added(browser)
    full = await browser.send(await browser.form(LIST, LIST), url=URL)
    assert full.status_code == 409
    assert "its quota" in Reading(full.text).text


async def test_words_and_urls_of_customers_are_text(world: World) -> None:
    hostile = f"\"'>{HOSTILE}<img src=x onerror=alert(2)>{{{{7*7}}}}"
    browser = await signed_in(world)
    page, _, _ = await added(browser, f"{URL}?q='%3E", description=hostile)
    for path in (LIST, page):
        text = (await browser.get(path)).text
        assert "<script>alert" not in text
        assert "<img" not in text
        assert "{{7*7}}" in Reading(text).text
    refused = await browser.send(await browser.form(LIST, LIST), url=hostile, kinds=hostile)
    assert "<script>alert" not in refused.text
    assert "<img" not in refused.text


@pytest.mark.parametrize("act", ["change", "pause", "test", "replay", "secret", "remove"])
async def test_a_form_that_was_drawn_before_another_change_does_nothing(
    world: World, act: str
) -> None:
    browser = await signed_in(world)
    page, _, _ = await added(browser)
    old = await browser.form(page, f"/{act}")
    world.clock.advance(timedelta(minutes=1))
    path = f"/webhooks/{page[-32:]}"
    await world.result("PATCH", path, json={"description": "of another"})
    before = await world.result("GET", path)
    answer = await browser.send(old)
    assert answer.status_code == 412, answer.text
    assert "Nothing was done." in Reading(answer.text).text
    assert await world.result("GET", path) == before


async def test_who_only_looks_sees_them_and_acts_on_nothing(world: World) -> None:
    editor = await signed_in(world, Role.EDITOR)
    page, _, _ = await added(editor)
    viewer = await signed_in(world, Role.VIEWER)
    forms = [one for one in (await editor.read(page)).forms if "webhooks" in one.action]
    assert len(forms) >= 6
    seen = await viewer.read(page)
    assert [one for one in seen.forms if "webhooks" in one.action] == []
    forms.append(await editor.form(LIST, LIST))
    for form in forms:
        assert (await viewer.send(form)).status_code == 403, form.action
    operator = await signed_in(world, Role.OPERATOR)
    assert (await operator.get(LIST)).status_code in {403, 404}


async def test_what_the_operator_has_stopped_offers_no_way_on(world: World) -> None:
    browser = await signed_in(world)
    page, _, _ = await added(browser)
    old = await browser.form(page, "/pause")
    async with world.store.transaction(actor=BY) as tx:
        await stop(tx, UUID(page[-32:]), reason="It floods a third party.")
    shown = await browser.read(page)
    assert "stopped by the operator" in shown.text
    assert not [one for one in shown.forms if one.action.endswith(("/resume", "/test"))]
    answer = await browser.post(f"{page}/resume", old.fields)
    assert answer.status_code in {409, 412}


async def test_without_a_key_of_the_operators_none_can_be_made(world: World) -> None:
    backend = replace(world.backend, hook_terms=HookTerms(), metrics=CollectorRegistry())
    app = bare_application(backend)
    transport = httpx.ASGITransport(served(app, backend), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://byoip.test") as client:
        here = replace(world, app=app, client=client, backend=backend)
        browser = await signed_in(here)
        shown = await browser.read(LIST)
        assert "This operator sends no webhooks." in shown.text
        assert not [one for one in shown.forms if one.action == LIST]
