"""A prefix on its way out, and back, on its page."""

from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.accounts.people import Role
from tests.api.bound import bound, roas
from tests.api.world import World
from tests.web.browser import Reading, signed_in


async def test_a_prefix_leaves_only_if_it_was_typed_which_and_comes_back(
    world: World, engine: AsyncEngine, tmp_path: Path
) -> None:
    path, cidr, route = await bound(world)
    await roas(world, engine, tmp_path, cidr)
    browser, page = await signed_in(world), f"/ui{path}"
    await browser.send(await browser.form(page, "/announce"))
    assert "(1 announced now)" in (await browser.read(page)).text
    for typed in ("", "yes", cidr[:-1]):
        answer = await browser.send(await browser.form(page, "/offboard"), confirm=typed)
        assert answer.status_code == 422
        assert f"type {cidr}" in Reading(answer.text).text
    assert (await world.result("GET", path))["standing"] == "ok"
    answer = await browser.send(await browser.form(page, "/offboard"), confirm=cidr)
    shown = await browser.read(answer.headers["location"])
    assert "The prefix is on its way out." in shown.text
    assert "Next: its routes are withdrawn" in shown.text
    assert (await world.result("GET", path))["standing"] == "offboarding"
    assert not any(one.action.endswith("/announce") for one in shown.forms)
    answer = await browser.send(await browser.form(page, "/restore"))
    assert answer.headers["location"].endswith("done=restored")
    assert (await world.result("GET", path))["standing"] == "ok"
    assert (await world.result("GET", route))["desired"]["advertised"] is True


async def test_a_viewer_and_an_old_page_send_nothing_away(world: World) -> None:
    path, cidr, _ = await bound(world)
    editor, viewer = await signed_in(world, Role.EDITOR), await signed_in(world, Role.VIEWER)
    form = await editor.form(f"/ui{path}", "/offboard")
    assert (await viewer.send(form, confirm=cidr)).status_code == 403
    await world.result("PATCH", path, json={"description": "changed by another"})
    assert (await editor.send(form, confirm=cidr)).status_code == 412
    stranger = await signed_in(world, account_id=world.other_account_id)
    for what in ("offboard", "restore"):
        there = await stranger.post(f"/ui{path}/{what}", {**form.fields, "confirm": cidr})
        assert there.status_code == 404, what
    assert (await world.result("GET", path))["standing"] == "ok"


async def test_a_prefix_is_sent_away_as_often_as_at_the_api(world: World) -> None:
    path, cidr, _ = await bound(world)
    browser, page = await signed_in(world), f"/ui{path}"
    for _ in range(6):
        await browser.send(await browser.form(page, "/offboard"), confirm=cidr)
        await world.result("POST", f"{path}/restore")
        await world.result("POST", f"{path}/offboard")
        await browser.send(await browser.form(page, "/restore"))
    answer = await browser.send(await browser.form(page, "/offboard"), confirm=cidr)
    assert answer.status_code == 429
