"""Page, 6: a v4 /23 by DNS and a v6 /48 by IRR, from nothing to announced, by keyboard alone."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from functools import partial

import pytest
from playwright.async_api import Browser, Page, expect

from tests.databases import directory_open_to_all, fast_place
from tests.end_to_end.running import Running, eventually, up
from tests.web.chromium import WIDE, chromium, tab_to, violations

pytestmark = pytest.mark.real
BLOCK = "{kind}: {cidr}\nstatus: ASSIGNED PA\nmnt-by: YOUR-MAINTAINER\nsource: RIPE\n"
OLD_OBJECT = "route: {cidr}\norigin: AS64500\nmnt-by: YOUR-MAINTAINER\nsource: RIPE\n"


@dataclass(frozen=True)
class Case:
    """A prefix, what is there at the registry before, what its customer publishes, what proves."""

    cidr: str
    before: str
    records: tuple[str, ...]
    proves: str
    proves_not: str


CASES = [
    Case("198.18.40.0/23", OLD_OBJECT, ("rdns", "roa"), "reverse DNS", "the route object"),
    Case("2001:db8:40::/48", BLOCK, ("irr", "roa"), "the route object", "reverse DNS"),
]


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as made:
        yield made


@pytest.fixture
def service() -> Iterator[Running]:
    with directory_open_to_all(fast_place()) as directory, up(directory) as running:
        yield running


async def press(page: Page, selector: str) -> None:
    """Go there by Tab alone, press Enter, and be where it leads."""
    await tab_to(page, selector)
    async with page.expect_navigation():
        await page.keyboard.press("Enter")


async def row(page: Page, check: str) -> str:
    found = page.locator("tr", has=page.get_by_role("rowheader", name=f"Token in {check}"))
    return (await found.text_content()) or ""


@pytest.mark.parametrize("case", CASES, ids=["v4 by DNS", "v6 by IRR"])
async def test_6_from_nothing_to_announced_by_keyboard_alone(
    service: Running, browser: Browser, case: Case
) -> None:
    kind = "inet6num" if ":" in case.cidr else "inetnum"
    said: list[str] = []
    context = await browser.new_context(viewport={"width": WIDE[0], "height": WIDE[1]})
    page = await context.new_page()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    service.control("PUT", "/irr/RIPE", content=case.before.format(kind=kind, cidr=case.cidr))
    await page.goto(service.ready["sign_in_link"])
    async with page.expect_navigation():
        await page.keyboard.press("Enter")  # the script has gone to the button
    await press(page, 'a[href="/ui/prefixes/new"]')
    await tab_to(page, "#cidr")
    await page.keyboard.type(case.cidr)
    await press(page, "#bring > button")
    prefix_id = page.url.partition("?")[0][-32:]
    if "irr" in case.records:  # the registry is looked at before anything is published there
        looked = partial(eventually, lambda: service.looked(prefix_id))
        await asyncio.to_thread(looked)
    for record in case.records:
        await press(page, f"form[action$='/publish/{record}'] button")
        await expect(page.get_by_role("status")).to_contain_text("published in the sandbox")
    await press(page, "form[action$='/check'] button")
    await expect(page.locator("form[action$='/bind'] button")).to_be_visible()  # by itself: live
    assert "passed" in await row(page, case.proves)
    assert "passed" not in await row(page, case.proves_not)
    await press(page, "form[action$='/bind'] button")
    await press(page, "form[action$='/announce'] button")
    await expect(page.locator("#now")).to_contain_text("Withdrawing takes")
    assert await violations(page) == []
    assert said == []
    await context.close()
