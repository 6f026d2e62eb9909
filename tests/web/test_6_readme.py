"""The pictures of README, of pages as a browser shows them; WRITE_PICTURES=1 keeps them."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.accounts.people import Role
from byoip.store.speakers.routes import Alarm
from tests.api.bound import bound, roas
from tests.api.operators import Operator
from tests.api.world import World
from tests.web.chromium import Site, chromium, site_of
from tests.web.test_4_noc import raised

pytestmark = pytest.mark.real
README = Path(__file__).parents[2] / "README.md"
PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
NAMED = ("prefix.png", "noc.png")
LARGEST = 300_000  # bytes


@pytest.fixture
async def site(world: World) -> AsyncIterator[Site]:
    async with chromium() as browser, site_of(world, browser) as made:
        yield made


async def test_pictures_of_readme_are_made_and_named_there(
    site: Site, engine: AsyncEngine, operator: Operator, tmp_path: Path
) -> None:
    world, into = site.world, PICTURES if os.environ.get("WRITE_PICTURES") else tmp_path
    path, cidr, _ = await bound(world, "45.200.0.0/23")
    await roas(world, engine, tmp_path, cidr)
    services = {one.name: one.id.hex for one in await world.services() if not one.default_only}
    other = next(service for name, service in services.items() if name != "CDN")
    for part in ("45.200.0.0/25", "45.200.0.64/26", "45.200.1.128/25"):
        service = services["CDN"] if part == "45.200.0.64/26" else other
        await world.result("POST", f"{path}/bindings", json={"cidr": part, "service_id": service})
    lent = {"cidr": "45.200.1.0/26", "delegated_account_id": world.other_account_id.hex}
    await world.result("POST", f"{path}/delegations", json=lent)
    async with site.person(size=(1100, 800)) as page:
        await page.goto(f"/ui{path}")
        await page.get_by_role("button", name=f"Announce {cidr}").click()
        await page.get_by_role("heading", name="Addresses").scroll_into_view_if_needed()
        await page.screenshot(path=into / "prefix.png", animations="disabled", caret="hide")
    held = await world.prefix("31.24.0.0/23")
    await operator.act(f"/prefixes/{held['id']}/suspend")
    await operator.act("/jobs/close_unproven/stop")
    await raised(world, engine, Alarm("lost", "45.200.0.0/23", "No listener sees it."))
    async with site.person(Role.OPERATOR, name="Nora", size=(1100, 800)) as page:
        await page.goto("/ui/noc")
        await page.screenshot(path=into / "noc.png", animations="disabled", caret="hide")
    for name in NAMED:
        assert 10_000 < (into / name).stat().st_size < LARGEST
        assert f"docs/pictures/{name}" in README.read_text()
        assert (PICTURES / name).read_bytes().startswith(b"\x89PNG")
