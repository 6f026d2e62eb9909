"""Page, 4: what waits behind a breaker is listed, and let go or turned back by what was seen."""

from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.accounts.people import Role
from byoip.domain.claims.lifecycle import Standing
from byoip.web.operator.holding import levels, trips
from tests.api.operators import Operator
from tests.api.world import World
from tests.web.browser import Reading, signed_in
from tests.web.held_back import BREAKER, LEVELS, WHY, behind, parked, tripped
from tests.web.test_4_1_old_pages import held

NOC = "/ui/noc"
REASON = "Their NOC confirms it by phone."


async def test_4_what_waits_behind_a_breaker_is_listed_and_let_go_with_what_goes_down_typed(
    world: World, engine: AsyncEngine, operator: Operator, tmp_path: Path
) -> None:
    trip = await tripped(world, engine)
    path = await parked(world, engine, tmp_path, trip)
    told = await world.result("GET", path)
    browser, page = await signed_in(world, Role.OPERATOR, name="Nora"), f"{BREAKER}/{trip.hex}"
    needed = await browser.read(NOC)
    assert f"{WHY}. 1 offboarding waits behind it" in needed.text
    assert page in needed.links
    assert not [one for one in needed.forms if "trip" in one.fields]  # decided where it is seen
    shown = await browser.read(page)
    assert told["cidr"] in shown.text
    assert f"{NOC}{path}" in shown.links
    assert "1 route still announced" in shown.text
    form = await browser.form(page, "/release")
    answer = await browser.send(form, reason=REASON)
    assert answer.status_code == 422
    assert "type 1 route in" in Reading(answer.text).text
    assert len((await operator.result("GET", "/breaker"))["trips"]) == 1
    form = await browser.form(page, "/release")
    assert (await browser.send(form, confirm="1 route")).status_code == 422  # no reason
    form = await browser.form(page, "/release")
    filled = {"confirm": "1 route", "reason": REASON}
    answer = await browser.send(form, **filled)
    assert answer.headers["location"] == f"{NOC}?done=done"
    assert (await operator.result("GET", "/breaker"))["trips"] == []
    event = await operator.last_event()
    assert (event["kind"], event["reason"]) == ("breaker.rearmed", REASON)
    assert event["after"]["parked"] == "released"
    assert event["after"]["by"].startswith("Nora")
    double = await browser.send(form, **filled)
    assert double.headers["location"] == f"{NOC}?done=done"
    assert (await browser.send(form, key="0" * 32, **filled)).status_code == 404  # re-armed before
    assert WHY not in (await browser.read(NOC)).text


async def test_4_what_nobody_saw_wait_is_neither_let_go_nor_turned_back(
    world: World, engine: AsyncEngine, operator: Operator, tmp_path: Path
) -> None:
    trip = await tripped(world, engine)
    first = await parked(world, engine, tmp_path, trip)
    browser, page = await signed_in(world, Role.OPERATOR), f"{BREAKER}/{trip.hex}"
    old = await browser.form(page, "/turn-back")
    await behind(engine, first, await tripped(world, engine, "job", "offboard"))
    answer = await browser.send(old, reason=REASON)
    assert answer.status_code == 412
    assert "no offboardings" in Reading(answer.text).text
    assert "waits behind it was 1 , is 0" in Reading(answer.text).text
    await behind(engine, first, trip)
    assert len((await operator.result("GET", "/breaker"))["trips"]) == 2
    new = await browser.form(page, "/turn-back")
    assert "confirm" not in new.fields  # nothing goes down
    answer = await browser.send(new, reason=REASON)
    assert answer.headers["location"] == f"{NOC}?done=done"
    assert (await world.result("GET", first))["standing"] == Standing.OK.value
    assert (await operator.last_event())["after"]["parked"] == "cancelled"


async def test_4_a_breaker_with_nothing_behind_it_is_rearmed_without_typing(
    world: World, engine: AsyncEngine, operator: Operator
) -> None:
    trip = await tripped(world, engine, "account", world.account_id.hex)
    browser, page = await signed_in(world, Role.OPERATOR), f"{BREAKER}/{trip.hex}"
    shown = await browser.read(page)
    assert "Nothing waits" in shown.text
    assert f"{NOC}/accounts/{world.account_id.hex}" in shown.links
    form = await browser.form(page, "/release")
    assert "confirm" not in form.fields
    await browser.send(form, reason=REASON)
    assert (await operator.result("GET", "/breaker"))["trips"] == []


async def test_4_long_lists_behind_breakers_have_pages(
    world: World, engine: AsyncEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (trips, levels):
        monkeypatch.setattr(module, "PAGE", 1)
    trip = await tripped(world, engine)
    paths = [await parked(world, engine, tmp_path, trip) for _ in range(2)]
    for cidr in ("31.0.0.0/23", "31.2.0.0/23"):
        await held(world, engine, cidr)
    browser = await signed_in(world, Role.OPERATOR_VIEWER)
    for page, those in ((f"{BREAKER}/{trip.hex}", [f"{NOC}{one}" for one in paths]), (LEVELS, [])):
        first = await browser.read(page)
        [more] = [one for one in first.links if "?after=" in one]
        second = await browser.read(more)
        assert not [one for one in second.links if "after=" in one]
        rows = [
            {one for one in shown.links if one.startswith(f"{NOC}/prefixes/")}
            for shown in (first, second)
        ]
        assert [len(one) for one in rows] == [1, 1], page
        assert not rows[0] & rows[1]
        assert {*those} in (rows[0] | rows[1], set())
        assert not any("/breaker" in one.action for one in first.forms)  # a viewer decides nothing


async def test_4_levels_that_are_held_are_listed_and_dropped_or_released_as_seen(
    world: World, engine: AsyncEngine, operator: Operator
) -> None:
    await held(world, engine, "31.0.0.0/23")
    browser = await signed_in(world, Role.OPERATOR, name="Nora")
    assert LEVELS in (await browser.read(NOC)).links
    shown = await browser.read(LEVELS)
    assert "31.0.0.0/23" in shown.text
    old = await browser.form(LEVELS, "/drop")
    world.clock.advance(timedelta(seconds=1))
    await held(world, engine, "31.2.0.0/23")
    answer = await browser.send(old, reason=REASON)
    assert answer.headers["location"] == f"{NOC}?done=done"
    assert (await operator.last_event())["after"]["rises"] == 1  # what nobody saw waits on
    shown = await browser.read(LEVELS)
    assert "31.2.0.0/23" in shown.text
    assert "31.0.0.0/23" not in shown.text
    one = await browser.form(LEVELS, "/release")
    async with engine.begin() as connection:  # as many as were seen, and others
        await connection.execute(
            sa.text("UPDATE level_rises SET id = :id WHERE state = 'held'"), {"id": uuid4()}
        )
    assert (await browser.send(one, reason=REASON)).status_code == 412
    await held(world, engine, "31.4.0.0/23")
    both = await browser.form(LEVELS, "/release")
    assert (await browser.send(both)).status_code == 422  # no reason
    both = await browser.form(LEVELS, "/release")
    odd = await browser.send(both, reason=REASON, many="all")
    assert odd.status_code == 400
    answer = await browser.send(both, reason=REASON)
    assert answer.headers["location"] == f"{NOC}?done=done"
    event = await operator.last_event()
    assert (event["kind"], event["after"]["rises"]) == ("levels.released", 2)
    again = await browser.send(both, key="0" * 32, reason=REASON)
    assert again.status_code == 409
    assert "Nothing is held" in Reading(again.text).text
    for bad in (f"{BREAKER}/levels/ripencc/nothing", f"{BREAKER}/{'0' * 32}", f"{BREAKER}/x"):
        assert (await browser.get(bad)).status_code == 404, bad
