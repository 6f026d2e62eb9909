"""Page, 5: in a sandbox a prefix goes from nothing to announced by buttons of the pages alone."""

import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, Page, expect

from tests.databases import directory_open_to_all, fast_place
from tests.end_to_end.running import Running, up
from tests.web.chromium import PHONE, WIDE, chromium, too_wide, violations

pytestmark = pytest.mark.real
# "Bring it", "Check again", "Bind", "Announce": what is published is published at registries.
CLICKS, SECONDS = 4, 300


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as made:
        yield made


@pytest.fixture(scope="module")
def service() -> Iterator[Running]:
    with directory_open_to_all(fast_place()) as directory, up(directory) as running:
        yield running


@asynccontextmanager
async def _page(browser: Browser, said: list[str]) -> AsyncIterator[Page]:
    context = await browser.new_context(viewport={"width": WIDE[0], "height": WIDE[1]})
    page = await context.new_page()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    try:
        yield page
    finally:
        await context.close()


async def test_5_a_24_from_nothing_to_announced_by_the_pages_alone(
    service: Running, browser: Browser, capsys: pytest.CaptureFixture[str]
) -> None:
    said: list[str] = []
    clicked: list[str] = []
    began = time.monotonic()
    async with _page(browser, said) as page:

        async def click(name: str | re.Pattern[str]) -> None:
            button = page.get_by_role("button", name=name).first
            clicked.append(await button.inner_text())
            async with page.expect_navigation():
                await button.click()

        await page.goto(service.ready["sign_in_link"])
        await click("Sign in")
        async with page.expect_navigation():
            await page.get_by_role("link", name=re.compile("Bring")).first.click()
        await page.fill("#cidr", "198.18.7.0/24")
        await click("Bring it")
        prefix = page.url.partition("?")[0]
        await expect(page.locator("form[action*='/publish/']")).to_have_count(3)
        for record in ("rdns", "irr", "roa"):
            async with page.expect_navigation():
                await page.locator(f"form[action$='/publish/{record}'] button").click()
            await expect(page.get_by_role("status")).to_contain_text("published in the sandbox")
        await click("Check again")
        await expect(page.get_by_role("button", name="Bind")).to_be_visible()  # by itself: live
        await click("Bind")
        await click("Announce 198.18.7.0/24")
        await expect(page.locator("#now")).to_contain_text("Withdrawing takes")
        await page.goto(prefix)
        took = time.monotonic() - began

        await page.goto(f"{prefix.partition('/ui/')[0]}/ui/sandbox")
        await _panel(page, service)
    assert said == []
    from_bring = clicked[clicked.index("Bring it") :]
    assert len(from_bring) <= CLICKS, from_bring
    assert from_bring[-1] == "Announce 198.18.7.0/24"
    assert took < SECONDS
    with capsys.disabled():
        told = f"{len(from_bring)} clicks from Bring to Announce, {took:.1f} s"
        print(f"\na /24 from nothing to announced: {told}")  # noqa: T201


async def _panel(page: Page, service: Running) -> None:
    """Faults are planted and cleared on the panel, and the control API's are shown there."""
    for size in (WIDE, PHONE):
        await page.set_viewport_size({"width": size[0], "height": size[1]})
        for dark in ("light", "dark"):
            await page.emulate_media(color_scheme=dark)
            assert await violations(page) == []
            assert await too_wide(page) == []
    await page.get_by_label("Name servers is to").select_option("servfail")
    await page.get_by_label("Relying party (ROA data) is to").select_option("stale")
    await page.get_by_role("button", name="Plant these faults").click()
    await expect(page.get_by_role("status")).to_contain_text("Done")
    chips = page.locator("td[data-h='now']")
    await expect(chips).to_have_text(["behaves", "servfail", "stale", "behaves"])
    service.control("PUT", "/faults/irr", json={"kind": "timeout"})
    await page.reload()
    await expect(chips).to_have_text(["timeout", "servfail", "stale", "behaves"])
    await page.get_by_role("button", name="Have all behave again").click()
    await expect(chips).to_have_text(["behaves"] * 4)
