"""The operator's pages in a real browser: axe, a phone, the dark, the keyboard, no scripts."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, expect
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.accounts.people import Role
from byoip.store.speakers.routes import Alarm
from tests.api.bound import bound
from tests.api.operators import WHY, Operator
from tests.api.world import World
from tests.routes.test_3_3_over_http import two_speakers
from tests.web.chromium import PHONE, WIDE, Site, chromium, site_of, tab_to, too_wide, violations
from tests.web.test_3_12_disputes import disputed
from tests.web.test_4_1_asn_disputes import asn_disputed
from tests.web.test_4_noc import raised
from tests.web.walking import OF_TEST_4_BROWSER, OF_TEST_6_HOLDING, OF_TEST_6_NETWORK, unseen

pytestmark = pytest.mark.real
NOC = "/ui/noc"


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
async def test_every_page_of_the_operator_fits_and_axe_finds_nothing(
    site: Site, engine: AsyncEngine, operator: Operator, *, size: tuple[int, int], dark: bool
) -> None:
    path, _, _ = await bound(site.world)
    rival = await site.world.prefix("31.24.0.0/23")
    await operator.act(f"/prefixes/{rival['id']}/suspend")
    await operator.act("/jobs/close_unproven/stop")
    await raised(site.world, engine, Alarm("sessions_shut", "ams1", "It lacks 3 routes. " * 9))
    reserved = {"cidr": "31.26.0.0/16", "account_id": None, "reason": WHY}
    await operator.result("POST", "/reservations", json=reserved)
    _, _, dispute = await disputed(site.world)
    asn_dispute = await asn_disputed(site.world)
    await two_speakers(operator, engine)
    async with site.person(Role.OPERATOR, size=size, dark=dark) as page:
        walked = (
            NOC, f"{NOC}/prefixes", f"{NOC}/prefixes?q=31.24.0.1", f"{NOC}{path}",
            f"{NOC}/prefixes/{rival['id']}", f"{NOC}/routes", f"{NOC}/data", f"{NOC}/accounts",
            f"{NOC}/services", f"{NOC}/space", f"{NOC}/history", dispute, asn_dispute,
            f"{NOC}/routes/drain?speaker=ams1", f"{NOC}/kinds/sessions_shut",
            f"{NOC}/kinds/jobs", "/ui/tokens", "/ui/people",
        )  # fmt: skip
        apart = (*OF_TEST_4_BROWSER, OF_TEST_6_NETWORK, *OF_TEST_6_HOLDING)
        assert unseen(site.world, walked, NOC, *apart) == []
        for address in walked:
            await page.goto(address)
            assert await violations(page) == [], address
            assert await too_wide(page) == [], address


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "none"])
async def test_a_stopped_job_is_started_from_the_page(
    site: Site, operator: Operator, *, scripts: bool
) -> None:
    await operator.act("/jobs/close_unproven/stop")
    async with site.person(Role.OPERATOR, scripts=scripts) as page:
        await page.get_by_text("Start", exact=True).first.click()
        await page.get_by_label("Reason").first.fill("Looked at it.")
        await page.get_by_role("button", name="Start", exact=True).click()
        await expect(page.get_by_role("status")).to_contain_text("It is done")
    jobs = await operator.result("GET", "/jobs")
    assert not next(one for one in jobs if one["kind"] == "close_unproven")["stopped"]


async def test_a_prefix_is_suspended_by_keyboard_alone(site: Site, operator: Operator) -> None:
    made = await site.world.prefix("31.28.0.0/23")
    async with site.person(Role.OPERATOR) as page:
        await tab_to(page, "#q")
        await page.keyboard.type("31.28.0.1")
        async with page.expect_navigation():
            await page.keyboard.press("Enter")
        await tab_to(page, f'a[href="{NOC}/prefixes/{made["id"]}"]')
        async with page.expect_navigation():
            await page.keyboard.press("Enter")
        await tab_to(page, "#suspend summary")
        await page.keyboard.press("Enter")
        await tab_to(page, '#suspend input[name="reason"]')
        await page.keyboard.type("A court order.")
        async with page.expect_navigation():
            await page.keyboard.press("Enter")
        await expect(page.get_by_role("status")).to_contain_text("It is done")
    told = await operator.result("GET", f"/prefixes/{made['id']}")
    assert told["standing"] == "suspended"


async def test_an_open_page_keeps_what_is_typed_while_it_is_drawn_again(
    site: Site, engine: AsyncEngine, operator: Operator
) -> None:
    await operator.act("/jobs/close_unproven/stop")
    async with site.person(Role.OPERATOR) as page:
        await page.get_by_text("Start", exact=True).first.click()
        await page.get_by_label("Reason").first.fill("Half a rea")
        await raised(site.world, engine, Alarm("lost", "31.0.0.0/24", "Seen by no listener."))
        drawn = "htmx.ajax('GET', '/ui/noc/part', {target: '#now', swap: 'innerMorph'})"
        await page.evaluate(drawn)  # as it does by itself, after half a minute
        await expect(page.locator("#now")).to_contain_text("Seen by no listener.")
        await expect(page.get_by_label("Reason").last).to_have_value("Half a rea")
