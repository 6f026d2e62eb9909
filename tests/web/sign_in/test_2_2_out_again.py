"""Page, 2.2: who is removed, demoted or logged out, here or at the provider, is out in time."""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from byoip.api.border.access_log import AccessLog
from byoip.cli.serving import bind, port_of, serving
from byoip.web import live
from tests.web.browser import Browser, signed_in
from tests.web.sign_in.elsewhere import Elsewhere
from tests.web.test_1_1_live import newest, opened
from tests.web.test_2_2_own_tokens import asked, made

LOGOUT = "http://schemas.openid.net/event/backchannel-logout"
HALF_AN_HOUR = timedelta(minutes=31)


async def person_page(admin: Browser, name: str) -> str:
    """The page of the other person with this name."""
    found = await admin.get("/ui/people")
    [row] = [one for one in found.text.split("<tr>") if f'aria-label="Change {name}"' in one]
    return row.partition('href="')[2].partition('"')[0]


def two_admins(elsewhere: Elsewhere) -> None:
    bob = {"sub": "u-4", "name": "Bob", "groups": ["acme-admins"]}
    elsewhere.provider.tell(users={"bob": bob})


async def test_2_2_removed_here_is_out_at_the_next_request_and_stays_out(
    elsewhere: Elsewhere,
) -> None:
    two_admins(elsewhere)
    admin, bob = await elsewhere.signed_in("ada"), await elsewhere.signed_in("bob")
    token = await made(bob)
    page = await person_page(admin, "Bob")
    await admin.send(await admin.form(page, "/remove"))
    assert (await bob.get("/ui/people")).status_code == 303
    assert (await asked(elsewhere.world, token)).status_code == 401
    answer = await elsewhere.came(bob, "bob")
    assert answer.status_code == 403
    assert "you were removed here" in answer.text

    await admin.send(await admin.form("/ui/people", "/readmit"))
    await elsewhere.came(bob, "bob")
    assert (await bob.get("/ui/people")).status_code == 200
    assert (await asked(elsewhere.world, token)).status_code == 401
    assert "Removed, and kept out" not in (await admin.read("/ui/people")).text


async def test_2_2_demoted_here_is_less_from_the_next_request_on_whatever_groups_say(
    elsewhere: Elsewhere,
) -> None:
    two_admins(elsewhere)
    admin, bob = await elsewhere.signed_in("ada"), await elsewhere.signed_in("bob")
    page = await person_page(admin, "Bob")
    await admin.send(await admin.form(page, "/role"), role="viewer")
    assert "Bob (viewer of" in (await bob.read("/ui/people")).text
    assert (await bob.get(page)).status_code == 403
    again = await elsewhere.signed_in("bob")
    assert "Bob (viewer of" in (await again.read("/ui/people")).text
    await admin.send(await admin.form(page, "/role"), role="admin")
    assert "Bob (admin of" in (await again.read("/ui/people")).text


async def test_2_2_no_page_here_gives_more_than_the_groups_do_nor_a_link(
    elsewhere: Elsewhere,
) -> None:
    elsewhere.provider.tell(users={"vi": {"sub": "u-5", "name": "Vi", "groups": ["acme-viewers"]}})
    admin = await elsewhere.signed_in("ada")
    await elsewhere.signed_in("vi")
    page = await person_page(admin, "Vi")
    refused = await admin.send(await admin.form(page, "/role"), role="admin")
    assert refused.status_code == 409
    form = await admin.form(page, "/role")
    assert (await admin.post(f"{page}/link", form.fields)).status_code == 409


async def test_2_2_other_groups_there_count_as_one_comes_again(elsewhere: Elsewhere) -> None:
    browser = await elsewhere.signed_in("ada")
    token = await made(browser)
    elsewhere.provider.tell(users={"ada": {"sub": "u-2", "name": "A", "groups": ["acme-viewers"]}})
    await elsewhere.came(browser, "ada")
    assert "Ada (viewer of Example)" in (await browser.read("/ui/people")).text
    assert (await asked(elsewhere.world, token, "POST")).status_code == 403
    elsewhere.provider.tell(users={"ada": {"sub": "u-2", "name": "A", "groups": []}})
    assert (await elsewhere.came(elsewhere.browser(), "ada")).status_code == 403
    assert (await browser.get("/ui/people")).status_code == 303, "and the other session ended"
    assert (await asked(elsewhere.world, token)).status_code == 403, "no scope is left"
    elsewhere.provider.tell(users={"ada": {"sub": "u-2", "name": "A", "groups": ["other-admins"]}})
    await elsewhere.came(browser, "ada")
    assert (await asked(elsewhere.world, token)).status_code == 401, "somebody of another account"


@pytest.mark.parametrize("by", ["sid", "sub"])
async def test_2_2_logged_out_by_the_provider_is_out(elsewhere: Elsewhere, by: str) -> None:
    one, other = await elsewhere.signed_in("ada"), await elsewhere.signed_in("ada")
    grace = await elsewhere.signed_in("grace")
    sid = elsewhere.provider.client.cookies["idp"]
    elsewhere.provider.client.cookies.clear()
    third = await elsewhere.signed_in("ada")
    sid = elsewhere.provider.client.cookies["idp"]
    names = {"sid": sid} if by == "sid" else {"sub": "u-2"}
    answer = await elsewhere.log_out(elsewhere.provider.logout_token(**names))
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert (await third.get("/ui/people")).status_code == 303
    for browser in (one, other):
        assert (await browser.get("/ui/people")).status_code == (200 if by == "sid" else 303)
    assert (await grace.get("/ui/noc")).status_code == 200


@pytest.mark.parametrize("by", ["sid", "sub"])
async def test_2_2_a_code_from_before_a_logout_begins_no_session_after_it(
    elsewhere: Elsewhere, by: str
) -> None:
    browser, clock = elsewhere.browser(), elsewhere.world.clock
    back = elsewhere.at_provider(await elsewhere.begun(browser), "ada")
    names = {"sid": elsewhere.provider.client.cookies["idp"]} if by == "sid" else {"sub": "u-2"}
    elsewhere.provider.client.cookies.clear()
    grace = elsewhere.browser()
    of_another = elsewhere.at_provider(await elsewhere.begun(grace), "grace")
    clock.advance(timedelta(seconds=1))
    assert (await elsewhere.log_out(elsewhere.provider.logout_token(**names))).status_code == 200
    answer = await browser.get(back)
    assert (answer.status_code, browser.cookie) == (403, "")
    assert "has logged you out meanwhile; begin again" in answer.text
    assert (await grace.get(of_another)).status_code == 303
    clock.advance(timedelta(seconds=1))
    assert (await elsewhere.signed_in("ada")).cookie


async def test_2_2_a_browser_cannot_say_when_its_attempt_began(elsewhere: Elsewhere) -> None:
    browser = elsewhere.browser()
    back = elsewhere.at_provider(await elsewhere.begun(browser), "ada")
    [(name, kept)] = browser.attempts.items()
    *parts, since, seal = kept.split(".")
    browser.attempts[name] = ".".join([*parts, str(int(since) + 1), seal])
    assert (await browser.get(back)).status_code == 403
    browser.attempts[name] = kept
    elsewhere.world.clock.advance(timedelta(minutes=10, seconds=1))
    elsewhere.provider.tell(ahead=601)
    assert (await browser.get(back)).status_code == 403, "ten minutes are over, whatever it keeps"
    assert not browser.cookie


async def test_2_2_a_logout_token_counts_once(elsewhere: Elsewhere) -> None:
    token = elsewhere.provider.logout_token(sub="u-2")
    answers = await asyncio.gather(*(elsewhere.log_out(token) for _ in range(4)))
    assert sorted(one.status_code for one in answers) == [200, 400, 400, 400]
    elsewhere.world.clock.advance(timedelta(seconds=1))
    browser = await elsewhere.signed_in("ada")
    assert (await elsewhere.log_out(token)).status_code == 400
    assert (await browser.get("/ui/people")).status_code == 200


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": None},
        {"events": {}},
        {"events": None},
        {"events": {LOGOUT: 1}},
        {"events": [LOGOUT]},
        {"nonce": "x"},
        {"jti": None},
        {"jti": "a" * 256},
        {"aud": "other"},
        {"iss": "https://evil.example"},
        {"iat": 1_000_000_000, "exp": 4_000_000_000},
        {"iat": 4_000_000_000, "exp": 4_000_000_001},
        {"exp": 1_000_000_000},
        {"iat": "x"},
    ],
    ids=str,
)
async def test_2_2_no_logout_token(elsewhere: Elsewhere, claims: dict[str, Any]) -> None:
    browser = await elsewhere.signed_in("ada")
    token = elsewhere.provider.logout_token(**{"sub": "u-2", **claims})
    assert (await elsewhere.log_out(token)).status_code == 400
    assert (await browser.get("/ui/people")).status_code == 200


async def test_2_2_foreign_logout_tokens_are_refused_and_then_not_judged(
    elsewhere: Elsewhere,
) -> None:
    browser = await elsewhere.signed_in("ada")
    for told in ({"key": "foreign"}, {"alg": "none"}, {"alg": "HS256"}):
        elsewhere.provider.tell(**{"key": "first", "alg": "", **told})
        token = elsewhere.provider.logout_token(sub="u-2")
        assert (await elsewhere.log_out(token)).status_code == 400
    seen = [(await elsewhere.log_out("x" * 100)).status_code for _ in range(60)]
    assert set(seen) == {400, 429}
    assert (await browser.get("/ui/people")).status_code == 200


async def test_2_2_an_open_stream_ends_as_the_provider_logs_somebody_out(
    elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sign of life, at which it is looked, comes each 15 s; here ten times a second."""
    assert live.SIGN_OF_LIFE < 60
    monkeypatch.setattr(live, "SIGN_OF_LIFE", 0.1)
    app = AccessLog(elsewhere.world.app, CollectorRegistry())
    browser = await elsewhere.signed_in("ada")
    with bind("127.0.0.1", 0) as socket:
        notifier = elsewhere.world.backend.notifier
        async with notifier.listening(), serving(app, socket):
            url = f"http://localhost:{port_of(socket)}"
            async with AsyncExitStack() as held:
                path = await newest(browser, "/ui/prefixes")
                stream = await opened(held, url, browser, path)
                await stream.silent()
                await elsewhere.log_out(elsewhere.provider.logout_token(sub="u-2"))
                assert await stream.news() == {}


async def rechecked(elsewhere: Elsewhere, browser: Browser, path: str) -> Any:
    """Open a page when it is time, and go the way by the provider and back."""
    answer = await browser.get(path)
    assert answer.status_code == 303
    address = answer.headers["location"]
    assert address.startswith(elsewhere.provider.issuer)
    assert "prompt=none" in address
    return await browser.get(elsewhere.at_provider(address, None))


async def test_2_2_the_provider_is_asked_again_after_half_an_hour(elsewhere: Elsewhere) -> None:
    browser = await elsewhere.signed_in("ada")
    kept = browser.cookie
    elsewhere.world.clock.advance(HALF_AN_HOUR)
    elsewhere.provider.tell(ahead=31 * 60)
    answer = await rechecked(elsewhere, browser, "/ui/people?done=changed")
    assert (answer.status_code, answer.headers["location"]) == (303, "/ui/people?done=changed")
    assert browser.cookie == kept
    assert (await browser.get("/ui/people")).status_code == 200


async def test_2_2_removed_only_there_is_out_at_the_next_look(elsewhere: Elsewhere) -> None:
    browser = await elsewhere.signed_in("ada")
    kept = browser.cookie
    elsewhere.world.clock.advance(HALF_AN_HOUR)
    elsewhere.provider.tell(ahead=31 * 60, leave=["ada"])
    answer = await rechecked(elsewhere, browser, "/ui/people")
    assert answer.headers["location"] == "/ui/enter?ended=there"
    assert "no longer, and so are not here" in (await browser.read("/ui/enter?ended=there")).text
    assert (await Browser(elsewhere.world.client, kept).get("/ui/people")).headers[
        "location"
    ] == "/ui/enter"


async def test_2_2_other_groups_there_count_at_the_next_look(elsewhere: Elsewhere) -> None:
    browser = await elsewhere.signed_in("ada")
    elsewhere.world.clock.advance(HALF_AN_HOUR)
    groups: dict[str, Any] = {"sub": "u-2", "name": "A", "groups": ["acme-viewers"]}
    elsewhere.provider.tell(ahead=31 * 60, users={"ada": groups})
    await rechecked(elsewhere, browser, "/ui/people")
    assert "Ada (viewer of Example)" in (await browser.read("/ui/people")).text
    elsewhere.world.clock.advance(HALF_AN_HOUR)
    elsewhere.provider.tell(ahead=62 * 60, users={"ada": {**groups, "groups": []}})
    assert (await rechecked(elsewhere, browser, "/ui/people")).status_code == 403
    assert (await browser.get("/ui/people")).headers["location"] == "/ui/enter"


async def test_2_2_a_session_of_somebody_else_there_confirms_nobody(elsewhere: Elsewhere) -> None:
    browser = await elsewhere.signed_in("ada")
    await elsewhere.signed_in("grace")  # in the same browser, at the provider
    elsewhere.world.clock.advance(HALF_AN_HOUR)
    elsewhere.provider.tell(ahead=31 * 60, leave=["ada"])
    assert (await rechecked(elsewhere, browser, "/ui/people")).status_code == 403
    assert (await browser.get("/ui/people")).headers["location"] == "/ui/enter"


async def test_2_2_forms_and_parts_pass_for_five_minutes_more(elsewhere: Elsewhere) -> None:
    browser = await elsewhere.signed_in("ada")
    form = await browser.form("/ui/people", "/ui/people")
    elsewhere.world.clock.advance(timedelta(minutes=34))
    made_ = await browser.send(form, name="Bo", role="viewer")
    assert made_.status_code == 200
    elsewhere.world.clock.advance(timedelta(minutes=2))
    late = await browser.send(await _fresh(elsewhere, form), name="Mallory", role="viewer")
    assert late.status_code == 403
    assert "Nothing was done" in late.text
    part = await browser.get("/ui/prefixes/part")
    assert (part.status_code, part.headers["hx-refresh"]) == (403, "true")


async def _fresh(elsewhere: Elsewhere, form: Any) -> Any:
    del elsewhere
    return type(form)(form.action, form.method, {**form.fields, "key": "ab" * 16})


async def test_2_2_a_session_by_a_link_is_never_asked_about(elsewhere: Elsewhere) -> None:
    browser = await signed_in(elsewhere.world)
    elsewhere.world.clock.advance(timedelta(minutes=50))
    assert (await browser.get("/ui/people")).status_code == 200
