"""Page, 2.1 in a real browser: to the provider, back, asked again unseen, and logged out there."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from playwright.async_api import Browser, Page, expect
from prometheus_client import CollectorRegistry

from byoip.api.application import bare_application
from byoip.api.border.access_log import AccessLog
from byoip.cli.serving import bind, port_of, serving
from tests.web.chromium import PATIENCE, PHONE, WIDE, chromium, too_wide, violations
from tests.web.sign_in.elsewhere import LOGOUT, Elsewhere

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as made:
        yield made


@asynccontextmanager
async def person(
    elsewhere: Elsewhere, browser: Browser, *, scripts: bool = True, turned_away: bool = False
) -> AsyncIterator[tuple[Page, str]]:
    """Somebody at the pages, behind a real socket; nothing may be said on the console.

    But by one who is turned away while a page is open: its stream tries again.
    """
    said: list[str] = []
    with bind("127.0.0.1", 0) as socket:
        url = f"http://localhost:{port_of(socket)}"
        backend = replace(elsewhere.world.backend, public_url=url, metrics=CollectorRegistry())
        app = AccessLog(bare_application(backend), CollectorRegistry())
        async with backend.notifier.listening(), serving(app, socket):
            context = await browser.new_context(base_url=url, java_script_enabled=scripts)
            context.set_default_timeout(PATIENCE)
            page = await context.new_page()
            page.on("console", lambda one: said.append(one.text))
            page.on("pageerror", lambda one: said.append(str(one)))
            yield page, url
            await context.close()
    assert turned_away or said == []


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "none"])
async def test_2_1_a_person_signs_in_is_asked_again_unseen_and_leaves(
    elsewhere: Elsewhere, browser: Browser, *, scripts: bool
) -> None:
    async with person(elsewhere, browser, scripts=scripts) as (page, url):
        await page.goto("/ui")
        await page.get_by_role("link", name="Sign in with Example SSO").click()
        await expect(page).to_have_url(re.compile(elsewhere.provider.issuer))
        await page.get_by_role("button", name="ada").click()
        await expect(page).to_have_url(f"{url}/ui/prefixes")
        await expect(page.get_by_text("Ada (admin of Example)")).to_be_visible()
        cookies = {one["name"]: one for one in await page.context.cookies(url)}
        assert not [name for name in cookies if name.startswith("__Host-login-")], "forgotten"
        session = cookies["__Host-byoip"]
        assert (session["httpOnly"], session["secure"]) == (True, True)
        assert session["sameSite"] == "Lax"

        elsewhere.world.clock.advance(timedelta(minutes=31))
        elsewhere.provider.tell(ahead=31 * 60)
        before = elsewhere.provider.asked().count("/authorize")
        await page.get_by_role("link", name="Letters").click()
        await expect(page).to_have_url(f"{url}/ui/letters")
        assert elsewhere.provider.asked().count("/authorize") == before + 1
        kept = {one["name"]: one for one in await page.context.cookies(url)}
        assert kept["__Host-byoip"]["value"] == session["value"]

        token = elsewhere.provider.logout_token(sub="u-2")
        answer = await page.request.post(f"{url}{LOGOUT}", form={"logout_token": token})
        assert answer.status == 200
        await page.get_by_role("link", name="People").click()
        await expect(page).to_have_url(f"{url}/ui/enter")


async def test_2_1_an_open_page_leads_out_as_somebody_is_removed(
    elsewhere: Elsewhere, browser: Browser
) -> None:
    """Its stream ends at once, and what it asks for each minute leads to the page to sign in."""
    async with person(elsewhere, browser, turned_away=True) as (page, url):
        await page.goto("/ui/enter/provider?to=/ui/prefixes")
        await page.get_by_role("button", name="ada").click()
        await expect(page).to_have_url(f"{url}/ui/prefixes")
        await expect(page.locator("#now")).to_contain_text("There is none yet")
        await elsewhere.log_out(elsewhere.provider.logout_token(sub="u-2"))
        await elsewhere.world.prefix("31.9.0.0/24")
        await expect(page).to_have_url(f"{url}/ui/enter", timeout=90_000)  # each 60 s


async def test_2_1_the_page_to_sign_in_pleases_axe(elsewhere: Elsewhere, browser: Browser) -> None:
    async with person(elsewhere, browser) as (page, _):
        for size in (WIDE, PHONE):
            await page.set_viewport_size({"width": size[0], "height": size[1]})
            for path in ("/ui/enter", "/ui/enter?ended=there"):
                await page.goto(path)
                assert await violations(page) == []
                assert await too_wide(page) == []
