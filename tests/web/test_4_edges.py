"""Page, 4: edges are registered, drained, taken back and removed from pages that say what goes."""

from datetime import timedelta

import pytest

from byoip.domain.accounts.people import Role
from tests.api.edges import Customer, Edge, customer, edge, register
from tests.api.operators import WHY, Operator
from tests.api.world import World
from tests.web.browser import Reading, signed_in
from tests.web.test_4_speakers import events, refused

__all__ = ["customer", "edge"]  # fixtures

NOC = "/ui/noc"
EDGES = "/ui/noc/network/edges"
FRA = f"{EDGES}/fra1"


async def state(operator: Operator) -> dict[str, str]:
    return {one["name"]: one["state"] for one in await operator.result("GET", "/edge/edges")}


async def test_4_an_edge_is_registered_once_and_joins_as_it_is_heard(
    world: World, operator: Operator, edge: Edge
) -> None:
    browser = await signed_in(world, Role.OPERATOR)
    assert "None is registered" in (await browser.read(EDGES)).text
    form = await browser.form(EDGES, "/edges")
    said = refused(await browser.send(form, name="Fra 1", reason=WHY), 422)
    assert "An edge's name has 1 to 63 characters" in said
    form = await browser.form(EDGES, "/edges")
    for _ in "12":  # a double click
        answer = await browser.send(form, name="fra1", reason="Rack 12.")
        assert answer.headers["location"] == f"{EDGES}?done=registered"
    assert await events(operator, "edge.registered") == ["Rack 12."]
    shown = await browser.read(EDGES)
    assert "fra1 joining never heard change 0 no changes" in shown.text
    assert "none counts yet" in shown.text
    waits = await browser.read(NOC)
    assert FRA in waits.links
    assert "until then it counts for nothing" in (await browser.read(FRA)).text
    await edge.acknowledge("fra1", 0)
    assert "fra1 serving change 0" in (await browser.read(EDGES)).text
    world.clock.advance(timedelta(minutes=6))
    assert "fra1 serving silent" in (await browser.read(EDGES)).text


async def test_4_a_name_that_is_there_is_not_registered_over_it(
    world: World, operator: Operator
) -> None:
    browser = await signed_in(world, Role.OPERATOR)
    form = await browser.form(EDGES, "/edges")
    await register(operator, "fra1")
    body = {"drained": True, "reason": WHY}
    await operator.result("PUT", "/edge/edges/fra1", json=body)
    refused(await browser.send(form, name="fra1", reason=WHY), 412)
    assert await state(operator) == {"fra1": "drained"}


async def test_4_an_edge_shows_what_it_serves_and_lacks(
    world: World, operator: Operator, edge: Edge, customer: Customer
) -> None:
    binding = await customer.bind()
    await register(operator, "fra1")
    await edge.acknowledge("fra1", 1)
    await customer.swap(binding, "Spectrum")
    browser = await signed_in(world, Role.OPERATOR_VIEWER)
    shown = await browser.read(FRA)
    assert "change 1 of 2 1 behind" in shown.text
    assert "Spectrum 1" in shown.text
    assert f"swapped {customer.cidr} Spectrum before: CDN" in shown.text
    assert f"{NOC}/prefixes/{customer.prefix_id}" in shown.links
    await edge.acknowledge("fra1", 2)
    assert "What it lacks" not in (await browser.read(FRA)).text
    assert (await browser.get(f"{EDGES}/nope")).status_code == 404


async def test_4_an_edge_is_drained_and_comes_back_once_it_has_caught_up(
    world: World, operator: Operator, edge: Edge, customer: Customer
) -> None:
    await register(operator, "fra1", "ams1")
    for name in ("fra1", "ams1"):
        await edge.acknowledge(name, 0)
    browser = await signed_in(world, Role.OPERATOR)
    assert "Others that serve: 1." in (await browser.read(FRA)).text
    old, form = await browser.form(FRA, "/drain"), await browser.form(FRA, "/drain")
    for _ in "12":
        answer = await browser.send(form, reason="Rack 12 is moved.")
        assert answer.headers["location"] == f"{FRA}?done=drained"
    assert await state(operator) == {"ams1": "serving", "fra1": "drained"}
    refused(await browser.send(old, reason="Me too."), 412)
    assert await events(operator, "edge.put") == ["Rack 12 is moved."]
    assert "No other edge serves" in (await browser.read(f"{EDGES}/ams1")).text
    await customer.bind()
    said = refused(await browser.send(await browser.form(FRA, "/take-back"), reason=WHY), 409)
    assert "it stays drained" in said
    await edge.acknowledge("fra1", 1)
    answer = await browser.send(await browser.form(FRA, "/take-back"), reason="Moved.")
    assert answer.headers["location"] == f"{FRA}?done=back"
    assert await state(operator) == {"ams1": "serving", "fra1": "serving"}


async def test_4_an_edge_is_removed_and_what_only_it_held_up_takes_effect(
    world: World, operator: Operator, edge: Edge, customer: Customer
) -> None:
    await register(operator, "fra1", "ams1")
    for name in ("fra1", "ams1"):
        await edge.acknowledge(name, 0)
    await customer.bind()
    await edge.acknowledge("ams1", 1)
    browser = await signed_in(world, Role.OPERATOR)
    assert "up to change 0 of 1" in (await browser.read(EDGES)).text
    shown = await browser.read(FRA)
    assert "Changes 1 to 1 take effect" in shown.text
    form = await browser.form(FRA, "/remove")
    said = refused(await browser.send(form, reason=WHY), 422)
    assert "type fra1" in said
    [before] = await world.result("GET", customer.path)
    assert before["provisioning"]["state"] == "provisioning"
    old = await browser.form(FRA, "/remove")
    form = await browser.form(FRA, "/remove")
    for _ in "12":
        answer = await browser.send(form, reason="Lost in a fire.", confirm="fra1")
        assert answer.headers["location"] == f"{EDGES}?done=removed"
    assert await events(operator, "edge.removed") == ["Lost in a fire."]
    [after] = await world.result("GET", customer.path)
    assert after["provisioning"]["state"] == "active"
    assert (await browser.send(old, reason=WHY, confirm="fra1")).status_code == 404
    assert "No other edge counts" in (await browser.read(f"{EDGES}/ams1")).text


async def test_4_an_edge_that_was_registered_anew_is_not_the_one_that_was_seen(
    world: World, operator: Operator
) -> None:
    await register(operator, "fra1")
    browser = await signed_in(world, Role.OPERATOR)
    old = await browser.form(FRA, "/remove")
    await operator.act("/edge/edges/fra1/remove")
    await register(operator, "fra1")
    refused(await browser.send(old, reason=WHY, confirm="fra1"), 412)
    assert await state(operator) == {"fra1": "joining"}


@pytest.mark.parametrize("who", [Role.OPERATOR_VIEWER, Role.ADMIN])
async def test_4_who_may_not_act_on_edges_has_no_form_and_sends_none(
    world: World, operator: Operator, who: Role
) -> None:
    await register(operator, "fra1", "ams1")
    await operator.result("PUT", "/edge/edges/ams1", json={"drained": True, "reason": WHY})
    acting, looking = await signed_in(world, Role.OPERATOR), await signed_in(world, who)
    sent = set()
    for page in (EDGES, FRA, f"{EDGES}/ams1"):
        answer = await looking.get(page)
        assert answer.status_code == (200 if who.of_operator else 404), page
        assert {one.action for one in Reading(answer.text).forms} <= {"/ui/leave"}
        for form in (await acting.read(page)).forms:
            if form.action != "/ui/leave":
                fields = {"reason": WHY, "confirm": page.rpartition("/")[2], "name": "new1"}
                assert (await looking.send(form, **fields)).status_code == 403, form.action
                sent.add(form.action)
    every = {f"{FRA}/drain", f"{FRA}/remove", f"{EDGES}/ams1/take-back", f"{EDGES}/ams1/remove"}
    assert sent == {EDGES, *every}
    assert await state(operator) == {"ams1": "drained", "fra1": "joining"}
