"""Speakers, listeners, edges and settings in a real browser: axe, a phone, the keyboard."""

from datetime import timedelta
from uuid import uuid4

import pytest
from playwright.async_api import Page, expect
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.accounts.people import Role
from byoip.store.speakers.routes import Alarm, Routes
from tests.api.edges import register
from tests.api.operators import WHY, Operator
from tests.api.test_operator_speaker_settings import CHANGED, PATH, WANTED
from tests.revising import enforce
from tests.routes.test_3_3_over_http import entry, two_speakers
from tests.web.chromium import PHONE, WIDE, Site, tab_to, too_wide, violations
from tests.web.test_4_noc import raised
from tests.web.test_4_speaker_settings import proposed
from tests.web.test_4_speakers import LACKS, gone
from tests.web.test_6_operator import browser, site
from tests.web.walking import OF_TEST_6_NETWORK, unseen

__all__ = ["browser", "site"]  # fixtures
pytestmark = pytest.mark.real

NETWORK = "/ui/noc/network"
LONG = "s" * 60


async def busy(site: Site, operator: Operator, engine: AsyncEngine) -> None:
    """Something of everything, with long names."""
    world, routes = site.world, Routes(engine)
    await two_speakers(operator, engine)
    await gone(world, engine)
    await gone_more(engine)
    until = (world.clock.now() + timedelta(days=1)).isoformat()
    await operator.act("/routes/speakers/ams1/drain", until=until, loses=9, reason=WHY * 20)
    await raised(world, engine, Alarm("sessions_shut", "ams1", LACKS.format(95) * 3))
    now = world.clock.now()
    await routes.note_listeners({LONG: True}, now - timedelta(minutes=6))
    await routes.note_listeners({"rr1": True, "rr2": False}, now)
    await enforce(world.store, routes, (entry("ams1", 1), entry("fra1", 2), entry(LONG, 3)))
    await routes.revisions.propose(uuid4(), "worker:2", (CHANGED,))
    await register(operator, "fra1", "e" * 63)


async def gone_more(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.exec_driver_sql(
            "UPDATE speakers SET fault = repeat('connection refused by a far host ', 9)"
            " WHERE name = 'old1'"
        )


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
async def test_every_page_of_the_network_fits_and_axe_finds_nothing(
    site: Site,
    engine: AsyncEngine,
    operator: Operator,
    *,
    size: tuple[int, int],
    dark: bool,
) -> None:
    await busy(site, operator, engine)
    async with site.person(Role.OPERATOR, size=size, dark=dark) as page:

        async def well(address: str) -> None:
            await page.goto(address)
            assert await violations(page) == [], address
            assert await too_wide(page) == [], address

        walked = (
            "/ui/noc", NETWORK, f"{NETWORK}/speakers/ams1", f"{NETWORK}/speakers/old1",
            f"{NETWORK}/speakers/{LONG}", f"{NETWORK}/listeners", f"{NETWORK}/edges",
            f"{NETWORK}/edges/fra1", f"{NETWORK}/edges/{'e' * 63}", f"{NETWORK}/settings",
            "/ui/noc/routes/drain?speaker=fra1", "/ui/noc/routes/drain?stage=2",
            "/ui/noc/routes/drain?speaker=fra1&neighbour=127.0.0.2",
        )  # fmt: skip
        assert unseen(site.world, walked, OF_TEST_6_NETWORK) == []
        for address in walked:
            await well(address)
        await operator.act(f"{PATH}/apply", proposal=WANTED, revision=2)
        async with site.world.store.transaction() as tx:
            await tx.revisions.open(3, 1, {})
        await well(f"{NETWORK}/settings")


async def pressed(page: Page, selector: str) -> None:
    """Go to what leads on, press it, and be where it leads."""
    await tab_to(page, selector)
    async with page.expect_navigation():
        await page.keyboard.press("Enter")


async def test_a_speaker_is_forgotten_by_keyboard_alone_from_what_waits(
    site: Site, engine: AsyncEngine, operator: Operator
) -> None:
    await gone(site.world, engine)
    async with site.person(Role.OPERATOR) as page:
        await pressed(page, f'a[href="{NETWORK}/speakers/old1"]')
        await tab_to(page, "#speakers-old1-forget summary")
        await page.keyboard.press("Enter")
        await tab_to(page, '#speakers-old1-forget input[name="reason"]')
        await page.keyboard.type("Sold.")
        await tab_to(page, '#speakers-old1-forget input[name="confirm"]')
        await page.keyboard.type("old1")
        async with page.expect_navigation():
            await page.keyboard.press("Enter")
        await expect(page.get_by_role("status")).to_contain_text("It is forgotten.")
    assert (await operator.last_event())["kind"] == "speaker.forgotten"


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "none"])
async def test_settings_are_applied_and_taken_back_from_the_page(
    site: Site, engine: AsyncEngine, operator: Operator, *, scripts: bool
) -> None:
    await proposed(engine, (CHANGED,))
    async with site.person(Role.OPERATOR, scripts=scripts, size=PHONE) as page:
        await page.goto(f"{NETWORK}/settings")
        await page.get_by_text(f"Apply {WANTED}").first.click()
        await page.get_by_label("Reason").fill("New routers.")
        await page.get_by_label("Type").fill(WANTED)
        await page.get_by_role("button", name=f"Apply {WANTED}").click()
        await expect(page.get_by_role("status")).to_contain_text("It travels")
        await page.get_by_text("Take revision 2 back").first.click()
        await page.get_by_label("Reason").fill("Too early.")
        await page.get_by_role("button", name="Take revision 2 back").click()
        await expect(page.get_by_role("status")).to_contain_text("in force again")
    assert (await operator.last_event())["reason"] == "Too early."


async def test_an_edge_is_registered_and_drained_from_the_page(
    site: Site, operator: Operator
) -> None:
    async with site.person(Role.OPERATOR) as page:
        await page.goto(f"{NETWORK}/edges")
        await page.get_by_label("Name").fill("fra1")
        await page.get_by_label("Reason").fill("Rack 12.")
        await page.get_by_role("button", name="Register it").click()
        await page.get_by_role("link", name="fra1").click()
        await page.get_by_text("Drain fra1").first.click()
        await page.locator("#edges-fra1-drain").get_by_label("Reason").fill("Moved.")
        await page.get_by_role("button", name="Drain fra1").click()
        await expect(page.get_by_role("status")).to_contain_text("It is drained")
    [made] = await operator.result("GET", "/edge/edges")
    assert made["state"] == "drained"
