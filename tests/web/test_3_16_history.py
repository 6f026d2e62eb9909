"""All that has happened to a prefix, beyond what its page shows: a page at a time, who and why."""

import re

from byoip.domain.accounts.people import Role
from byoip.web.customer.history import PAGE
from tests.api.bound import bound
from tests.api.operators import Operator
from tests.api.world import World
from tests.web.browser import Browser, Reading, signed_in
from tests.web.test_1_1_weights import LIGHT
from tests.web.walking import HOSTILE


async def numbers(browser: Browser, path: str) -> tuple[list[int], Reading]:
    """Of the events that a page shows, and the page."""
    answer = await browser.get(path)
    assert answer.status_code == 200, answer.text
    assert len(answer.content) < LIGHT
    return [int(one) for one in re.findall(r'<tr id="event-(\d+)"', answer.text)], Reading(
        answer.text
    )


async def test_every_event_is_reached_from_the_page_and_back(world: World) -> None:
    made = await world.prefix()
    for number in range(2 * PAGE + 20):
        changed = {"description": f"number {number}"}
        await world.result("PATCH", f"/prefixes/{made['id']}", json=changed)
    events = await world.result("GET", f"/prefixes/{made['id']}/events?per_page=1000")
    browser, page = await signed_in(world, Role.VIEWER), f"/ui/prefixes/{made['id']}"
    shown = await browser.read(page)
    assert f"All {len(events)} events, with who and why" in shown.text
    path = f"{page}/history"
    assert path in shown.links
    seen, walked = list[int](), [path]
    while True:
        found, shown = await numbers(browser, walked[-1])
        assert found == sorted(found, reverse=True)
        seen += found
        older = [one for one in shown.links if "below=" in one and one not in walked]
        older = [one for one in older if int(one.partition("=")[2]) < found[0]]
        if not older:
            break
        walked += older
    assert seen == list(range(len(events), 0, -1))
    assert len(walked) == 3
    assert walked[1] in shown.links  # and back
    newest, _ = await numbers(browser, path)
    _, second = await numbers(browser, walked[1])
    assert path in second.links
    assert len(newest) == PAGE


async def test_who_did_it_and_why_is_said(world: World, operator: Operator) -> None:
    path, _, _ = await bound(world)
    why = {"reason": f"Ticket 4711. {HOSTILE}"}
    await operator.result("POST", f"{path}/suspend", json=why)
    browser = await signed_in(world, name="Olga")
    form = await browser.form(f"/ui{path}/bindings", "/bindings")
    assert form.fields["version"]
    answer = await browser.get(f"/ui{path}/history")
    shown = Reading(answer.text).text
    assert f"Ticket 4711. {HOSTILE}" in shown
    assert "<script>alert" not in answer.text
    assert "The operator has suspended the prefix" in shown
    assert "token ci" in shown
    assert "operator" in shown


async def test_of_a_removed_prefix_too_and_of_nobody_elses(world: World) -> None:
    made = await world.prefix()
    path = f"/ui/prefixes/{made['id']}/history"
    await world.result("DELETE", f"/prefixes/{made['id']}")
    browser = await signed_in(world, Role.VIEWER)
    assert path in (await browser.read("/ui/prefixes/removed")).links
    found, shown = await numbers(browser, path)
    assert found
    assert "History of a prefix that is closed" in shown.text
    assert "The claim has ended" in shown.text
    stranger = await signed_in(world, account_id=world.other_account_id)
    operator = await signed_in(world, Role.OPERATOR)
    for visitor, status in ((stranger, 404), (operator, 403), (Browser(world.client), 303)):
        assert (await visitor.get(path)).status_code == status


async def test_odd_places_in_it_are_its_begin_or_its_end(world: World) -> None:
    made, browser = await world.prefix(), await signed_in(world)
    path = f"/ui/prefixes/{made['id']}/history"
    all_of_it, _ = await numbers(browser, path)
    for odd in ("", "x", "-1", "²", "9" * 30, "9" * 5000, "1e9", "999999999"):
        assert (await numbers(browser, f"{path}?below={odd}"))[0] == all_of_it, odd
    for nothing in ("0", "1"):
        found, shown = await numbers(browser, f"{path}?below={nothing}")
        assert found == []
        assert "Nothing stands here." in shown.text
        assert path in shown.links or f"{path}?below=" in " ".join(shown.links)
    assert (await numbers(browser, f"{path}?below=2"))[0] == [1]


async def test_what_an_event_is_about_is_said(world: World) -> None:
    path, cidr, _ = await bound(world)
    half = cidr.replace("/23", "/24")
    lent = {"cidr": half, "delegated_account_id": world.other_account_id.hex}
    await world.result("POST", f"{path}/delegations", json=lent)
    await world.result("PATCH", path, json={"description": HOSTILE})
    browser = await signed_in(world)
    answer = await browser.get(f"/ui{path}/history")
    rows = re.findall(r'<tr id="event-.*?</tr>', answer.text, re.DOTALL)
    said = {kind: row for row in rows for kind in re.findall(r">(\w+\.\w+)</code>", row)}
    assert half in said["delegation.created"]
    assert cidr in said["binding.created"]
    assert HOSTILE in Reading(said["prefix.described"]).text
    assert "<script>alert" not in answer.text
