"""One-time links and sessions: how people come in, and how long that holds."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from byoip.domain.accounts.people import Role
from byoip.domain.history import Actor
from byoip.usecases.accounts import people
from byoip.web.door import COOKIE
from byoip.web.static import static_files
from tests.api.world import V4, World
from tests.web.browser import FORM, OURS, OWN_FORM, Browser, link_for, signed_in


async def test_a_link_signs_in_once(world: World) -> None:
    _, code = await link_for(world)
    browser = Browser(world.client)
    answer = await browser.enter(code)
    assert (answer.status_code, answer.headers["location"]) == (303, "/ui")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-byoip=")
    for part in ("Path=/", "Secure", "HttpOnly", "SameSite=Lax"):
        assert f"; {part}" in cookie
    assert code not in cookie
    again = await Browser(world.client).enter(code)
    assert again.status_code == 403
    assert "was used before" in again.text
    assert "set-cookie" not in again.headers


async def test_of_several_at_once_one_signs_in(world: World) -> None:
    _, code = await link_for(world)
    answers = await asyncio.gather(*(Browser(world.client).enter(code) for _ in range(8)))
    assert sorted(one.status_code for one in answers) == [303] + 7 * [403]


async def test_a_link_holds_an_hour(world: World) -> None:
    _, code = await link_for(world)
    world.clock.advance(timedelta(hours=1))
    assert (await Browser(world.client).enter(code)).status_code == 403


async def test_a_new_link_ends_the_older_ones(world: World) -> None:
    person, old = await link_for(world)
    admin = await signed_in(world, name="Admin")
    answer = await admin.send(await admin.form(f"/ui/people/{person.hex}", f"{person.hex}/link"))
    assert answer.status_code == 200
    [new] = re.findall(r"/ui/enter#([0-9a-f]{64})", answer.text)
    assert (await Browser(world.client).enter(old)).status_code == 403
    assert (await Browser(world.client).enter(new)).status_code == 303


async def test_looking_at_a_link_uses_nothing_up(world: World) -> None:
    """A mail program looks at every link that it is sent."""
    _, code = await link_for(world)
    for path in ("/ui/enter", f"/ui/enter?code={code}"):
        assert (await Browser(world.client).get(path)).status_code == 200
    assert (await Browser(world.client).enter(code)).status_code == 303


async def test_a_session_is_new_whatever_the_browser_had(world: World) -> None:
    browser = await signed_in(world)
    before = browser.cookie
    _, code = await link_for(world, name="Eve")
    await browser.enter(code)
    assert browser.cookie != before
    assert (await Browser(world.client, before).get("/ui/sessions")).status_code == 303
    planted = Browser(world.client, "a" * 64)
    _, code = await link_for(world)
    await planted.enter(code)
    assert planted.cookie != "a" * 64


async def test_whose_page_it_is_stands_on_it_and_signing_in_again_ends_that(world: World) -> None:
    """A link that leads here from elsewhere signs nobody in to another's account unseen."""
    browser = await signed_in(world)
    assert "Ada (admin of Example)" in (await browser.read("/ui/sessions")).text
    shown = (await browser.read("/ui/enter")).text
    assert "signed in as Ada of Example: go on . To sign in here ends that session." in shown
    operator = await signed_in(world, Role.OPERATOR_VIEWER, name="Op")
    assert "Op (operator viewer)" in (await operator.read("/ui/people")).text
    assert "ends that session" not in (await Browser(world.client).read("/ui/enter")).text


def test_our_script_sends_no_form() -> None:
    assert not re.search(
        "submit|click\\(", static_files()["page.js"].content.decode(), re.IGNORECASE
    )


async def test_a_session_ends_after_an_hour_without_a_request(world: World) -> None:
    browser = await signed_in(world)
    world.clock.advance(timedelta(minutes=59))
    assert (await browser.get("/ui/sessions")).status_code == 200
    world.clock.advance(timedelta(minutes=61))
    answer = await browser.get("/ui/sessions")
    assert (answer.status_code, answer.headers["location"]) == (303, "/ui/enter")


async def test_a_session_ends_after_twelve_hours_however_used(world: World) -> None:
    browser = await signed_in(world)
    for _ in range(14):
        world.clock.advance(timedelta(minutes=50))
        assert (await browser.get("/ui/sessions")).status_code == 200
    world.clock.advance(timedelta(minutes=21))
    assert (await browser.get("/ui/sessions")).status_code == 303


async def test_signing_out_ends_the_session_itself(world: World) -> None:
    browser = await signed_in(world)
    kept = browser.cookie
    answer = await browser.post("/ui/leave", {})
    assert answer.status_code == 303
    assert browser.cookie == ""
    assert (await Browser(world.client, kept).get("/ui/sessions")).status_code == 303


async def test_sessions_are_listed_and_ended_from_another_browser(world: World) -> None:
    person, code = await link_for(world)
    one = Browser(world.client)
    await one.ask(
        "POST",
        "/ui/enter",
        data={"code": code},
        headers={"sec-fetch-site": "same-origin", "user-agent": "<b>Fox</b>"},
    )
    other = Browser(world.client)
    async with world.store.transaction(actor=Actor("cli", "cli-x")) as tx:
        mint = world.backend.terms.mint
        made = await people.link(tx, world.account_id, person, mint=mint, reason="test")
    await other.enter(made.token)
    shown = await other.read("/ui/sessions")
    assert "<b>Fox</b>" in shown.text
    assert "b" not in shown.tags
    ends = [one for one in shown.forms if one.action.endswith("/end")]
    assert len(ends) == 2
    for form in ends:
        await other.send(form)
        await one.send(form)  # for that of `other` itself may go first
    for browser in (one, other):
        assert (await browser.get("/ui/sessions")).status_code == 303


async def test_a_session_that_ends_while_a_form_comes_in_does_nothing(world: World) -> None:
    browser = await signed_in(world)
    form = await browser.form("/ui/people", "/ui/people")
    whole = urlencode({**form.fields, "name": "Mallory", "role": "viewer"}).encode()

    async def slowly() -> AsyncIterator[bytes]:
        yield whole[:10]
        await Browser(world.client, browser.cookie).post("/ui/leave", {})
        yield whole[10:]

    headers = {**FORM, **OWN_FORM}
    answer = await browser.ask("POST", form.action, content=slowly(), headers=headers)
    assert (answer.status_code, answer.headers["location"]) == (303, "/ui/enter")
    assert "Mallory" not in (await (await signed_in(world)).read("/ui/people")).text


@pytest.mark.parametrize("odd", ["\x85", "\xa0"])
async def test_only_blanks_stand_around_a_cookie(world: World, odd: str) -> None:
    """RFC 6265, section 4.2.1; neither character may stand in it."""
    cookie = f"{COOKIE}={(await signed_in(world)).cookie}"
    for given, status in ((f"a=b; {cookie}", 200), (f"{odd}{cookie}", 303), (cookie + odd, 303)):
        headers = {b"cookie": given.encode("latin-1"), b"host": b"localhost"}
        answer = await world.client.get(f"{OURS}/ui/sessions", headers=headers)
        assert answer.status_code == status, given


async def test_nobody_ends_the_session_of_another(world: World) -> None:
    one, other = await signed_in(world), await signed_in(world, name="Eve")
    form = await one.form("/ui/sessions", "/end")
    await other.send(form)
    assert (await one.get("/ui/sessions")).status_code == 200


async def test_a_cookie_counts_below_ui_alone_and_a_token_below_the_api_alone(
    world: World,
) -> None:
    browser = await signed_in(world)
    api = f"{V4}/{world.account_id.hex}/addressing/prefixes"
    assert (await browser.get(api)).status_code == 401
    bearer = {"authorization": f"Bearer {world.token}"}
    assert (await Browser(world.client).get(api, headers=bearer)).status_code == 200
    for path in ("/ui/sessions", "/ui/people", "/ui"):
        answer = await Browser(world.client).get(path, headers=bearer)
        assert (answer.status_code, answer.headers["location"]) == (303, "/ui/enter")
    crossed = {"authorization": f"Bearer {browser.cookie}"}
    assert (await Browser(world.client).get(api, headers=crossed)).status_code == 401
    assert (await Browser(world.client, world.token).get("/ui/people")).status_code == 303
