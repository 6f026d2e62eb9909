"""Page, 4: perspectives that disagree: how each is, what each saw, and what a person does."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import httpx
import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.api.application import bare_application, served
from byoip.domain.accounts.people import Role
from byoip.domain.perspectives.place import Place
from byoip.store.checks import place_sightings
from byoip.store.checks.place_sightings import PlaceSightings
from byoip.store.speakers.routes import Alarm
from byoip.usecases.checks.perspectives.elsewhere import Elsewhere
from tests.api.operators import Operator
from tests.api.world import World
from tests.perspectives.agents import PLACES
from tests.perspectives.test_1_7_renewal import Twin
from tests.web.browser import Reading, signed_in
from tests.web.places import CONTRADICTS, NOT_ASKED, PERSPECTIVES, SILENT, saw
from tests.web.test_4_noc import raised

NOC = "/ui/noc"
REASON = "Asked both by hand."
AGREED = "Nothing that is on record."


async def test_4_each_place_is_shown_with_its_last_word_and_since_when_it_is_silent(
    world: World, engine: AsyncEngine
) -> None:
    made = await world.prefix("31.0.0.0/23")
    viewer = await signed_in(world, Role.OPERATOR_VIEWER)
    assert "There is none." in (await viewer.read(PERSPECTIVES)).text
    await saw(world, engine, made["id"], "The token stands there.")
    world.clock.advance(timedelta(minutes=5))
    since = world.clock.now()
    await saw(world, engine, made["id"], "No route to it.", nyc=SILENT)
    world.clock.advance(timedelta(minutes=5))
    await saw(world, engine, made["id"], "No route to it.", nyc=SILENT, tyo=NOT_ASKED)
    by_name = {one.place: one for one in await PlaceSightings(engine).places()}
    assert by_name["nyc"].silent_since == since
    assert by_name["nyc"].answered_at == since - timedelta(minutes=5)
    assert by_name["nyc"].fault == "ownership_rdns of 31.0.0.0/23: No route to it."
    assert by_name["nyc"].said == "ownership_rdns of 31.0.0.0/23: The token stands there."
    assert by_name["ams"].silent_since is None
    assert by_name["tyo"].asked_at == since  # it was not asked the last time
    shown = await viewer.read(PERSPECTIVES)
    assert f"silent since {since:%Y-%m-%d %H:%M}" in shown.text
    assert "not answered everywhere" in shown.text
    assert "Before: ownership_rdns of 31.0.0.0/23: The token stands there." in shown.text
    assert shown.text.count("not in the settings") == len(PLACES)
    await saw(world, engine, made["id"], "The token stands there.")  # it speaks again, by itself
    shown = await viewer.read(PERSPECTIVES)
    assert "silent since" not in shown.text
    assert AGREED in shown.text


async def test_4_what_places_do_not_agree_about_is_asked_again_and_goes_once_they_do(
    world: World, engine: AsyncEngine, operator: Operator
) -> None:
    made = await world.prefix("31.0.0.0/23")
    await saw(world, engine, made["id"], tyo=CONTRADICTS)
    await raised(world, engine, Alarm("perspectives_disagree", "tyo", "The token is not there."))
    browser = await signed_in(world, Role.OPERATOR, name="Nora")
    needed = await browser.read(NOC)
    assert "Perspectives that disagree" in needed.text
    assert "Seen otherwise from tyo: ownership rdns." in needed.text
    assert f"{PERSPECTIVES}#about-{made['id']}" in needed.links
    assert PERSPECTIVES in needed.links  # of the alarm
    shown = await browser.read(PERSPECTIVES)
    assert "1 thing not agreed on" in shown.text
    for one in PLACES:
        assert f"{one.name} {one.region}" in shown.text, "what each saw, side by side"
    form = await browser.form(PERSPECTIVES, "/ask-again")
    assert (await browser.send(form)).status_code == 422  # no reason
    form = await browser.form(PERSPECTIVES, "/ask-again")
    await world.result("PATCH", f"/prefixes/{made['id']}", json={"description": "changed"})
    assert (await browser.send(form, reason=REASON)).status_code == 412
    form = await browser.form(PERSPECTIVES, "/ask-again")
    answer = await browser.send(form, reason=REASON)
    page = answer.headers["location"]
    assert page.startswith(f"{PERSPECTIVES}?done=asked")
    assert (await browser.send(form, reason=REASON)).headers["location"] == page  # a double click
    event = await operator.last_event()
    assert (event["kind"], event["reason"]) == ("perspective.asked_again", REASON)
    told = await world.result("GET", f"/prefixes/{made['id']}")
    assert told["validation"]["state"] == "scheduled"
    again = await browser.send(form, key="0" * 32, reason=REASON)
    assert again.status_code == 412, "a worker is to look already"
    assert "A worker looks at it, or is to" in Reading(again.text).text
    assert (await operator.last_event())["number"] == event["number"]
    await saw(world, engine, made["id"])
    assert AGREED in (await browser.read(PERSPECTIVES)).text
    assert "Perspectives that disagree" not in (await browser.read(NOC)).text


async def test_4_an_approved_prefix_is_looked_at_again_at_once(
    world: World, engine: AsyncEngine
) -> None:
    prefix_id, _ = await world.approved()
    await saw(world, engine, prefix_id, what="route object", tyo=CONTRADICTS)
    async with world.store.transaction() as tx:
        await tx.watches.next_look(UUID(prefix_id), tx.now + timedelta(days=1))
    browser = await signed_in(world, Role.OPERATOR)
    before = await world.result("GET", f"/prefixes/{prefix_id}/watch")
    world.clock.advance(timedelta(minutes=1))
    old = await browser.form(PERSPECTIVES, "/ask-again")
    await world.result("PATCH", f"/prefixes/{prefix_id}", json={"description": "changed"})
    assert (await browser.send(old, reason=REASON)).status_code == 412
    await browser.send(await browser.form(PERSPECTIVES, "/ask-again"), reason=REASON)
    after = await world.result("GET", f"/prefixes/{prefix_id}/watch")
    assert after["next_look_at"] != before["next_look_at"]
    assert datetime.fromisoformat(after["next_look_at"]) == world.clock.now()


async def test_4_what_was_looked_at_is_listed_no_longer_and_what_nobody_saw_stays(
    world: World, engine: AsyncEngine, operator: Operator
) -> None:
    made = await world.prefix("31.0.0.0/23")
    await saw(world, engine, made["id"], tyo=CONTRADICTS)
    browser = await signed_in(world, Role.OPERATOR)
    old = await browser.form(PERSPECTIVES, "/settle")
    await saw(world, engine, made["id"], tyo=CONTRADICTS, nyc=CONTRADICTS)
    answer = await browser.send(old, reason=REASON)
    assert answer.status_code == 412
    assert Reading(answer.text).text.count("contradicts") == 2
    form = await browser.form(PERSPECTIVES, "/settle")
    assert (await browser.send(form)).status_code == 422  # no reason
    form = await browser.form(PERSPECTIVES, "/settle")
    answer = await browser.send(form, reason=REASON)
    assert answer.headers["location"] == f"{PERSPECTIVES}?done=settled"
    assert AGREED in (await browser.read(PERSPECTIVES)).text
    event = await operator.last_event()
    assert (event["kind"], event["reason"]) == ("perspective.settled", REASON)
    assert [one["place"] for one in event["after"]["saw"]] == ["ams", "nyc", "tyo"]
    assert (await browser.send(form, key="0" * 32, reason=REASON)).status_code == 412
    await saw(world, engine, made["id"], tyo=CONTRADICTS)
    assert AGREED not in (await browser.read(PERSPECTIVES)).text


async def test_4_what_is_kept_has_bounds_and_an_older_word_replaces_no_newer(
    world: World, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = PlaceSightings(engine)
    first = await world.prefix("31.0.0.0/23")
    await saw(world, engine, first["id"], tyo=CONTRADICTS)
    since = world.clock.now()
    world.clock.advance(timedelta(hours=1))
    await saw(world, engine, first["id"], tyo=CONTRADICTS)
    tyo = next(one for one in await kept.apart(10, world.clock.now()) if one.place == "tyo")
    assert (tyo.since, tyo.at) == (since, world.clock.now())
    world.clock.advance(timedelta(hours=-1))
    await saw(world, engine, first["id"])  # an older look, heard of late
    assert len(await kept.apart(10, world.clock.now())) == len(PLACES)
    world.clock.advance(timedelta(days=31))
    second = await world.prefix("31.2.0.0/23")
    await saw(world, engine, second["id"], tyo=CONTRADICTS)
    assert {one.subject for one in await kept.apart(10, world.clock.now())} == {"31.2.0.0/23"}
    await world.result("DELETE", f"/prefixes/{second['id']}")
    assert await kept.apart(10, world.clock.now()) == []  # of what is there no more
    monkeypatch.setattr(place_sightings, "_MOST", len(PLACES))
    for cidr in ("31.4.0.0/23", "31.6.0.0/23"):
        world.clock.advance(timedelta(minutes=1))
        await saw(world, engine, (await world.prefix(cidr))["id"], tyo=CONTRADICTS)
    assert {one.subject for one in await kept.apart(10, world.clock.now())} == {"31.6.0.0/23"}


async def test_4_what_the_settings_name_is_shown_before_it_is_asked(world: World) -> None:
    twins = [Twin(one) for one in (*PLACES, Place("<b>", "lacnic", -30, -60, 65001))]
    prove = replace(world.backend.prove_asn, elsewhere=Elsewhere(twins, decide=True))
    backend = replace(world.backend, prove_asn=prove, metrics=CollectorRegistry())
    transport = httpx.ASGITransport(served(bare_application(backend), backend))
    async with httpx.AsyncClient(transport=transport, base_url="http://byoip.test") as client:
        viewer = await signed_in(replace(world, client=client), Role.OPERATOR_VIEWER)
        shown = await viewer.read(PERSPECTIVES)
        assert "Of 4, 1 may fail to agree, and those that agree lie in two regions" in shown.text
        assert shown.text.count("not asked yet") == len(twins)
        assert "<b>" in {one.strip() for one in shown.words}
        assert "not in the settings" not in shown.text
        assert not [one for one in shown.forms if PERSPECTIVES in one.action]
