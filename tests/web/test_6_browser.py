"""What only a browser shows: the keyboard, a phone, colours, live parts, two clicks, no scripts."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from playwright.async_api import Browser, Page, expect
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.api.bound import bound, roas
from tests.api.letters import issued
from tests.api.world import World
from tests.store.samples import passed
from tests.web.browser import link_for
from tests.web.chromium import PHONE, WIDE, Site, chromium, site_of, tab_to, too_wide, violations
from tests.web.walking import unseen

pytestmark = pytest.mark.real

LONG_URL = f"https://hooks.example.net/{'w' * 200}"
LONG_ADDRESS = f"{'w' * 60}@{'w' * 60}.example.net"


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as made:
        yield made


@pytest.fixture
async def site(world: World, browser: Browser) -> AsyncIterator[Site]:
    async with site_of(world, browser) as made:
        yield made


async def approve(world: World, claim_id: UUID) -> None:
    async with world.store.transaction() as tx:
        claim, yes = await tx.claims.lock(claim_id), passed(world.clock.now())
        proven = replace(claim, irr=yes, rpki=yes, ownership=yes)
        await tx.claims.save(proven.approve(world.clock.now()))


async def press(page: Page, selector: str = "") -> None:
    """Go to what leads on, press it, and be where it leads."""
    if selector:
        await tab_to(page, selector)
    async with page.expect_navigation():
        await page.keyboard.press("Enter")


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
async def test_from_nothing_to_announced_and_back_by_keyboard_alone(
    site: Site, engine: AsyncEngine, tmp_path: Path, size: tuple[int, int]
) -> None:
    world = site.world
    await roas(world, engine, tmp_path, "31.0.0.0/23")
    async with site.person(size=size) as page:
        await press(page, 'a[href="/ui/prefixes/new"]')
        await tab_to(page, "#cidr")
        await page.keyboard.type("31.0.0.0/23")
        await tab_to(page, "#asn")
        await page.keyboard.press("Control+A")
        await page.keyboard.type("AS64500")
        await press(page)
        await expect(page.get_by_role("status")).to_contain_text("The prefix is brought")
        await press(page, 'form[action$="/check"] button')
        await expect(page.get_by_role("status")).to_contain_text("The checks were asked for")
        await approve(world, UUID(re.sub(r".*/([0-9a-f]{32}).*", r"\1", page.url)))
        await page.reload()
        await press(page, 'form[action$="/bind"] button')
        await expect(page.get_by_role("status")).to_contain_text("The service is bound")
        await press(page, 'form[action$="/announce"] button')
        await expect(page.get_by_role("status")).to_contain_text("The announcement is asked for")
        await tab_to(page, "details:has(form[action$='/withdraw']) summary")
        await page.keyboard.press("Enter")
        await tab_to(page, '[name="confirm"]')
        await page.keyboard.type("31.0.0.0/23")
        await press(page)
        await expect(page.get_by_role("status")).to_contain_text("The withdrawal is asked for")


async def test_an_open_page_shows_what_another_does_and_keeps_what_was_typed(
    site: Site, engine: AsyncEngine, tmp_path: Path
) -> None:
    path, cidr, route = await bound(site.world)
    await roas(site.world, engine, tmp_path, cidr)
    async with site.person() as page, site.person(name="Bob") as bobs:
        await page.goto(f"/ui{path}")
        await bobs.goto(f"/ui{path}")
        await page.get_by_role("button", name=f"Announce {cidr}").click()
        await expect(bobs.locator("#now")).to_contain_text("Withdrawing takes")
        await bobs.get_by_text(f"withdraw {cidr}").click()
        await bobs.get_by_label(f"Type {cidr} to withdraw it").fill(cidr)
        changed = {"description": "changed meanwhile"}
        await site.world.result("PATCH", path, json=changed)
        await expect(bobs.locator("#now")).to_contain_text("changed meanwhile")
        await expect(bobs.get_by_label(f"Type {cidr} to withdraw it")).to_have_value(cidr)
        await bobs.get_by_role("button", name="Withdraw").click()  # of the newest version
        await expect(bobs.get_by_role("status")).to_contain_text("The withdrawal is asked for")
        await expect(page.locator("#now")).to_contain_text("Announcing sends traffic")
    assert (await site.world.result("GET", route))["desired"]["advertised"] is False


async def test_the_list_shows_a_prefix_that_comes(site: Site) -> None:
    async with site.person() as page:
        await page.goto("/ui/prefixes")
        await expect(page.locator("#now")).to_contain_text("There is none yet")
        await site.world.prefix("31.9.0.0/24")
        await expect(page.locator("#now")).to_contain_text("31.9.0.0/24")


async def test_copy_buttons_copy_also_after_news(site: Site) -> None:
    made = await site.world.prefix()
    async with site.person() as page:
        await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        await page.goto(f"/ui/prefixes/{made['id']}")
        await site.world.result("PATCH", f"/prefixes/{made['id']}", json={"description": "Haarlem"})
        await expect(page.locator("#now")).to_contain_text("Haarlem")  # not on the page before
        for button in await page.locator("button[data-copies]").all():
            await button.click()
            await expect(button).to_have_text("copied")
            shown = await page.locator(
                f"#{await button.get_attribute('data-copies')}"
            ).text_content()
            assert await page.evaluate("navigator.clipboard.readText()") == shown


async def test_whether_it_would_pass_is_said_while_one_types(site: Site) -> None:
    async with site.person() as page:
        await page.goto("/ui/prefixes/new")
        await tab_to(page, "#cidr")
        await page.keyboard.type("31.4.0.0/4")
        await expect(page.locator("#typed")).to_contain_text("Prefix: ")
        await page.keyboard.press("Backspace")
        await page.keyboard.type("24")
        await expect(page.locator("#typed")).to_contain_text("31.4.0.0/24 from AS64500")
        await expect(page.locator("#typed")).to_contain_text("would not pass yet")
        await page.keyboard.press("Enter")  # from the field: it is brought
        await expect(page.get_by_role("status")).to_contain_text("The prefix is brought")


async def test_two_clicks_bring_one_prefix(site: Site) -> None:
    async with site.person() as page:
        await page.goto("/ui/prefixes/new")
        await page.fill("#cidr", "31.4.0.0/24")
        await page.fill("#asn", "64500")
        await page.get_by_role("button", name="Bring it").dblclick()
        await expect(page.get_by_role("status")).to_contain_text("The prefix is brought")
    assert len(await site.world.result("GET", "/prefixes")) == 1


async def test_without_scripts_all_but_live_parts_works_and_an_old_page_does_nothing(
    site: Site,
) -> None:
    async with site.person(scripts=False) as page:
        await page.goto("/ui/prefixes/new")
        await page.fill("#cidr", "31.5.0.0/24")
        await page.fill("#asn", "64500")
        await page.get_by_role("button", name="Bring it").click()
        await expect(page.get_by_role("status")).to_contain_text("The prefix is brought")
        assert await page.locator("button[data-copies]").first.is_hidden()
        [one] = await site.world.result("GET", "/prefixes")
        changed = {"description": "changed by another"}
        await site.world.result("PATCH", f"/prefixes/{one['id']}", json=changed)
        await page.get_by_role("button", name="Check again").click()
        await expect(page.get_by_role("alert")).to_contain_text("Nothing was done")
        await expect(page.get_by_role("alert")).to_contain_text("changed the description")
        assert await site.world.result("GET", f"/prefixes/{one['id']}/validations") == []
        await page.get_by_role("button", name="Check again").click()
        await expect(page.get_by_role("status")).to_contain_text("The checks were asked for")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
async def test_every_page_fits_and_axe_finds_nothing(
    site: Site, *, size: tuple[int, int], dark: bool
) -> None:
    made = await site.world.prefix(description="w" * 200)
    path, cidr, _ = await bound(site.world)
    person, _ = await link_for(site.world, name="Eve")
    reference = (await issued(site.world)).reference
    letter, own_letter = f"/loa/{reference}", f"/ui/letters/{reference}"
    own = await site.world.result("POST", "/asns", json={"asn": 3320})
    lent = {"cidr": cidr, "delegated_account_id": site.world.other_account_id.hex}
    await site.world.result("POST", f"{path}/delegations", json=lent)
    asn = f"/ui/asns/{own['id']}"
    [bound_to] = await site.world.result("GET", f"{path}/bindings")
    gone = await site.world.prefix("31.7.0.0/24")
    await site.world.result("DELETE", f"/prefixes/{gone['id']}")
    hook = await site.world.result("POST", "/webhooks", json={"url": LONG_URL})
    mail = await site.world.result("POST", "/mail_addresses", json={"address": LONG_ADDRESS})
    async with site.person(size=size, dark=dark) as page:
        await page.goto(f"/ui/prefixes/{made['id']}")
        await page.get_by_role("button", name="Check again").click()
        walked = (
            "/", "/errors", letter, "/loa/nothing", "/ui/enter", "/ui/prefixes",
            "/ui/prefixes/new", f"/ui{path}", f"/ui/prefixes/{made['id']}",
            "/ui/people", f"/ui/people/{person.hex}",
            "/ui/letters", "/ui/sessions", "/ui/nowhere", "/ui/asns", asn, "/ui/delegations",
            "/ui/moves", f"/ui{path}/delegations", f"/ui{path}/move", "/ui/tokens",
            f"/ui{path}/bindings", f"/ui{path}/bindings/{bound_to['id']}", "/ui/prefixes/removed",
            f"/ui{path}/addresses", f"/ui{path}/history",
            own_letter, "/ui/webhooks", f"/ui/webhooks/{hook['id']}", "/ui/mail",
            f"/ui/mail/{mail['id']}",
        )  # fmt: skip
        assert unseen(site.world, walked, "/ui", "/ui/noc") == []
        for address in walked:
            await page.goto(address)
            assert await violations(page) == [], address
            assert await too_wide(page) == [], address
        await page.goto("/ui/prefixes/new")
        await page.fill("#cidr", "31.6.0.0/24")
        await page.fill("#asn", "64500")
        await page.get_by_role("button", name="Try it first").click()
        await expect(page.locator("#tried")).to_contain_text("would not pass yet")
        assert await violations(page) == []
        assert await too_wide(page) == []


async def test_a_token_is_made_by_keyboard_alone_and_works(site: Site) -> None:
    async with site.person() as page:
        await page.goto("/ui/tokens")
        await tab_to(page, "#name")
        await page.keyboard.type("ci")
        await tab_to(page, '[name="may-prefixes_read"]')
        await page.keyboard.press("Space")
        await press(page, 'form[action="/ui/tokens"] button')
        token = (await page.locator("#token").text_content()) or ""
        headers = {"authorization": f"Bearer {token.strip()}"}
        answer = await site.world.client.get(site.world.url("/prefixes"), headers=headers)
        assert answer.status_code == 200
        await press(page, 'a[href="/ui/tokens"]:not(nav a)')
        await expect(page.locator("main")).to_contain_text("prefixes:read")


async def test_a_part_is_bound_without_scripts_and_the_map_shows_it(site: Site) -> None:
    path, cidr, _ = await bound(site.world)
    half = cidr.replace("/23", "/24")
    async with site.person(scripts=False) as page:
        await page.goto(f"/ui{path}/bindings")
        await page.fill("#cidr", half)
        await page.get_by_role("button", name="Bind").click()
        await expect(page.get_by_role("status")).to_contain_text("The service is bound")
        await page.goto(f"/ui{path}/addresses")
        assert await page.locator("svg g.block").count() >= 4
        await page.fill("#address", cidr.replace("0/23", "9"))
        await page.get_by_role("button", name="Find").click()
        await expect(page.get_by_role("status")).to_contain_text(f"by the binding of {half}")


async def test_the_pictures_have_colours_and_their_text_is_as_large_as_other_small_text(
    site: Site,
) -> None:
    """No style of their own would count under our policy; a phone scrolls instead of shrinking."""
    path, _, _ = await bound(site.world)
    async with site.person(size=PHONE) as page:
        await page.goto(f"/ui{path}/addresses")
        fill = "getComputedStyle(document.querySelector('g.block rect')).fill"
        assert await page.evaluate(fill) not in {"rgb(0, 0, 0)", "none"}
        high = "document.querySelector('g.block text').getBoundingClientRect().height"
        assert await page.evaluate(high) >= 9
        assert await too_wide(page) == []


async def test_a_webhook_is_added_by_keyboard_alone_and_its_secret_is_copied(site: Site) -> None:
    async with site.person() as page:
        await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        await page.goto("/ui/webhooks")
        await tab_to(page, "#url")
        await page.keyboard.type(LONG_URL)
        await press(page, 'form[action="/ui/webhooks"] button')
        assert await violations(page) == []
        await tab_to(page, '[data-copies="secret"]')
        await page.keyboard.press("Enter")
        copied = await page.evaluate("navigator.clipboard.readText()")
        assert copied.startswith("whsec_")
        await press(page, 'main a[href^="/ui/webhooks/"]')
        await expect(page.locator("h1")).to_contain_text("a test is on its way")
        await expect(page.locator("main")).not_to_contain_text("whsec_")
