"""Page, 6: announced, seen, withdrawn, offboarded, restored: on open pages, as a BIRD sees it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from byoip.adapters.system_clock import SystemClock
from byoip.domain.accounts.people import Role
from byoip.domain.history import Actor
from byoip.domain.prefix import Prefix
from byoip.store.engine import make_engine
from byoip.store.transaction import Store
from byoip.usecases.accounts import people
from tests.fakes.backend import RandomHex
from tests.real.announcing import own_postgres
from tests.routes.scenarios import scene
from tests.web.chromium import WIDE, chromium

pytestmark = [pytest.mark.real, pytest.mark.long, pytest.mark.timeout(400)]
SOON = 90_000  # milliseconds: jobs come by in their own time


@asynccontextmanager
async def person(
    browser: Browser, database_url: str, url: str, account_id: UUID, name: str
) -> AsyncIterator[Page]:
    """Somebody of the account at the prefix's pages, in a browser of their own."""
    engine = make_engine(database_url)
    async with Store(engine, SystemClock()).transaction(actor=Actor("cli", "cli-test")) as tx:
        made = await people.invite(
            tx, account_id, mint=RandomHex(), name=name, role=Role.EDITOR, reason="test"
        )
    await engine.dispose()
    size = {"width": WIDE[0], "height": WIDE[1]}
    context = await browser.new_context(base_url=url, viewport=size)  # type: ignore[arg-type]
    page = await context.new_page()
    await page.goto(f"/ui/enter#{made.token}")
    async with page.expect_navigation():
        await page.keyboard.press("Enter")
    try:
        yield page
    finally:
        await context.close()


def state(page: Page, of: str) -> Locator:
    """What the page says of the route: desired, applied by speakers, or observed."""
    heading = page.get_by_role("rowheader", name=of)
    return page.locator("#now tr", has=heading).locator("td")


async def typed(page: Page, what: str, cidr: str) -> None:
    """What takes a route down: opened, typed, sent."""
    form = page.locator(f"details:has(form[action$='/{what}'])")
    await form.locator("summary").click()
    await form.locator('[name="confirm"]').fill(cidr)
    async with page.expect_navigation():
        await form.locator("button").click()


async def test_6_what_a_router_sees_stands_on_open_pages(tmp_path: Path) -> None:
    """Ada acts; Bob's page stays open, is never loaded again, and shows it as BIRD sees it."""
    with own_postgres() as server:
        async with (
            scene(server.database_url, tmp_path, up=1, down=1) as here,
            chromium() as browser,
        ):
            [route], service = here.down, here.service
            url, prefix = service.url.replace("127.0.0.1", "localhost"), Prefix.parse(route.cidr)
            whose = server.database_url, url, route.owner.account_id
            async with person(browser, *whose, "Ada") as ada, person(browser, *whose, "Bob") as bob:
                for page in (ada, bob):
                    await page.goto(f"/ui/prefixes/{route.claim_id.hex}")
                loaded: list[str] = []
                bob.on("load", lambda _: loaded.append("again"))
                seen = state(bob, "observed")
                await expect(seen).not_to_contain_text("seen by router")

                async with ada.expect_navigation():
                    await ada.get_by_role("button", name=f"Announce {route.cidr}").click()
                await expect(state(bob, "applied")).to_contain_text("announced", timeout=SOON)
                await expect(seen).to_contain_text("seen by router", timeout=SOON)
                await expect(seen).not_to_contain_text("not seen")
                assert service.edge.router.shows(prefix)

                await typed(ada, "withdraw", route.cidr)
                await expect(seen).to_contain_text("not seen", timeout=SOON)
                assert not service.edge.router.shows(prefix)

                async with ada.expect_navigation():
                    await ada.get_by_role("button", name=f"Announce {route.cidr}").click()
                await expect(seen).not_to_contain_text("not seen", timeout=SOON)
                await typed(ada, "offboard", route.cidr)
                await expect(bob.locator("#now")).to_contain_text("On its way out", timeout=SOON)
                grace = "the time of grace ends, and it is closed"
                await expect(bob.locator("#now")).to_contain_text(grace, timeout=SOON)
                assert not service.edge.router.shows(prefix)

                async with ada.expect_navigation():
                    await ada.get_by_role("button", name=f"Restore {route.cidr}").click()
                await expect(seen).to_contain_text("seen by router", timeout=SOON)
                await expect(seen).not_to_contain_text("not seen", timeout=SOON)
                assert service.edge.router.shows(prefix)
                assert loaded == []
