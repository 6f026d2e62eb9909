"""The pictures of README and docs, of pages as a browser shows them; WRITE_PICTURES=1 keeps them.

Beside each stands what it says, as text: a page that says something else is no longer the one in
the picture. Pixels are not compared, for fonts differ from machine to machine.
"""

import os
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Page
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.accounts.people import Role
from byoip.store.speakers.records import SpeakerState
from byoip.store.speakers.routes import Alarm, Routes
from tests.api.bound import roas
from tests.api.operators import Operator
from tests.api.world import World
from tests.stumbles.runs import carry_out, validate
from tests.web.chromium import Site, chromium, site_of
from tests.web.test_4_noc import raised

pytestmark = pytest.mark.real
ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs" / "pictures"
NAMED = {"prefix": "README.md", "noc": "README.md", "addresses": "docs/journey.md"}
LARGEST = 300_000  # bytes
CIDR = "45.200.0.0/23"
OBJECTS = """
inetnum: 45.200.0.0 - 45.200.1.255
netname: EXAMPLE-NET
mnt-by: EXAMPLE-MNT
source: RIPE

route: 45.200.0.0/23
origin: AS64500
mnt-by: EXAMPLE-MNT
source: RIPE
"""


@pytest.fixture
async def site(world: World) -> AsyncIterator[Site]:
    async with chromium() as browser, site_of(world, browser) as made:
        yield made


def says(text: str) -> str:
    """What a page says, but for times and ids, which are others each time."""
    text = re.sub(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d)?(\+00:00)?)?", "a time", text)
    text = re.sub(r"[0-9a-f]{32}", "an id", text)
    return "\n".join(line.strip() for line in text.splitlines() if line.strip()) + "\n"


async def taken(page: Page, name: str, into: Path, *, dark: bool) -> None:
    """Take it; of the light one what it says is kept, or compared with what is kept."""
    file = into / (f"{name}-dark.png" if dark else f"{name}.png")
    await page.screenshot(path=file, animations="disabled", caret="hide")
    assert 10_000 < file.stat().st_size < LARGEST
    kept, said = PICTURES / f"{name}.txt", says(await page.inner_text("body"))
    if into == PICTURES and not dark:
        kept.write_text(said)
    assert said == kept.read_text(), "WRITE_PICTURES=1 takes it anew"
    assert (PICTURES / file.name).read_bytes().startswith(b"\x89PNG")
    assert f"pictures/{file.name}" in (ROOT / NAMED[name]).read_text()


async def proven(world: World, engine: AsyncEngine, directory: Path) -> str:
    """A prefix that checks have approved, with services; its path."""
    made = await world.prefix(CIDR, description="Haarlem, racks 4 and 5")
    await roas(world, engine, directory, CIDR)
    world.outside.registry.put("RIPE", OBJECTS)
    for zone in ("0.200.45", "1.200.45"):
        token = made["ownership_validation_token"]
        world.outside.dns.publish(f"byoip-validation.{zone}.in-addr.arpa.", token)
    asked = await validate(world, made["id"])
    await carry_out(world, asked["result"]["validation"]["id"])
    path, services = f"/prefixes/{made['id']}", {one.name: one.id for one in await world.services()}
    for part, name in (
        (CIDR, "CDN"),
        ("45.200.0.0/25", "Spectrum"),
        ("45.200.0.64/26", "CDN"),
        ("45.200.1.128/25", "Spectrum"),
    ):
        body = {"cidr": part, "service_id": services[name].hex}
        await world.result("POST", f"{path}/bindings", json=body)
        world.clock.advance(timedelta(seconds=1))  # lists go by time
    lent = {"cidr": "45.200.1.0/26", "delegated_account_id": world.other_account_id.hex}
    await world.result("POST", f"{path}/delegations", json=lent)
    return path


async def carried_out(engine: AsyncEngine, world: World) -> None:
    """A speaker holds what is wanted."""
    routes, now = Routes(engine), world.clock.now()
    state = SpeakerState("ams1", 1, "", 1, now, loaded=True, sessions={"192.0.2.1": True})
    await routes.note_speaker(state)
    wanted = [one.desired for one in await routes.states("ams1")]
    await routes.mark_announced("ams1", wanted, now)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_6_pictures_show_the_pages_as_they_are(
    site: Site, engine: AsyncEngine, operator: Operator, tmp_path: Path, *, dark: bool
) -> None:
    world, into = site.world, PICTURES if os.environ.get("WRITE_PICTURES") else tmp_path
    path = await proven(world, engine, tmp_path)
    async with site.person(size=(1100, 820), dark=dark) as page:
        await page.goto(f"/ui{path}")
        await page.get_by_role("button", name=f"Announce {CIDR}").click()
        await carried_out(engine, world)
        await page.goto(f"/ui{path}")
        await taken(page, "prefix", into, dark=dark)
        await page.set_viewport_size({"width": 1100, "height": 640})
        await page.goto(f"/ui{path}/addresses?address=45.200.0.77")
        await taken(page, "addresses", into, dark=dark)
    held = await world.prefix("31.24.0.0/23")
    await operator.act(f"/prefixes/{held['id']}/suspend")
    await operator.act("/jobs/close_unproven/stop")
    await raised(world, engine, Alarm("lost", CIDR, "No listener sees it."))
    async with site.person(Role.OPERATOR, name="Nora", size=(1100, 960), dark=dark) as page:
        await page.goto("/ui/noc")
        await page.get_by_text("Start", exact=True).first.click()
        await page.get_by_role("heading", name="Needs a person").scroll_into_view_if_needed()
        await page.mouse.wheel(0, -1_000)
        await taken(page, "noc", into, dark=dark)
