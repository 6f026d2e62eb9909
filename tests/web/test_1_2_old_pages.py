"""Page, 1.2: a form of an older page does nothing, and the page says what has changed since."""

import pytest

from tests.api.bound import bound
from tests.api.world import World
from tests.web.browser import Reading, signed_in


@pytest.mark.parametrize("what", ["bindings", "unbind", "swap", "delegations", "move"])
async def test_1_2_what_changed_is_said_on_every_page_of_a_prefix(world: World, what: str) -> None:
    path, cidr, _ = await bound(world)
    [binding] = await world.result("GET", f"{path}/bindings")
    half, other = cidr.replace("/23", "/24"), world.other_account_id.hex
    filled = {
        "bindings": {"cidr": half},
        "unbind": {"confirm": cidr},
        "swap": {},
        "delegations": {"cidr": half, "account": other},
        "move": {"account": other},
    }[what]
    page = f"/ui{path}/{what}"
    if what in {"unbind", "swap"}:
        page = f"/ui{path}/bindings/{binding['id']}"
    browser = await signed_in(world)
    old = await browser.form(page, f"/{what}")
    await world.result("PATCH", path, json={"description": "of another"})
    before = await world.result("GET", f"{path}/events")
    answer = await browser.send(old, **filled)
    assert answer.status_code == 412
    said = answer.text.partition('role="alert"')[2].partition("</div>")[0]
    assert "Nothing was done." in said
    assert "changed the description" in said
    assert "has claimed" not in said  # what the old page knew
    assert await world.result("GET", f"{path}/events") == before
    [again] = [one for one in Reading(answer.text).forms if one.action.endswith(f"/{what}")]
    assert (await browser.send(again, **filled)).status_code == 303
