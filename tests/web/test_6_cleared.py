"""Page, 6, in a real browser: each kind of thing that needs a person is seen, cleared, and gone."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.async_api import Locator, Page, expect
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.accounts.people import Role
from byoip.web.operator.needs import KINDS
from tests.api.operators import Operator
from tests.api.world import World
from tests.web.chromium import Site
from tests.web.test_4_a_page_for_each import Plot
from tests.web.test_6_operator import NOC, browser, site
from tests.web.troubles import TROUBLES, Trouble

__all__ = ["browser", "site"]  # fixtures
pytestmark = pytest.mark.real
REASON = "Looked at it, with the customer on the phone."
LATE = "The same, a moment later."
HISTORIES = """
    SELECT count(*) AS many FROM (
        SELECT to_jsonb(e)::text AS it FROM operator_events AS e
        UNION ALL SELECT to_jsonb(e)::text FROM events AS e
    ) AS every WHERE it LIKE '%' || :why || '%'
"""


@pytest.fixture
def plot(world: World, operator: Operator, engine: AsyncEngine, tmp_path: Path) -> Plot:
    return Plot(world, operator, engine, tmp_path)


def card(page: Page, trouble: Trouble, title: str) -> Locator:
    """The one card of what waits."""
    heading = page.locator("h2", has_text=trouble.section)
    section = page.locator("section").filter(has=heading)
    return section.locator(".card").filter(has=page.locator("h3").get_by_text(title, exact=True))


async def kept(engine: AsyncEngine, why: str = REASON) -> int:
    """How many events name a reason."""
    async with engine.connect() as connection:
        found = await connection.execute(sa.text(HISTORIES), {"why": why})
        return int(found.scalar_one())


def test_every_kind_of_what_needs_a_person_is_cleared_here() -> None:
    cleared = {one.section for one in TROUBLES.values()}
    assert {one.name for one in KINDS.values()} == {
        one for one in cleared if not one.startswith("Alarm: ")
    }


@pytest.mark.parametrize("kind", TROUBLES)
async def test_each_kind_is_seen_cleared_and_gone(site: Site, plot: Plot, kind: str) -> None:
    trouble = TROUBLES[kind]
    title = await trouble.plant(plot)
    async with site.person(Role.OPERATOR, name="Nora") as page:
        await page.goto(NOC)
        await expect(card(page, trouble, title)).to_have_count(1)
        if trouble.clear:
            await (await trouble.clear(page, title, REASON)).click()
            await expect(page.get_by_role("status")).to_be_visible()
            assert await kept(plot.engine) >= 1, "history keeps the reason"
        if trouble.then:
            await trouble.then(plot)
        await page.goto(NOC)
        await expect(page.get_by_role("heading", level=1)).to_be_visible()
        await expect(card(page, trouble, title)).to_have_count(0)
        if trouble.clear is None:
            assert await kept(plot.engine) == 0, "nobody did anything"


@pytest.mark.parametrize("kind", [name for name, one in TROUBLES.items() if one.clear])
async def test_of_two_people_at_once_one_decides_and_the_other_is_told(
    site: Site, plot: Plot, kind: str
) -> None:
    """Both have it before them, filled in; who comes second changes nothing, and reads why."""
    trouble = TROUBLES[kind]
    assert trouble.clear
    title = await trouble.plant(plot)
    async with (
        site.person(Role.OPERATOR, name="Nora") as first,
        site.person(Role.OPERATOR, name="Olaf") as second,
    ):
        for page in (first, second):
            await page.goto(NOC)
        press = await trouble.clear(first, title, REASON)
        late = await trouble.clear(second, title, LATE)
        await press.click()
        await expect(first.get_by_role("status")).to_be_visible()
        async with second.expect_navigation():
            await late.click()
        await expect(second.get_by_role("status")).to_have_count(0)
        said = second.get_by_role("alert").or_(second.get_by_role("heading", level=1))
        await expect(said.first).to_be_visible()
    assert await kept(plot.engine) >= 1
    assert await kept(plot.engine, LATE) == 0, "nothing was done a second time"
