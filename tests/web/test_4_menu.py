"""Pages on a phone, in a real browser: the menu leaves the page its room, and shows where it is."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page

from byoip.domain.accounts.people import Role
from tests.api.world import World
from tests.web.chromium import PHONE, Site, chromium, site_of, tab_to, too_wide

pytestmark = pytest.mark.real
MOST_PIXELS = 150
HISTORY = "a[href='/ui/noc/history']"


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as made:
        yield made


@pytest.fixture
async def site(world: World, browser: Browser) -> AsyncIterator[Site]:
    async with site_of(world, browser) as made:
        yield made


async def within(page: Page, selector: str) -> bool:
    """Whether all of it is seen."""
    found: bool = await page.evaluate(
        """selector => {
            const [one, row] = [`.pages ${selector}`, ".pages"]
                .map(each => document.querySelector(each).getBoundingClientRect());
            return one.left >= row.left && one.right <= row.right;
        }""",
        selector,
    )
    return found


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "none"])
@pytest.mark.parametrize(
    ("role", "pages"),
    [
        (Role.OPERATOR, ["/ui/noc", "/ui/noc/accounts", "/ui/people"]),
        (Role.ADMIN, ["/ui/prefixes", "/ui/webhooks", "/ui/people"]),
    ],
)
async def test_4_the_menu_of_a_phone_is_low_and_shows_the_page_that_it_is(
    site: Site, role: Role, pages: list[str], *, scripts: bool
) -> None:
    async with site.person(role, size=PHONE, scripts=scripts) as page:
        for address in pages:
            await page.goto(address)
            high = await page.locator(".top").bounding_box()
            assert high is not None
            assert high["height"] <= MOST_PIXELS, address
            assert await within(page, "[aria-current]"), address
            assert await too_wide(page) == [], address


async def test_4_the_keyboard_comes_to_each_link_of_it(site: Site) -> None:
    async with site.person(Role.OPERATOR, size=PHONE) as page:
        await page.goto("/ui/noc")
        assert not await within(page, HISTORY)
        await tab_to(page, HISTORY)
        assert await within(page, HISTORY)
