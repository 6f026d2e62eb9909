"""Page, 4: speakers are drained, and checks done without, from pages that say before what goes."""

import re
from datetime import datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.accounts.people import Role
from tests.announcing import PEER
from tests.api.operators import WHY, Operator
from tests.api.world import World
from tests.routes.test_3_3_over_http import two_speakers
from tests.web.browser import Browser, Reading, signed_in

ROUTES = "/ui/noc/routes"
DRAIN = f"{ROUTES}/drain"


async def test_4_a_speaker_is_drained_after_a_look_and_lifted(
    world: World, operator: Operator, engine: AsyncEngine
) -> None:
    await two_speakers(operator, engine)
    browser = await signed_in(world, Role.OPERATOR, name="Grace")
    assert f"{DRAIN}?speaker=ams1" in (await browser.read(ROUTES)).links
    looked = await browser.read(f"{DRAIN}?speaker=ams1")
    assert "none other speakers keep all of them" in looked.text
    assert PEER in looked.text
    assert "speakers ams1 neighbours" in looked.text, "no other speaker is concerned"
    form = await browser.form(f"{DRAIN}?speaker=ams1", "/drain")
    answer = await browser.send(form, hours="3", reason="New line cards.", confirm="ams1")
    assert answer.headers["location"] == f"{ROUTES}?done=drained"
    [made] = await operator.result("GET", "/routes/drains")
    assert (made["speaker"], made["name"], made["reason"]) == ("ams1", "Grace", "New line cards.")
    until = world.clock.now() + timedelta(hours=3)
    assert datetime.fromisoformat(made["until"]) == until
    again = await browser.send(
        form, hours="3", reason="New line cards.", confirm="ams1"
    )  # a double click
    assert again.headers["location"] == answer.headers["location"]
    form = await browser.form(f"{DRAIN}?speaker=ams1", "/drain")
    twice = await browser.send(form, reason="x", confirm="ams1")
    assert twice.status_code == 409

    [lift] = [one for one in (await browser.read(ROUTES)).forms if "lift-drain" in one.action]
    assert (await browser.send(lift, reason="All is well.")).status_code == 303
    [lifted] = await operator.result("GET", "/routes/drains")
    assert lifted["state"] == "lifting"
    assert (await operator.last_event())["reason"] == "All is well."


async def test_4_what_would_go_off_the_internet_is_said_and_agreed_to(
    world: World, operator: Operator, engine: AsyncEngine
) -> None:
    await two_speakers(operator, engine)
    browser = await signed_in(world, Role.OPERATOR)
    form = await browser.form(f"{DRAIN}?stage=1", "/drain")
    assert (await browser.send(form, reason=WHY)).status_code == 422  # it was not typed which
    form = await browser.form(f"{DRAIN}?stage=1", "/drain")
    await browser.send(form, reason=WHY, confirm="stage 1")
    narrow = f"{DRAIN}?speaker=fra1&neighbour={PEER}"
    shown = await browser.read(narrow)
    assert "1 announced route is left at no speaker" in shown.text
    form = await browser.form(narrow, "/drain")
    typed = {"confirm": f"fra1 to {PEER}"}
    refused = await browser.send(form, reason=WHY, **typed)  # the box was not ticked
    assert refused.status_code == 409
    assert "Nothing was done" in Reading(refused.text).text
    assert len(await operator.result("GET", "/routes/drains")) == 1
    form = await browser.form(narrow, "/drain")
    assert (await browser.send(form, loses="1", reason=WHY, **typed)).status_code == 303
    assert len(await operator.result("GET", "/routes/drains")) == 2


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("speaker=nope", 404),
        ("stage=9", 404),
        ("stage=x", 422),
        ("", 404),
        ("speaker=ams1&neighbour=192.0.2.99", 404),
        ("speaker=" + "a" * 65, 404),
        ("speaker=%3Cb%3E", 404),
    ],
)
async def test_4_there_is_no_such_thing_to_drain(
    world: World, operator: Operator, engine: AsyncEngine, query: str, status: int
) -> None:
    await two_speakers(operator, engine)
    browser = await signed_in(world, Role.OPERATOR)
    answer = await browser.get(f"{DRAIN}?{query}")
    assert answer.status_code == status
    assert "<b>" not in answer.text


@pytest.mark.parametrize(
    "odd", [{"hours": "721"}, {"hours": "-1"}, {"hours": ""}, {"wait": "3601"}, {"loses": "x"}]
)
async def test_4_odd_numbers_drain_nothing(
    world: World, operator: Operator, engine: AsyncEngine, odd: dict[str, str]
) -> None:
    await two_speakers(operator, engine)
    browser = await signed_in(world, Role.OPERATOR)
    form = await browser.form(f"{DRAIN}?speaker=ams1", "/drain")
    assert (await browser.send(form, **{"reason": WHY, **odd})).status_code == 422
    assert await operator.result("GET", "/routes/drains") == []


async def _waivers(operator: Operator, prefix_id: str) -> list[tuple[str, str]]:
    found = await operator.result("GET", f"/prefixes/{prefix_id}/waivers")
    return [(one["check"], one["reason"]) for one in found]


async def test_4_a_check_is_done_without_and_wanted_again(world: World, operator: Operator) -> None:
    made = (await world.prefix("46.9.0.0/23"))["id"]
    page = f"/ui/noc/prefixes/{made}"
    browser = await signed_in(world, Role.OPERATOR)
    form = await browser.form(page, "/waive")
    assert (await browser.send(form, reason="Legacy space.")).status_code == 303
    assert await _waivers(operator, made) == [("irr", "Legacy space.")]
    assert "irr need not pass until" in (await browser.read(page)).text
    form = await browser.form(page, "/waive")
    assert (await browser.send(form, check="rpki", days="366", reason=WHY)).status_code == 303
    for odd in ({"days": "367"}, {"days": "0"}, {"days": "999999999"}, {"reason": " "}):
        form = await browser.form(page, "/waive")
        assert (await browser.send(form, **{"reason": WHY, **odd})).status_code == 422, odd
    form = await browser.form(page, "/waive")
    assert (await browser.send(form, check="ownership", reason=WHY)).status_code == 400

    ends = [one for one in (await browser.read(page)).forms if one.action.endswith("end-waiver")]
    assert len(ends) == 2
    assert (await browser.send(ends[0], reason="A route object is there.")).status_code == 303
    assert await _waivers(operator, made) == [("rpki", WHY)]


async def test_4_who_only_looks_sees_both_and_has_no_form(
    world: World, operator: Operator, engine: AsyncEngine
) -> None:
    await two_speakers(operator, engine)
    made = (await world.prefix("46.9.0.0/23"))["id"]
    until = (world.clock.now() + timedelta(days=9)).strftime("%Y-%m-%dT%H:%M:%SZ")
    await operator.act(f"/prefixes/{made}/waivers", check="irr", expires_at=until)
    viewer: Browser = await signed_in(world, Role.OPERATOR_VIEWER)
    for path in (ROUTES, f"{DRAIN}?speaker=ams1", f"/ui/noc/prefixes/{made}"):
        shown = await viewer.read(path)
        acts = [one.action for one in shown.forms if re.search("drain|waive", one.action)]
        assert acts == [], path
    acting = await signed_in(world, Role.OPERATOR)
    form = await acting.form(f"/ui/noc/prefixes/{made}", "/waive")
    assert (await viewer.send(form, reason=WHY)).status_code == 403
    customer = await signed_in(world)
    assert (await customer.get(f"{DRAIN}?speaker=ams1")).status_code == 404
