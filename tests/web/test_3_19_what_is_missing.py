"""Page, 3: what is missing is a sentence; what is to be published keeps its lines."""

import re

from byoip.domain.accounts.people import Role
from tests.api.world import World
from tests.stumbles.runs import carry_out, validate
from tests.web.browser import signed_in


async def test_3_19_texts_in_what_is_missing_keep_their_lines(world: World) -> None:
    made = await world.prefix("31.6.0.0/23")
    told = await validate(world, made["id"])
    await carry_out(world, told["result"]["validation"]["id"])
    browser = await signed_in(world, Role.VIEWER)
    page = (await browser.get(f"/ui/prefixes/{made['id']}")).text
    [missing] = re.findall("<h2>What is missing</h2>(.*?)</ol>", page, re.DOTALL)
    [irr] = [one for one in missing.split("<li>") if "irr missing" in one]
    said, text = irr.split("<details><summary>what to publish</summary><pre>")
    assert said.endswith("with your own maintainer:")
    assert text.startswith("route:")
    assert re.match(r"route: +31\.6\.0\.0/23\norigin: +AS64500\n", text)
