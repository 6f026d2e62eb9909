"""Page, 6, in a real browser: each blocker is planted, read from the page, and explained."""

from pathlib import Path

import pytest
from playwright.async_api import expect
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.accounts.people import Role
from byoip.web.rendering import on_a_page
from tests.api.operators import Operator
from tests.web.chromium import Site
from tests.web.test_4_a_page_for_each import NAMES, PLANTED, PRINTED, Plot
from tests.web.test_6_operator import browser, site

__all__ = ["browser", "site"]  # fixtures
pytestmark = pytest.mark.real


@pytest.mark.parametrize("name", NAMES)
async def test_6_each_blocker_is_read_from_the_page_and_its_guide_is_a_click_away(
    site: Site, operator: Operator, engine: AsyncEngine, tmp_path: Path, name: str
) -> None:
    prefix_id = await PLANTED[name](Plot(site.world, operator, engine, tmp_path))
    told = await site.world.result("GET", f"/prefixes/{prefix_id}")
    [message] = [one["message"] for one in told["blockers"] if one["name"] == name]
    async with site.person(Role.VIEWER) as page:
        await page.goto(f"/ui/prefixes/{prefix_id}")
        if name not in PRINTED:  # those are whole, to be copied
            begins = " ".join(on_a_page(message).split())[:40]
            await expect(page.locator("main")).to_contain_text(begins)
        guide = page.locator(f'a[href="/guide/blockers/{name}"]:visible').first
        await guide.click()
        await expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert page.url.endswith(f"/guide/blockers/{name}")
