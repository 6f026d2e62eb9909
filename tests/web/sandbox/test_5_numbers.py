"""Page, 5: the line of an AS number is published by its button; faults are planted for it, too."""

from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import Browser, Page, expect

from byoip.sandbox.whois_server import IrrFault
from tests.databases import directory_open_to_all, fast_place
from tests.end_to_end.running import Running, up
from tests.web.chromium import PHONE, WIDE, chromium, too_wide, violations

pytestmark = pytest.mark.real
GIVEN, LACNICS, NOBODYS = "64501", "64504", "64510"  # the first by RIPE NCC


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as made:
        yield made


@pytest.fixture
def service() -> Iterator[Running]:
    with (
        directory_open_to_all(fast_place()) as directory,
        up(directory, BYOIP_PREFLIGHTS_PER_ACCOUNT="0") as running,
    ):
        yield running


async def _brought(page: Page, root: str, asn: str) -> str:
    await page.goto(f"{root}/ui/asns")
    await page.fill("#asn", asn)
    await _press(page, "Bring it")
    return page.url.partition("?")[0]


async def _press(page: Page, name: str) -> None:
    async with page.expect_navigation():
        await page.get_by_role("button", name=name).click()


async def _looked_good(page: Page) -> None:
    for size in (WIDE, PHONE):
        await page.set_viewport_size({"width": size[0], "height": size[1]})
        for dark in ("light", "dark"):
            await page.emulate_media(color_scheme=dark)
            assert await violations(page) == []
            assert await too_wide(page) == []


async def _looked_for_while(page: Page, root: str, number: str, party: str, kind: str) -> None:
    """With this fault planted on the panel, and no other."""
    await page.goto(f"{root}/ui/sandbox")
    await page.get_by_label(f"{party} is to").select_option(kind)
    await _press(page, "Plant these faults")
    await page.goto(number)
    await _look(page)


async def _look(page: Page) -> None:
    await _press(page, "Look for the proof now")
    await expect(page.get_by_role("status")).to_contain_text("was looked for")


async def test_5_a_number_from_nothing_to_proven_by_the_pages_alone(
    service: Running, browser: Browser
) -> None:
    said: list[str] = []
    context = await browser.new_context(viewport={"width": WIDE[0], "height": WIDE[1]})
    page = await context.new_page()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    link = service.ready["sign_in_link"]
    root = link.partition("/ui/")[0]
    await page.goto(link)
    await _press(page, "Sign in")
    number = await _brought(page, root, GIVEN)
    for kind in IrrFault:
        await _looked_for_while(page, root, number, "Registries (whois)", kind)
        await expect(page.locator("h1")).to_contain_text("no answer yet")  # which is no "no"
    await page.goto(f"{root}/ui/sandbox")
    await _press(page, "Have all behave again")
    await page.goto(number)
    await _look(page)
    await expect(page.locator("h1")).to_contain_text("proof not found")
    await expect(page.locator("main")).to_contain_text("RIPE has no aut-num object of AS64501")
    await _looked_good(page)
    await page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
    await _press(page, "publish it in the sandbox")
    await expect(page.get_by_role("status")).to_contain_text("published in the sandbox")
    await _look(page)
    await expect(page.locator("h1")).to_contain_text("proven")
    await expect(page.locator("main")).to_contain_text("in RIPE carries the token")
    await expect(page.get_by_role("button", name="publish it in the sandbox")).to_have_count(0)
    await _looked_good(page)
    assert said == []
    await _brought(page, root, NOBODYS)
    await _press(page, "publish it in the sandbox")
    await expect(page.locator("main")).to_contain_text("AS64510 is given to nobody")
    await _brought(page, root, LACNICS)  # which lets nobody write a line
    await _look(page)
    await expect(page.locator("main")).to_contain_text("no field of an aut-num object")
    await expect(page.get_by_role("button", name="publish it in the sandbox")).to_have_count(0)
    await _looked_good(page)
    await page.goto(f"{root}/ui/asns")
    await _looked_good(page)
    await context.close()
