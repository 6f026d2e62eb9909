"""Page, 4: orphans, and routes to be released or in doubt, decided one at a time."""

from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.accounts.people import Role
from byoip.domain.history import Actor
from byoip.domain.prefix import Prefix
from byoip.store.speakers.routes import Routes
from byoip.usecases.speakers.forget_applied import forget_applied
from byoip.usecases.speakers.release_routes import MOST_SHOWN
from tests.announcing import path
from tests.api.bound import bound, roas
from tests.api.operators import WHY, Operator
from tests.api.world import World
from tests.web.browser import Browser, Form, Reading, signed_in

ROUTES = "/ui/noc/routes"
ORPHANS, WAITING = f"{ROUTES}/orphans", f"{ROUTES}/waiting"
HELD = ("31.0.0.0/24", "31.0.1.0/24")
WAITS = """
    SELECT b.cidr FROM unreleased_routes u JOIN bgp_prefixes b
    ON b.id = u.bgp_prefix_id AND b.change = u.change
"""
DOUBT = """
    UPDATE unreleased_routes u SET doubted = true FROM bgp_prefixes b
    WHERE b.id = u.bgp_prefix_id AND b.cidr = CAST(:cidr AS cidr)
"""
UP = {"on_demand": {"advertised": True}}


def at(speaker: str, cidr: str) -> str:
    return f"{ORPHANS}/look?speaker={speaker}&cidr={quote(cidr, safe='')}"


async def orphans(world: World, engine: AsyncEngine, *, prepend: int = 1) -> None:
    """What ams1 holds; of the first also fra1."""
    held = {one: path(one, prepend=prepend) for one in map(Prefix.parse, HELD)}
    await Routes(engine).note_orphans("ams1", held, world.clock.now())
    first = dict(list(held.items())[:1])
    await Routes(engine).note_orphans("fra1", first, world.clock.now())


async def test_4_one_orphan_is_withdrawn_after_a_look(
    world: World, operator: Operator, engine: AsyncEngine
) -> None:
    await orphans(world, engine)
    await world.prefix("31.0.0.0/23")
    browser = await signed_in(world, Role.OPERATOR, name="Nora")
    assert ORPHANS in (await browser.read("/ui/noc")).links
    shown = await browser.read(ORPHANS)
    assert "3 not decided" in shown.text
    page = at("ams1", HELD[0])
    assert page in shown.links
    looked = (await browser.read(page)).text
    assert "also at fra1" in looked
    assert "31.0.0.0/23" in looked  # whose space it is
    assert "1 other speaker goes on" in looked
    form = await browser.form(page, "/withdraw")
    answer = await browser.send(form, reason="A ghost.")
    assert answer.status_code == 422
    assert f"type {HELD[0]}" in Reading(answer.text).text
    assert not await Routes(engine).decided_orphans("ams1")
    form = await browser.form(page, "/withdraw")
    filled = {"confirm": HELD[0], "reason": "A ghost."}
    answer = await browser.send(form, **filled)
    assert answer.headers["location"] == f"{ORPHANS}?done=decided"
    assert await Routes(engine).decided_orphans("ams1") == {Prefix.parse(HELD[0])}
    assert not await Routes(engine).decided_orphans("fra1")
    event = await operator.last_event()
    assert (event["kind"], event["reason"]) == ("orphan.withdrawn", "A ghost.")
    assert event["after"]["name"] == "Nora"
    double = await browser.send(form, **filled)
    assert double.headers["location"] == f"{ORPHANS}?done=decided"
    assert (await operator.last_event())["number"] == event["number"]
    again = await browser.send(form, key="0" * 32, **filled)  # drawn before it was decided
    assert again.status_code == 412
    assert (await operator.last_event())["number"] == event["number"]
    assert "Nora: A ghost." in Reading(again.text).text
    assert "2 not decided" in (await browser.read(ORPHANS)).text


async def test_4_an_orphan_that_is_another_path_by_now_is_not_withdrawn(
    world: World, engine: AsyncEngine
) -> None:
    await orphans(world, engine)
    browser = await signed_in(world, Role.OPERATOR)
    form = await browser.form(at("ams1", HELD[1]), "/withdraw")
    await orphans(world, engine, prepend=3)
    answer = await browser.send(form, confirm=HELD[1], reason=WHY)
    assert answer.status_code == 412
    assert "Nothing was done." in Reading(answer.text).text
    assert not await Routes(engine).decided_orphans("ams1")
    gone = await browser.form(at("ams1", HELD[1]), "/withdraw")
    async with engine.begin() as connection:
        await connection.execute(text("DELETE FROM orphan_routes"))
    answer = await browser.send(gone, confirm=HELD[1], reason=WHY)
    assert answer.status_code == 412
    assert "does not hold it any more" in Reading(answer.text).text


async def test_4_all_orphans_of_a_speaker_are_withdrawn_only_where_its_name_is_typed(
    world: World, operator: Operator, engine: AsyncEngine
) -> None:
    await orphans(world, engine)
    browser = await signed_in(world, Role.OPERATOR)

    async def form() -> Form:
        forms = (await browser.read("/ui/noc")).forms
        return next(one for one in forms if one.fields.get("speaker") == "ams1")

    untyped = await browser.send(await form(), confirm="fra1", reason=WHY)
    assert untyped.status_code == 422
    assert "type ams1" in Reading(untyped.text).text
    assert not await Routes(engine).decided_orphans("ams1")
    answer = await browser.send(await form(), confirm="ams1", reason=WHY)
    assert answer.headers["location"] == "/ui/noc?done=done"
    assert len(await Routes(engine).decided_orphans("ams1")) == 2
    assert not await Routes(engine).decided_orphans("fra1")
    assert (await operator.last_event())["kind"] == "orphan.withdrawn_all"


@pytest.mark.parametrize(
    "query", ["speaker=ams1", "cidr=31.0.0.0/24", "speaker=nope&cidr=31.0.0.0/24",
              "speaker=ams1&cidr=%3Cb%3E", "speaker=" + "a" * 65 + "&cidr=31.0.0.0/24"],
)  # fmt: skip
async def test_4_there_is_no_such_orphan(world: World, engine: AsyncEngine, query: str) -> None:
    await orphans(world, engine)
    browser = await signed_in(world, Role.OPERATOR)
    answer = await browser.get(f"{ORPHANS}/look?{query}")
    assert answer.status_code == 404
    assert "<b>" not in answer.text


async def restored(world: World, engine: AsyncEngine, directory: Path, many: int = 2) -> list[str]:
    """Routes of the account that a restored database says are announced: their CIDRs."""
    made = [await bound(world) for _ in range(many)]
    await roas(world, engine, directory, *(cidr for _, cidr, _ in made))
    for _, _, route in made:
        await world.result("PATCH", route, json=UP)
    async with world.store.transaction(actor=Actor("cli", "cli-1")) as tx:
        await forget_applied(tx, name="A", reason="last night's backup")
    return [cidr for _, cidr, _ in made]


async def releasing(browser: Browser, cidr: str) -> Form:
    shown = await browser.get(WAITING)
    [card] = [one for one in shown.text.split('class="card"') if f"release {cidr}<" in one]
    [form] = [one for one in Reading(card).forms if one.action.endswith("/release")]
    return form


async def waiting(engine: AsyncEngine) -> set[str]:
    async with engine.connect() as connection:
        return {str(cidr) for (cidr,) in await connection.execute(text(WAITS))}


async def test_4_one_route_is_released_and_the_others_wait_on(
    world: World, operator: Operator, engine: AsyncEngine, tmp_path: Path
) -> None:
    first, second = await restored(world, engine, tmp_path)
    async with engine.begin() as connection:
        await connection.execute(text(DOUBT), {"cidr": second})
    browser = await signed_in(world, Role.OPERATOR, name="Nora")
    needed = await browser.read("/ui/noc")
    assert any(one.startswith(f"{WAITING}#route-") for one in needed.links)
    shown = (await browser.read(WAITING)).text
    assert "2 wait" in shown
    assert f"{second} in doubt" in shown
    assert f"{first} to be released" in shown
    assert "Origin validation now: " in shown
    form = await releasing(browser, first)
    answer = await browser.send(form)
    assert answer.status_code == 422  # no reason
    form = await releasing(browser, first)
    answer = await browser.send(form, reason="Asked its owner.")
    assert answer.headers["location"] == f"{WAITING}?done=released"
    assert await waiting(engine) == {second}
    event = await operator.last_event()
    assert (event["kind"], event["after"]) == ("routes.released", {"announced": [first]})
    assert event["reason"] == "Asked its owner."
    double = await browser.send(form, reason="Asked its owner.")
    assert double.headers["location"] == f"{WAITING}?done=released"
    late = await browser.send(form, key="0" * 32, reason="Again.")
    assert late.status_code == 412
    assert (await operator.last_event())["number"] == event["number"]


async def test_4_a_route_whose_prefix_has_changed_or_may_not_be_announced_waits_on(
    world: World, operator: Operator, engine: AsyncEngine, tmp_path: Path
) -> None:
    [cidr] = await restored(world, engine, tmp_path, many=1)
    browser = await signed_in(world, Role.OPERATOR)
    old = await releasing(browser, cidr)
    prefix = f"/prefixes/{old.fields['prefix']}"
    await world.result("PATCH", prefix, json={"description": "changed"})
    assert (await browser.send(old, reason=WHY)).status_code == 412
    await operator.act(f"{prefix}/suspend")
    new = await releasing(browser, cidr)
    answer = await browser.send(new, reason=WHY)
    assert answer.status_code in {403, 409}, answer.text
    assert "Nothing was done." in Reading(answer.text).text
    assert await waiting(engine) == {cidr}


async def test_4_all_that_were_shown_are_released_and_no_others(
    world: World, operator: Operator, engine: AsyncEngine, tmp_path: Path
) -> None:
    cidrs = await restored(world, engine, tmp_path, many=3)
    browser = await signed_in(world, Role.OPERATOR)
    old = await browser.form(WAITING, "/release-shown")
    await browser.send(await releasing(browser, cidrs[0]), reason=WHY)
    answer = await browser.send(old, reason=WHY, confirm=old.typed)
    assert answer.status_code == 412
    assert await waiting(engine) == set(cidrs[1:])
    untyped = await browser.send(old, reason=WHY, confirm="release")
    assert "type release 3" in Reading(untyped.text).text
    form = await browser.form(WAITING, "/release-shown")
    assert (await browser.send(form, reason=" ", confirm=form.typed)).status_code == 422
    form = await browser.form(WAITING, "/release-shown")
    answer = await browser.send(form, reason=WHY, confirm="release 2")
    assert answer.headers["location"] == f"{WAITING}?done=all"
    assert await waiting(engine) == set()
    event = await operator.last_event()
    assert event["after"]["announced"][0] in cidrs[1:]
    double = await browser.send(form, reason=WHY, confirm="release 2")
    assert double.headers["location"] == f"{WAITING}?done=begun"
    assert "This form was sent before" in (await browser.read(f"{WAITING}?done=begun")).text
    assert (await operator.last_event())["number"] == event["number"]


async def test_4_who_only_looks_decides_about_no_route(
    world: World, engine: AsyncEngine, tmp_path: Path
) -> None:
    await restored(world, engine, tmp_path)
    await orphans(world, engine)
    nora = await signed_in(world, Role.OPERATOR)
    viewer = await signed_in(world, Role.OPERATOR_VIEWER)
    customer = await signed_in(world)
    before = await waiting(engine)
    for page in (WAITING, ORPHANS, at("ams1", HELD[0])):
        assert (await customer.get(page)).status_code == 404
        assert [one.action for one in (await viewer.read(page)).forms] == ["/ui/leave"]
        for form in (await nora.read(page)).forms[1:]:
            for who in (customer, viewer):
                answer = await who.send(form, reason="No.", confirm=HELD[0])
                assert answer.status_code == 403
    assert await waiting(engine) == before
    assert not await Routes(engine).decided_orphans("ams1")


async def test_4_a_page_of_many_routes_that_wait_is_light(
    world: World, engine: AsyncEngine, tmp_path: Path
) -> None:
    await restored(world, engine, tmp_path, many=MOST_SHOWN + 3)
    browser = await signed_in(world, Role.OPERATOR)
    answer = await browser.get(WAITING)
    assert len(answer.content) < 100_000
    assert "And 3 more" in Reading(answer.text).text
    needs = (await browser.read("/ui/noc")).text
    assert f"Routes to be released {MOST_SHOWN + 3}" in needs
    async with world.store.transaction() as tx:  # no more are read
        assert len(await tx.unreleased.first(MOST_SHOWN)) == MOST_SHOWN
        assert await tx.unreleased.count() == MOST_SHOWN + 3
    form = await browser.form(WAITING, "/release-shown")
    answer = await browser.send(form, reason=WHY, confirm=f"release {MOST_SHOWN}")
    assert answer.headers["location"] == f"{WAITING}?done=all"
    assert len(await waiting(engine)) == 3
