"""Page, 4: speakers and listeners are looked at, opened, lifted and forgotten from pages."""

from datetime import timedelta

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.accounts.people import Role
from byoip.domain.prefix import Prefix
from byoip.store.speakers.records import SpeakerState
from byoip.store.speakers.routes import Alarm, Routes
from tests.announcing import PEER, Fleet, path
from tests.api.operators import WHY, Operator
from tests.api.world import World
from tests.routes.test_3_3_over_http import two_speakers
from tests.web.browser import Reading, signed_in
from tests.web.test_4_noc import raised

NETWORK, NOC = "/ui/noc/network", "/ui/noc"
LISTENERS = f"{NETWORK}/listeners"
AMS, OLD = f"{NETWORK}/speakers/ams1", f"{NETWORK}/speakers/old1"
LACKS = "it lacks 2 routes that no party withdrew: 31.0.0.0/24, 31.0.1.0/24; peers drop all in {} s"


async def gone(world: World, engine: AsyncEngine, name: str = "old1") -> Fleet:
    """A speaker that no worker asks any more; what it had, of which an owner wants the first."""
    fleet, now = Fleet(engine, world.clock), world.clock.now()
    _, left = await fleet.add("31.4.0.0/24", "31.5.0.0/24", advertised=True)
    at = now - timedelta(minutes=6)
    state = SpeakerState(name, 3, "refused", 2, at, loaded=False, sessions={PEER: False})
    await fleet.routes.note_speaker(state)
    known = await fleet.routes.states(name)
    await fleet.routes.mark_announced(name, [one.desired for one in known], now)
    await fleet.withdraw(left)
    orphan = Prefix.parse("31.6.0.0/24")
    await fleet.routes.note_orphans(name, {orphan: path(orphan)}, at)
    return fleet


async def shut(world: World, engine: AsyncEngine, detail: str = LACKS.format(95)) -> None:
    await raised(world, engine, Alarm("sessions_shut", "ams1", detail))


async def events(operator: Operator, kind: str) -> list[str]:
    found = await operator.result("GET", "/events?per_page=1000")
    return [one["reason"] for one in found if one["kind"] == kind]


def refused(answer: httpx.Response, status: int) -> str:
    """That nothing was done; what the page says."""
    assert answer.status_code == status
    said = Reading(answer.text).text
    assert "Nothing was done" in said
    return said


async def test_4_all_speakers_are_listed_with_how_they_are(
    world: World, operator: Operator, engine: AsyncEngine
) -> None:
    await two_speakers(operator, engine)
    await gone(world, engine)
    await shut(world, engine)
    until = (world.clock.now() + timedelta(days=1)).isoformat()
    await operator.act("/routes/stages/2/drain", until=until, loses=1)
    browser = await signed_in(world, Role.OPERATOR_VIEWER)
    assert NETWORK in (await browser.read(NOC)).links
    shown = await browser.read(NETWORK)
    assert {AMS, OLD, LISTENERS, f"{NETWORK}/edges", f"{NETWORK}/settings"} <= set(shown.links)
    assert "ams1 answers sessions held shut 1 1 of 1 up 1 route" in shown.text
    assert "fra1 answers draining 2 1 of 1 up 1 route" in shown.text
    assert "old1 asked no more in no settings refused 3 0 of 1 up 3 routes" in shown.text


async def test_4_one_speaker_shows_sessions_routes_alarms_and_the_way_to_drain(
    world: World, operator: Operator, engine: AsyncEngine
) -> None:
    await two_speakers(operator, engine)
    await gone(world, engine)
    await raised(
        world, engine, Alarm("not_held", "ams1", "7 paths"), Alarm("not_held", "fra1", "8")
    )
    browser = await signed_in(world, Role.OPERATOR)
    shown = await browser.read(AMS)
    assert f"{PEER} up drain {PEER} alone" in shown.text
    assert "not held since" in shown.text
    assert "7 paths" in shown.text
    assert "31.0.0.0/24 announced announces it" in shown.text
    assert "The speaker is in service: it was asked within the last 5 minutes." in shown.text
    assert f"{NOC}/routes/drain?speaker=ams1&neighbour={PEER}" in shown.links
    assert not any(one.action.endswith(("/forget", "/open")) for one in shown.forms)
    assert "31.5.0.0/24 withdrawn announces it" in (await browser.read(OLD)).text
    for name in ("nope", "a" * 61, "%3Cb%3E", "a%00b"):
        answer = await browser.get(f"{NETWORK}/speakers/{name}")
        assert answer.status_code == 404, name
        assert "<b>" not in answer.text


async def test_4_sessions_that_are_held_shut_are_opened_as_they_were_seen(
    world: World, operator: Operator, engine: AsyncEngine
) -> None:
    await two_speakers(operator, engine)
    await shut(world, engine)
    browser = await signed_in(world, Role.OPERATOR, name="Grace")
    assert AMS in (await browser.read(NOC)).links, "what needs a person leads to its page"
    old = await browser.form(AMS, "/open")
    assert "31.0.1.0/24" in (await browser.read(AMS)).text
    said = refused(await browser.send(old, reason=WHY), 422)
    assert "type ams1" in said
    await shut(world, engine, LACKS.format(60).replace("2 routes", "3 routes"))
    said = refused(await browser.send(old, reason=WHY, confirm="ams1"), 412)
    assert "it lacks 3 routes" in said
    assert await events(operator, "speaker.opened") == []
    form = await browser.form(AMS, "/open")
    await shut(world, engine, LACKS.format(30).replace("2 routes", "3 routes"))  # time goes on
    answer = await browser.send(form, reason="Accepted.", confirm="ams1")
    assert answer.headers["location"] == f"{AMS}?done=opened"
    await raised(world, engine, Alarm("sessions_shut", "fra1", "x"))  # by now it is open
    again = await browser.send(form, reason="Accepted.", confirm="ams1")  # a double click
    assert again.headers["location"] == answer.headers["location"]
    assert await events(operator, "speaker.opened") == ["Accepted."]
    found = await Routes(engine).records.get("ams1")
    assert found
    assert found[0].ordered_by == "operator Grace"


async def test_4_a_drain_is_lifted_on_the_page_of_its_speaker_and_once(
    world: World, operator: Operator, engine: AsyncEngine
) -> None:
    await two_speakers(operator, engine)
    until = (world.clock.now() + timedelta(days=1)).isoformat()
    made = await operator.act("/routes/speakers/ams1/drain", until=until, neighbour=PEER)
    browser = await signed_in(world, Role.OPERATOR)
    assert AMS in (await browser.read(NOC)).links
    assert f"ams1 to {PEER} draining" in (await browser.read(AMS)).text
    old, form = await browser.form(AMS, "/lift"), await browser.form(AMS, "/lift")
    answer = await browser.send(form, reason="All is well.")
    assert answer.headers["location"] == f"{AMS}?done=lifted"
    again = await browser.send(form, reason="All is well.")
    assert again.headers["location"] == answer.headers["location"]
    said = refused(await browser.send(old, reason="Me too."), 412)
    assert "lifting" in said
    assert await events(operator, "drain.lifted") == ["All is well."]
    [drain] = await operator.result("GET", "/routes/drains")
    assert (drain["id"], drain["state"]) == (made["id"], "lifting")


async def test_4_a_speaker_that_is_gone_is_forgotten_as_it_was_seen(
    world: World, operator: Operator, engine: AsyncEngine
) -> None:
    fleet = await gone(world, engine)
    browser = await signed_in(world, Role.OPERATOR)
    waits = await browser.read(NOC)
    assert "speaker old1 No worker asks it any more." in waits.text
    assert OLD in waits.links
    shown = await browser.read(OLD)
    assert "2 routes that it may have, 1 orphan" in shown.text
    assert "1 of them no owner wants; they hold up" in shown.text
    assert "31.5.0.0/24 ." in shown.text
    old = await browser.form(OLD, "/forget")
    refused(await browser.send(old, reason=WHY), 422)
    refused(await browser.send(old, reason=WHY, confirm="old2"), 422)
    await fleet.withdraw(Prefix.parse("31.4.0.0/24"))  # another owner
    refused(await browser.send(old, reason=WHY, confirm="old1"), 412)
    assert [one["name"] for one in (await operator.result("GET", "/routes"))["speakers"]] == [
        "old1"
    ]
    form = await browser.form(OLD, "/forget")
    for _ in "12":  # a double click
        answer = await browser.send(form, reason="Sold.", confirm="old1")
        assert answer.headers["location"] == f"{NETWORK}?done=forgotten"
    assert await events(operator, "speaker.forgotten") == ["Sold."]
    assert (await operator.last_event())["before"]["let_go"] == ["31.4.0.0/24", "31.5.0.0/24"]
    assert (await browser.get(OLD)).status_code == 404


async def test_4_a_speaker_that_comes_back_meanwhile_is_not_forgotten(
    world: World, engine: AsyncEngine
) -> None:
    await gone(world, engine)
    browser = await signed_in(world, Role.OPERATOR)
    form = await browser.form(OLD, "/forget")
    state = SpeakerState("old1", 3, "", 2, world.clock.now(), loaded=True)
    await Routes(engine).note_speaker(state)
    said = refused(await browser.send(form, reason=WHY, confirm="old1"), 409)
    assert "it was asked within the last 5 minutes" in said


async def test_4_listeners_are_listed_and_one_that_is_gone_is_forgotten(
    world: World, operator: Operator, engine: AsyncEngine
) -> None:
    routes = Routes(engine)
    await routes.note_listeners({"rr1": True, "rr9": True}, world.clock.now())
    browser = await signed_in(world, Role.OPERATOR)
    world.clock.advance(timedelta(minutes=6))
    await routes.note_listeners({"rr1": True, "rr2": False}, world.clock.now())
    shown = await browser.read(LISTENERS)
    for said in ("rr1 answers 0 routes", "rr2 silent 0 routes", "rr9 asked no more 0 routes"):
        assert said in shown.text
    waits = await browser.read(NOC)
    assert "listener rr2 It is silent." in waits.text
    assert "listener rr9 It is asked no more." in waits.text
    assert "listener rr1" not in waits.text
    assert LISTENERS in waits.links
    form = await browser.form(LISTENERS, "/forget")
    assert form.action == f"{LISTENERS}/rr9/forget"
    assert "listener is in service" in shown.text
    no = await browser.post(form.action.replace("rr9", "rr1"), {**form.fields, "reason": WHY})
    refused(no, 409)
    stale = {**form.fields, "seen": "0" * 16, "reason": WHY}
    refused(await browser.post(form.action, stale), 412)
    form = await browser.form(LISTENERS, "/forget")
    for _ in "12":
        answer = await browser.send(form, reason="Sold.")
        assert answer.headers["location"] == f"{LISTENERS}?done=forgotten"
    assert await events(operator, "listener.forgotten") == ["Sold."]
    assert "rr9" not in (await browser.read(LISTENERS)).text


@pytest.mark.parametrize("who", [Role.OPERATOR_VIEWER, Role.ADMIN])
async def test_4_who_may_not_act_on_speakers_has_no_form_and_sends_none(
    world: World, operator: Operator, engine: AsyncEngine, who: Role
) -> None:
    await two_speakers(operator, engine)
    await gone(world, engine)
    await shut(world, engine)
    until = (world.clock.now() + timedelta(days=1)).isoformat()
    await operator.act("/routes/speakers/ams1/drain", until=until, loses=9)
    await Routes(engine).note_listeners({"rr9": True}, world.clock.now() - timedelta(minutes=6))
    acting, looking = await signed_in(world, Role.OPERATOR), await signed_in(world, who)
    before, sent = len(await operator.result("GET", "/events?per_page=1000")), set()
    for page in (AMS, OLD, LISTENERS):
        answer = await looking.get(page)
        assert answer.status_code == (200 if who.of_operator else 404), page
        assert {one.action for one in Reading(answer.text).forms} <= {"/ui/leave"}
        for form in (await acting.read(page)).forms:
            if form.action != "/ui/leave":
                name = page.rpartition("/")[2]
                answer = await looking.send(form, reason=WHY, confirm=name)
                assert answer.status_code == 403, form.action
                sent.add(form.action)
    assert sent == {f"{AMS}/open", f"{AMS}/lift", f"{OLD}/forget", f"{LISTENERS}/rr9/forget"}
    assert len(await operator.result("GET", "/events?per_page=1000")) == before
