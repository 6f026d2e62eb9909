"""Services of a prefix on pages: nested ones bound, swapped without a gap, unbound."""

from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.accounts.people import Role
from byoip.domain.bindings.service_binding import Service
from tests.api.bound import bound, roas
from tests.api.world import World
from tests.web.browser import Reading, signed_in


async def named(world: World, name: str) -> Service:
    return next(one for one in await world.services() if one.name == name)


async def other_than_cdn(world: World) -> Service:
    return next(one for one in await world.services() if one.name != "CDN" and not one.default_only)


async def test_a_part_is_bound_swapped_and_unbound(world: World) -> None:
    path, cidr, _ = await bound(world)
    browser, page = await signed_in(world, Role.EDITOR), f"/ui{path}/bindings"
    half, other = cidr.replace("/23", "/24"), await other_than_cdn(world)
    form = await browser.form(page, "/bindings")
    answer = await browser.send(form, cidr=half, service=other.id.hex)
    assert half in (await browser.read(answer.headers["location"])).text
    told = await world.result("GET", f"{path}/bindings")
    [nested] = [one for one in told if one["cidr"] == half]
    assert nested["service_name"] == other.name
    one = f"{page}/{nested['id']}"
    cdn = await named(world, "CDN")
    answer = await browser.send(await browser.form(one, "/swap"), service=cdn.id.hex)
    assert "The service is swapped" in (await browser.read(answer.headers["location"])).text
    after = await world.result("GET", f"{path}/bindings/{nested['id']}")
    assert after["service_name"] == "CDN"
    for typed in ("", "yes", cidr):
        answer = await browser.send(await browser.form(one, "/unbind"), confirm=typed)
        assert answer.status_code == 422
        assert f"type {half}" in Reading(answer.text).text
    answer = await browser.send(await browser.form(one, "/unbind"), confirm=half)
    assert answer.headers["location"].endswith("bindings?done=unbound")
    assert [one["cidr"] for one in await world.result("GET", f"{path}/bindings")] == [cidr]


async def test_what_is_refused_of_a_binding_is_said_at_its_field(world: World) -> None:
    path, cidr, _ = await bound(world)
    browser, page = await signed_in(world), f"/ui{path}/bindings"
    service = (await other_than_cdn(world)).id.hex
    for wanted, status in (("198.51.100.0/24", 422), ("x", 422), (cidr, 409)):
        form = await browser.form(page, "/bindings")
        answer = await browser.send(form, cidr=wanted, service=service)
        assert answer.status_code == status, (wanted, answer.status_code)
        assert 'aria-invalid="true"' in answer.text
        assert "Nothing was done." in Reading(answer.text).text
    form = await browser.form(page, "/bindings")
    assert (await browser.send(form, cidr=cidr, service="x")).status_code == 404
    assert len(await world.result("GET", f"{path}/bindings")) == 1


async def test_the_whole_is_not_unbound_under_a_route(
    world: World, engine: AsyncEngine, tmp_path: Path
) -> None:
    path, cidr, _ = await bound(world)
    await roas(world, engine, tmp_path, cidr)
    browser = await signed_in(world)
    await browser.send(await browser.form(f"/ui{path}", "/announce"))
    [one] = await world.result("GET", f"{path}/bindings")
    page = f"/ui{path}/bindings/{one['id']}"
    answer = await browser.send(await browser.form(page, "/unbind"), confirm=cidr)
    assert answer.status_code == 409
    assert "Nothing was done." in Reading(answer.text).text
    assert len(await world.result("GET", f"{path}/bindings")) == 1


async def test_old_pages_viewers_and_strangers_change_no_service(world: World) -> None:
    path, cidr, _ = await bound(world)
    editor, viewer = await signed_in(world, Role.EDITOR), await signed_in(world, Role.VIEWER)
    stranger = await signed_in(world, account_id=world.other_account_id)
    [one] = await world.result("GET", f"{path}/bindings")
    other = (await other_than_cdn(world)).id.hex
    page = f"/ui{path}/bindings/{one['id']}"
    forms = [
        (await editor.form(f"/ui{path}/bindings", "/bindings"), {"cidr": cidr[:-2] + "24"}),
        (await editor.form(page, "/swap"), {}),
        (await editor.form(page, "/unbind"), {"confirm": cidr}),
    ]
    for seen in (page, f"/ui{path}/bindings"):
        assert (await stranger.get(seen)).status_code == 404
        assert [one.action for one in (await viewer.read(seen)).forms] == ["/ui/leave"]
    await world.result("PATCH", path, json={"description": "changed by another"})
    for form, filled in forms:
        more = {**filled, "service": other}
        assert (await viewer.send(form, **more)).status_code == 403, form.action
        assert (await stranger.send(form, **more)).status_code == 404, form.action
        assert (await editor.send(form, **more)).status_code == 412, form.action
    assert await world.result("GET", f"{path}/bindings") == [one]


async def test_two_hundred_services_are_a_light_page(world: World) -> None:
    path, _, _ = await bound(world, "45.241.0.0/16")
    service = (await other_than_cdn(world)).id.hex
    for number in range(201):
        body = {"cidr": f"45.241.{number}.0/24", "service_id": service}
        await world.result("POST", f"{path}/bindings", json=body)
    browser = await signed_in(world)
    answer = await browser.get(f"/ui{path}/bindings")
    assert len(answer.content) < 100_000, len(answer.content)
    [more] = [one for one in Reading(answer.text).links if "after=" in one]
    whole = answer.text + (await browser.get(more)).text
    assert [n for n in range(201) if f"45.241.{n}.0/24" not in whole] == []
    assert len((await browser.get(f"/ui{path}")).content) < 100_000
