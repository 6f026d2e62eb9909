"""Tools 3 on pages: an address of mail is added, verified by its code, changed and removed."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from byoip.adapters.mail.smtp_mailer import SmtpMailer
from byoip.adapters.system_random import SystemRandom
from byoip.domain.accounts.people import Role
from byoip.domain.mail.letter import Writer
from byoip.domain.mail.topics import Topic
from byoip.store.mail.sending import MailQueue
from byoip.usecases.mail.post import Post
from byoip.worker.notifying import Notifier
from tests.api.world import World
from tests.mail.mailed import LATER, ROOT, relay
from tests.mail.servers import MailServer, mail_server, saying
from tests.web.browser import Browser, Reading, signed_in

LIST = "/ui/mail"
TO = "noc@example.net"


@dataclass
class Mails:
    """The pages, and a worker that sends by a real server on loopback."""

    world: World
    server: MailServer

    async def send(self) -> None:
        queue, clock = MailQueue(self.world.backend.gauges.engine), self.world.clock
        mailer = SmtpMailer(relay(self.server.port), seconds=3.0)
        writer, mint = Writer("The Operator", ROOT), SystemRandom()
        post = Post(self.world.store, queue, clock, mailer, writer, mint, lambda: 0.0)
        notifier = Notifier(queue, post, clock, 4, 0, "mail")
        for _ in range(50):
            if not await queue.due(clock.now(), [], 1):
                return
            await notifier.look()
            await notifier.settled()
        raise AssertionError("something stays due, and is not sent")


@pytest.fixture
async def mails(world: World) -> AsyncIterator[Mails]:
    async with mail_server() as server:
        yield Mails(world, server)


async def added(browser: Browser, to: str = TO, **more: str) -> str:
    """The path of the page of a new address."""
    answer = await browser.send(await browser.form(LIST, LIST), address=to, **more)
    assert answer.status_code == 303, Reading(answer.text).text
    page: str = answer.headers["location"].removesuffix("?done=added")
    return page


async def done(browser: Browser, page: str, ending: str, **filled: str) -> str:
    """What a page says after one of its forms was sent."""
    answer = await browser.send(await browser.form(page, ending), **filled)
    assert answer.status_code == 303, Reading(answer.text).text
    return (await browser.read(answer.headers["location"])).text


async def test_it_is_added_verified_by_the_code_of_the_mail_told_and_removed(mails: Mails) -> None:
    world, browser = mails.world, await signed_in(mails.world, Role.EDITOR)
    page = await added(browser, f" {TO} ", **{"topic-ending": "yes"})
    assert "to be verified" in (await browser.read(page)).text
    await mails.send()
    [got] = mails.server.got
    assert f"{ROOT}{page}" in got.text  # where the code can be given back without a program
    world.clock.advance(timedelta(minutes=1))
    assert "is verified" in await done(browser, page, "/verify", code=f" {got.code} ")
    [kept] = await world.result("GET", "/mail_addresses")
    assert (kept["state"], kept["topics"]) == ("active", ["ending"])
    world.clock.advance(timedelta(minutes=1))
    await done(browser, page, "/change", **{"topic-ending": "", "topic-standing": "yes"})
    [kept] = await world.result("GET", "/mail_addresses")
    assert kept["topics"] == ["standing"]
    made = await world.prefix()
    await world.result("DELETE", f"/prefixes/{made['id']}")  # of the topic that is not chosen
    world.clock.advance(LATER)
    await mails.send()
    assert len(mails.server.got) == 1
    await done(browser, page, "/change", **{"topic-standing": "", "topic-ending": "yes"})
    made = await world.prefix("31.2.0.0/23")
    await world.result("DELETE", f"/prefixes/{made['id']}")
    world.clock.advance(LATER)
    await mails.send()
    told = mails.server.got[-1]
    assert told.message["Subject"] == "31.2.0.0/23: prefix.closed"
    assert f"{ROOT}{page}" in told.text  # where it can be ended
    assert "removed" in await done(browser, page, "/remove")
    assert (await browser.get(page)).status_code == 404
    assert await world.result("GET", "/mail_addresses") == []


async def test_a_wrong_code_verifies_nothing_and_another_can_be_sent(mails: Mails) -> None:
    world, browser = mails.world, await signed_in(mails.world)
    page = await added(browser)
    wrong = await browser.send(await browser.form(page, "/verify"), code="0" * 32)
    assert wrong.status_code == 422
    assert "Nothing was done." in Reading(wrong.text).text
    soon = await browser.send(await browser.form(page, "/code"))
    assert soon.status_code == 409
    world.clock.advance(timedelta(minutes=11))
    assert "Another code is on its way" in await done(browser, page, "/code")
    await mails.send()
    await done(browser, page, "/verify", code=mails.server.got[-1].code)
    shown = (await browser.read(page)).text
    assert "verified" in shown
    assert "Give the code back" not in shown


async def test_what_a_server_says_of_a_mailbox_that_is_not_there_is_text(mails: Mails) -> None:
    browser = await signed_in(mails.world)
    page = await added(browser)
    mails.server.faults["RCPT"] = saying(b"550 5.1.1 <script>alert(1)</script>\r\n")
    await mails.send()
    raw = (await browser.get(page)).text
    assert "its server takes no mail" in raw
    assert "<script>alert" not in raw
    assert "&lt;script&gt;alert(1)" in raw


@pytest.mark.parametrize(
    ("given", "status"),
    [("nobody", 422), (f"{TO}, b@example.net", 422), ('"><script>@example.net', 422)],
)
async def test_an_address_that_is_refused_is_said_at_its_field(
    world: World, given: str, status: int
) -> None:
    browser = await signed_in(world)
    answer = await browser.send(await browser.form(LIST, LIST), address=given)
    assert answer.status_code == status
    assert "Nothing was done." in Reading(answer.text).text
    assert 'aria-invalid="true"' in answer.text
    assert '"><script>@' not in answer.text
    await added(browser)
    known = await browser.send(await browser.form(LIST, LIST), address=TO)
    assert known.status_code == 409


async def test_sent_twice_it_sends_one_code(mails: Mails) -> None:
    browser = await signed_in(mails.world)
    form = await browser.form(LIST, LIST)
    answers = [await browser.send(form, address=TO) for _ in range(2)]
    assert answers[0].headers["location"] == answers[1].headers["location"]
    await mails.send()
    assert len(mails.server.got) == 1


@pytest.mark.parametrize("act", ["verify", "change", "remove", "code"])
async def test_a_form_that_was_drawn_before_another_change_does_nothing(
    world: World, act: str
) -> None:
    browser = await signed_in(world)
    page = await added(browser)
    old = await browser.form(page, f"/{act}")
    world.clock.advance(timedelta(minutes=20))
    path = f"/mail_addresses/{page[-32:]}"
    await world.result("PATCH", path, json={"topics": [Topic.RPKI.value]})
    before = await world.result("GET", path)
    answer = await browser.send(old, **({"code": "0" * 32} if act == "verify" else {}))
    assert answer.status_code == 412, answer.text
    assert await world.result("GET", path) == before


async def test_who_only_looks_sees_them_and_acts_on_nothing(world: World) -> None:
    editor, viewer = await signed_in(world, Role.EDITOR), await signed_in(world, Role.VIEWER)
    page = await added(editor)
    forms = [one for one in (await editor.read(page)).forms if one.action.startswith(LIST)]
    assert len(forms) == 4
    seen = await viewer.read(page)
    assert TO in seen.text
    assert [one for one in seen.forms if one.action.startswith(LIST)] == []
    for form in (*forms, await editor.form(LIST, LIST)):
        assert (await viewer.send(form)).status_code == 403, form.action
    assert len(await world.result("GET", "/mail_addresses")) == 1
