"""Page, 2.1: people sign in at the operator's identity provider (code and PKCE)."""

import asyncio
import re
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.web.browser import Browser
from tests.web.sign_in.elsewhere import Elsewhere, changed

REFUSED = "You were not signed in"


async def test_2_1_a_group_gives_the_role_and_history_names_the_person(
    elsewhere: Elsewhere,
) -> None:
    shown = await elsewhere.browser().read("/ui/enter")
    assert "Sign in with Example SSO" in shown.text
    browser = elsewhere.browser()
    answer = await elsewhere.came(browser, "grace", "/ui/noc/history")
    assert (answer.status_code, answer.headers["location"]) == (303, "/ui/noc/history")
    session = [one for one in answer.headers.get_list("set-cookie") if "__Host-byoip=" in one]
    for part in ("Path=/", "Secure", "HttpOnly", "SameSite=Lax"):
        assert f"; {part}" in session[0]
    page = await browser.read("/ui/noc/history")
    assert "Grace Höpper (operator)" in page.text
    admin = await elsewhere.signed_in("ada")
    assert "Ada (admin of Example)" in (await admin.read("/ui/people")).text


async def test_2_1_who_comes_again_is_the_same_person(elsewhere: Elsewhere) -> None:
    ids = set()
    for _ in range(2):
        browser = await elsewhere.signed_in("ada")
        people = await browser.read("/ui/people")
        ids |= {one for one in people.links if re.fullmatch("/ui/people/[0-9a-f]{32}", one)}
    assert len(ids) == 1


async def test_2_1_the_code_is_asked_for_with_pkce_state_and_nonce(elsewhere: Elsewhere) -> None:
    asked = dict(parse_qsl(urlsplit(await elsewhere.begun(elsewhere.browser())).query))
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["code_challenge"]) == 43
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
    assert asked["response_type"] == "code"
    assert asked["redirect_uri"] == "http://byoip.test/ui/enter/provider/back"


async def test_2_1_without_a_group_of_ours_nobody_comes_in(elsewhere: Elsewhere) -> None:
    browser = elsewhere.browser()
    answer = await elsewhere.came(browser, "joe")
    assert answer.status_code == 403
    assert "names no group of yours" in answer.text
    assert browser.cookie == ""
    elsewhere.provider.tell(users={"joe": {"sub": "u-3", "_claim_names": {"groups": "src1"}}})
    assert (await elsewhere.came(browser, "joe")).status_code == 403


@pytest.mark.parametrize("way", ["basic", "post"])
async def test_2_1_our_secret_is_told_as_the_provider_takes_it(
    elsewhere: Elsewhere, way: str
) -> None:
    ways = [f"client_secret_{way}"]
    elsewhere.provider.tell(metadata={"token_endpoint_auth_methods_supported": ways})
    await elsewhere.signed_in("ada")


async def test_2_1_a_session_is_new_whatever_the_browser_had(elsewhere: Elsewhere) -> None:
    """Fixation: a cookie that was planted, or was somebody's, is none afterwards."""
    planted = Browser(elsewhere.world.client, "a" * 64)
    await elsewhere.came(planted, "ada")
    assert planted.cookie != "a" * 64
    before = planted.cookie
    await elsewhere.came(planted, "grace")
    assert planted.cookie != before
    old = Browser(elsewhere.world.client, before)
    assert (await old.get("/ui/sessions")).status_code == 303


async def test_2_1_nobody_is_signed_in_by_what_another_browser_began(
    elsewhere: Elsewhere,
) -> None:
    """Login CSRF: a link with the code and state of somebody else."""
    mallory, victim = elsewhere.browser(), elsewhere.browser()
    back = elsewhere.at_provider(await elsewhere.begun(mallory), "grace")
    await elsewhere.begun(victim)
    for path in (back, changed(back, state="0" * 64), changed(back, state=None), f"{back}&state=x"):
        answer = await victim.get(path)
        assert answer.status_code == 403, path
        assert REFUSED in answer.text
        assert victim.cookie == ""
    assert (await mallory.get(back)).status_code == 303


async def test_2_1_a_code_of_another_attempt_is_none(elsewhere: Elsewhere) -> None:
    """Injected: the provider compares the verifier, and we the nonce."""
    browser = elsewhere.browser()
    first = elsewhere.at_provider(await elsewhere.begun(browser), "grace")
    second = elsewhere.at_provider(await elsewhere.begun(browser), "ada")
    code = dict(parse_qsl(first.partition("?")[2]))["code"]
    assert (await browser.get(changed(second, code=code))).status_code == 403
    assert browser.cookie == ""


async def test_2_1_a_code_signs_in_once(elsewhere: Elsewhere) -> None:
    browser = elsewhere.browser()
    back = elsewhere.at_provider(await elsewhere.begun(browser), "ada")
    kept = dict(browser.attempts)
    assert (await browser.get(back)).status_code == 303
    again = Browser(elsewhere.world.client, attempts=kept)
    assert (await again.get(back)).status_code == 403
    assert again.cookie == ""
    at_once = elsewhere.browser()
    back = elsewhere.at_provider(await elsewhere.begun(at_once), "ada")
    answers = await asyncio.gather(*(at_once.get(back) for _ in range(4)))
    assert sorted(one.status_code for one in answers) == [303, 403, 403, 403]


async def test_2_1_another_provider_sends_nobody_back(elsewhere: Elsewhere) -> None:
    """Mix-up (RFC 9207): `iss` is ours, and there if the provider says that it is."""
    browser = elsewhere.browser()
    for iss in ("https://evil.example", None):
        back = elsewhere.at_provider(await elsewhere.begun(browser), "ada")
        assert (await browser.get(changed(back, iss=iss))).status_code == 403
        assert "/token" not in elsewhere.provider.asked(), "the code went nowhere"
    elsewhere.provider.tell(iss=False)


@pytest.mark.parametrize(
    "to",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/ui\\..\\evil",
        "/uievil",
        "javascript:alert(1)",
        "/ui/x\r\nset-cookie: a=b",
        "/ui/" + "a" * 500,
        "",
    ],
)
async def test_2_1_it_leads_to_pages_of_ours_alone(elsewhere: Elsewhere, to: str) -> None:
    """An open redirect."""
    answer = await elsewhere.came(elsewhere.browser(), "ada", to)
    assert (answer.status_code, answer.headers["location"]) == (303, "/ui")


async def test_2_1_a_forged_cookie_leads_nowhere_else(elsewhere: Elsewhere) -> None:
    browser = elsewhere.browser()
    back = elsewhere.at_provider(await elsewhere.begun(browser), "ada")
    [(name, kept)] = browser.attempts.items()
    parts = kept.split(".")
    for where in ("aHR0cHM6Ly9ldmlsLmV4YW1wbGU=", "L1wvZXZpbA==", "!", "_w==", "a"):
        browser.attempts[name] = ".".join([*parts[:3], where])
        answer = await browser.get(back)
        assert answer.headers.get("location", "/ui") == "/ui"
        back = elsewhere.at_provider(await elsewhere.begun(browser), "ada")
        [name] = [one for one in browser.attempts if one.endswith(back.rpartition("=")[2])]
        parts = browser.attempts[name].split(".")


async def test_2_1_what_the_provider_refuses_is_said(elsewhere: Elsewhere) -> None:
    browser = elsewhere.browser()
    back = elsewhere.at_provider(await elsewhere.begun(browser), "ada")
    answer = await browser.get(changed(back, code=None, error="<b>access_denied"))
    assert answer.status_code == 403
    assert "<b>" not in answer.text
