"""What breakers hold, in a real browser: axe, a phone, the dark, the keyboard, no scripts."""

from pathlib import Path

import pytest
from playwright.async_api import expect
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.accounts.people import Role
from byoip.domain.claims.lifecycle import Standing
from tests.api.operators import Operator
from tests.web.chromium import PHONE, WIDE, Site, tab_to, too_wide, violations
from tests.web.held_back import BREAKER, LEVELS, parked, tripped
from tests.web.places import CONTRADICTS, PERSPECTIVES, SILENT, saw
from tests.web.test_4_1_old_pages import held
from tests.web.test_6_network import pressed
from tests.web.test_6_operator import browser, site
from tests.web.walking import OF_TEST_6_HOLDING, unseen

__all__ = ["browser", "site"]  # fixtures
pytestmark = pytest.mark.real
WHY = "Their NOC confirms it by phone."


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
async def test_what_breakers_hold_fits_and_axe_finds_nothing(
    site: Site, engine: AsyncEngine, tmp_path: Path, *, size: tuple[int, int], dark: bool
) -> None:
    trip = await tripped(site.world, engine)
    empty = await tripped(site.world, engine, "account", site.world.account_id.hex)
    await parked(site.world, engine, tmp_path, trip)
    await held(site.world, engine, "31.0.0.0/23")
    made = await site.world.prefix("31.4.0.0/23")
    await saw(site.world, engine, made["id"], "It has another token. " * 20, tyo=CONTRADICTS)
    await saw(site.world, engine, made["id"], what="irr", nyc=SILENT)
    async with site.person(Role.OPERATOR, size=size, dark=dark) as page:
        walked = (f"{BREAKER}/{trip.hex}", f"{BREAKER}/{empty.hex}", LEVELS, PERSPECTIVES)
        assert unseen(site.world, walked, OF_TEST_6_HOLDING[0]) == []
        assert unseen(site.world, walked, OF_TEST_6_HOLDING[1]) == []
        for address in ("/ui/noc", *walked):
            await page.goto(address)
            assert await violations(page) == [], address
            assert await too_wide(page) == [], address


async def test_what_waits_behind_a_breaker_is_let_go_by_keyboard_alone(
    site: Site, engine: AsyncEngine, operator: Operator, tmp_path: Path
) -> None:
    trip = await tripped(site.world, engine)
    await parked(site.world, engine, tmp_path, trip)
    async with site.person(Role.OPERATOR) as page:
        await pressed(page, f'a[href="{BREAKER}/{trip.hex}"]')
        await tab_to(page, 'details[id$="-release"] summary')
        await page.keyboard.press("Enter")
        await tab_to(page, 'details[open] input[name="reason"]')
        await page.keyboard.type(WHY)
        await tab_to(page, 'details[open] input[name="confirm"]')
        await page.keyboard.type("1 route")
        async with page.expect_navigation():
            await page.keyboard.press("Enter")
        await expect(page.get_by_role("status")).to_contain_text("It is done")
        await expect(page.get_by_text("The breaker has tripped")).to_have_count(0)
    assert (await operator.last_event())["after"]["parked"] == "released"


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "none"])
async def test_what_waits_behind_a_breaker_is_turned_back_and_held_levels_are_dropped(
    site: Site, engine: AsyncEngine, operator: Operator, tmp_path: Path, *, scripts: bool
) -> None:
    trip = await tripped(site.world, engine)
    path = await parked(site.world, engine, tmp_path, trip)
    await held(site.world, engine, "31.0.0.0/23")
    async with site.person(Role.OPERATOR, scripts=scripts) as page:
        for link, press in (("global", "Re-arm it, and turn them back"), ("holder", "Drop them")):
            await page.get_by_role("heading", name=link).get_by_role("link").click()
            await page.get_by_text(press, exact=True).first.click()
            await page.locator("details[open]").get_by_label("Reason").fill(WHY)
            await page.get_by_role("button", name=press).click()
            await expect(page.get_by_role("status")).to_contain_text("It is done")
            await expect(page.get_by_role("link", name=link)).to_have_count(0)
    assert (await site.world.result("GET", path))["standing"] == Standing.OK.value
    assert (await operator.last_event())["kind"] == "levels.dropped"
