"""Page, 4, in a real browser: what operators keep and decide, by axe, keyboard, without scripts."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.accounts.people import Role
from byoip.domain.prefix import Prefix
from byoip.store.speakers.routes import Routes
from tests.api.operators import Operator
from tests.api.world import World
from tests.web.chromium import PHONE, WIDE, Site, chromium, site_of, tab_to, too_wide, violations
from tests.web.test_4_accounts import ACCOUNTS, CREDENTIALS
from tests.web.test_4_data import DATA, SPACE, taken
from tests.web.test_4_decided_routes import HELD, ORPHANS, WAITING, at, orphans, restored, waiting
from tests.web.walking import OF_TEST_4_BROWSER, unseen

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as made:
        yield made


@pytest.fixture
async def site(world: World, browser: Browser) -> AsyncIterator[Site]:
    async with site_of(world, browser) as made:
        yield made


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
async def test_4_every_page_fits_and_axe_finds_nothing(
    site: Site, engine: AsyncEngine, tmp_path: Path, *, size: tuple[int, int], dark: bool
) -> None:
    await restored(site.world, engine, tmp_path)
    await orphans(site.world, engine)
    await taken(site.world, engine, tmp_path, (10, 10), (12, 11), (12, 2))
    of = site.world.account_id.hex
    async with site.person(Role.OPERATOR, size=size, dark=dark) as page:
        walked = (
            "/ui/noc", f"{ACCOUNTS}/{of}", CREDENTIALS, f"{CREDENTIALS}?account={of}&ended=1",
            WAITING, ORPHANS, at("ams1", HELD[0]), DATA, f"{SPACE}?cidr=45.0.0.0/8",
            f"/ui/noc/prefixes?account={of}", "/ui/noc/routes",
        )  # fmt: skip
        for below in OF_TEST_4_BROWSER:
            assert unseen(site.world, walked, below) == []
        for address in walked:
            await page.goto(address)
            assert await violations(page) == [], address
            assert await too_wide(page) == [], address


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "none"])
async def test_4_an_orphan_is_withdrawn_from_the_page(
    site: Site, engine: AsyncEngine, *, scripts: bool
) -> None:
    await orphans(site.world, engine)
    async with site.person(Role.OPERATOR, scripts=scripts) as page:
        await page.goto(ORPHANS)
        await page.get_by_role("link", name=f"{HELD[0]} at ams1").click()
        await page.get_by_label("Type the path").fill(HELD[0])
        await page.get_by_label("Reason").fill("A ghost.")
        await page.get_by_role("button", name="Withdraw it from ams1").click()
        await expect(page.get_by_role("status")).to_contain_text("It is to be withdrawn")
    assert await Routes(engine).decided_orphans("ams1") == {Prefix.parse(HELD[0])}


async def test_4_a_route_is_released_by_keyboard_alone(
    site: Site, engine: AsyncEngine, tmp_path: Path, operator: Operator
) -> None:
    first, second = await restored(site.world, engine, tmp_path)
    async with site.person(Role.OPERATOR) as page:
        await tab_to(page, f'a[href^="{WAITING}#route-"]')
        async with page.expect_navigation():
            await page.keyboard.press("Enter")
        await tab_to(page, "details summary")
        await page.keyboard.press("Enter")
        await tab_to(page, 'details[open] input[name="reason"]')
        await page.keyboard.type("Asked its owner.")
        async with page.expect_navigation():
            await page.keyboard.press("Enter")
        await expect(page.get_by_role("status")).to_contain_text("It is announced")
    assert len(await waiting(engine)) == 1
    event = await operator.last_event()
    assert event["after"]["announced"][0] in {first, second}


async def test_4_an_account_is_renamed_without_scripts(site: Site, operator: Operator) -> None:
    of = site.world.account_id.hex
    async with site.person(Role.OPERATOR, scripts=False) as page:
        await page.goto(f"{ACCOUNTS}/{of}")
        await page.get_by_text("change its name or quota").click()
        await page.get_by_label("Name").fill("Renamed AG")
        await page.get_by_label("Reason").first.fill("They were bought.")
        await page.get_by_role("button", name="Change it").click()
        await expect(page.get_by_role("heading", level=1)).to_contain_text("Renamed AG")
    assert (await operator.result("GET", f"/accounts/{of}"))["name"] == "Renamed AG"


async def test_4_what_somebody_fills_in_is_not_drawn_anew_under_their_hands(
    site: Site, engine: AsyncEngine
) -> None:
    await orphans(site.world, engine)
    async with site.person(Role.OPERATOR) as page:
        await page.goto("/ui/noc")
        form = page.locator("#now form").filter(has=page.locator("[name=speaker][value=ams1]"))
        seen, summary = form.locator("[name=seen]"), page.locator("#now details:has(form) summary")
        was = await seen.input_value()
        for one in await summary.all():
            await one.click()
        async with engine.begin() as connection:
            await connection.execute(text("DELETE FROM orphan_routes WHERE cidr = '31.0.1.0/24'"))
        again = "htmx.ajax('GET', '/ui/noc/part', {target: '#now', swap: 'innerMorph'})"
        await page.evaluate(again)
        await expect(page.locator("#now")).to_contain_text("2 things wait")
        assert await seen.input_value() == was
        for one in await summary.all():
            await one.click()
        await page.evaluate(again)
        await expect(seen).not_to_have_value(was)
