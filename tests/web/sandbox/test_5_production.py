"""Page, 5: nothing of the sandbox is reachable in production."""

import subprocess
import sys

from tests.api.world import World
from tests.web.browser import signed_in
from tests.web.test_3_7_asns import brought

_LOADED = """
import sys
import byoip.cli.up, byoip.cli.running, byoip.composition.api
print([one for one in sys.modules if one.startswith(("byoip.sandbox", "byoip.web.sandbox",
    "byoip.composition.sandbox"))])
"""


def test_5_programs_of_production_load_nothing_of_it() -> None:
    """Beside the import contract: what is loaded by name would pass that."""
    said = subprocess.check_output([sys.executable, "-c", _LOADED], text=True)
    assert said.strip() == "[]"


async def test_5_pages_of_production_publish_and_plant_nothing(world: World) -> None:
    made = await world.prefix()
    browser = await signed_in(world)
    page = await browser.read(f"/ui/prefixes/{made['id']}")
    assert "sandbox" not in page.text.lower()
    number = await brought(browser)
    for shown in ("/ui/asns", number):
        assert "sandbox" not in (await browser.get(shown)).text.lower()
    form = await browser.form(f"/ui/prefixes/{made['id']}", "/check")
    prefix = f"/ui/prefixes/{made['id']}"
    for path in ("/ui/sandbox", f"{prefix}/publish/roa", f"{number}/publish/autnum"):
        assert (await browser.get(path)).status_code == 404
        assert (await browser.post(path, form.fields)).status_code in {404, 405}
