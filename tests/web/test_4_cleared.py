"""Page, 4: what needs a person is cleared from the page, with a reason that history keeps."""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.adapters.checks.vrp_json import JsonVrps
from byoip.domain.accounts.people import Role
from byoip.domain.checks.vrp_snapshot import GatePolicy
from byoip.domain.claims.lifecycle import Standing
from byoip.domain.prefix import Prefix
from byoip.domain.watch.levels import Level, Signal
from byoip.domain.watch.watch import Watch
from byoip.store.checks.vrp_snapshots import VrpSnapshots
from byoip.store.speakers.records import SpeakerState
from byoip.store.speakers.routes import Alarm, Routes
from byoip.usecases.checks.refresh_roas import RefreshRoas
from byoip.web.operator.acts import NEEDED, OF_PREFIXES
from tests.announcing import path
from tests.api.bound import bound, roas
from tests.api.operators import Operator
from tests.api.test_filters import contested
from tests.api.test_offboarding import go_on
from tests.api.test_operator_speaker_settings import CHANGED, proposed
from tests.api.world import World
from tests.fakes.rpki import FakeVrpSource, entries, export_text
from tests.web.browser import signed_in
from tests.web.test_4_1_old_pages import held
from tests.web.test_4_noc import NOC, acting, raised

WHY = "Looked at it, with the registry on the phone."


async def done(world: World, operator: Operator, page: str, what: str, **filled: str) -> str:
    """The kind of the newest event of operators; with no reason nothing is done.

    What concerns one prefix stands in its history, anything else in the operators'.
    """
    browser = await signed_in(world, Role.OPERATOR, name="Nora")
    before = await operator.result("GET", "/events?per_page=1000")
    assert (await browser.send(await acting(browser, page, what), **filled)).status_code == 422
    assert await operator.result("GET", "/events?per_page=1000") == before
    form = await acting(browser, page, what)
    answer = await browser.send(form, reason=WHY, confirm=form.typed, **filled)
    assert answer.headers["location"] == f"{page}?done=done", answer.text
    history = (await browser.get(f"{NOC}/history" if page == NOC else page)).text
    [row, *_] = [one for one in history.split("<tr") if WHY in one]
    assert ">Nora" in row
    return str((await operator.last_event())["kind"])


def test_4_every_act_of_these_pages_is_tried_by_a_test() -> None:
    """Named where a test sends it; an act that is new has no such place."""
    tests = "".join(one.read_text() for one in Path(__file__).parent.rglob("test_*.py"))
    named = set(re.findall(r'["/]([a-z]+(?:-[a-z]+)*)"', tests))
    assert {*NEEDED, *OF_PREFIXES} - named == set()


async def test_4_held_levels_are_dropped(
    world: World, engine: AsyncEngine, operator: Operator
) -> None:
    await held(world, engine, "31.0.0.0/23")
    viewer = await signed_in(world, Role.OPERATOR_VIEWER)
    assert "Levels that are held" in (await viewer.read(NOC)).text
    await done(world, operator, NOC, "drop-levels")
    assert "Levels that are held" not in (await viewer.read(NOC)).text


async def test_4_refused_roa_data_is_accepted(
    world: World, engine: AsyncEngine, operator: Operator, tmp_path: Path
) -> None:
    full = [*entries(10, "ripe"), *entries(10, "apnic")]
    for listed, age in ((full, 2), (full[:12], 1)):
        built = export_text(listed, world.clock.now() - timedelta(hours=age))
        source, kept = FakeVrpSource(tmp_path, built), VrpSnapshots(engine)
        await RefreshRoas(source, JsonVrps(), kept, GatePolicy(floor=5), world.clock)()
    viewer = await signed_in(world, Role.OPERATOR_VIEWER)
    assert "ROA data refused" in (await viewer.read(NOC)).text
    assert await done(world, operator, NOC, "accept-roas") == "roa_snapshot.accepted"
    assert "ROA data refused" not in (await viewer.read(NOC)).text
    assert (await operator.result("GET", "/roa_snapshots"))[0]["in_use"] is True


async def test_4_sessions_that_are_held_shut_are_opened(
    world: World, engine: AsyncEngine, operator: Operator
) -> None:
    """The order stands at once; the alarm ends when the reconciler has carried it out."""
    now = world.clock.now()
    await Routes(engine).note_speaker(SpeakerState("ams1", 1, "", 0, now, loaded=True))
    await raised(world, engine, Alarm("sessions_shut", "ams1", "It lacks 3 routes."))
    assert await done(world, operator, NOC, "open") == "speaker.opened"


async def test_4_orphans_are_withdrawn(
    world: World, engine: AsyncEngine, operator: Operator
) -> None:
    routes, orphan = Routes(engine), Prefix.parse("31.0.0.0/24")
    await routes.note_orphans("ams1", {orphan: path(orphan, prepend=1)}, world.clock.now())
    viewer = await signed_in(world, Role.OPERATOR_VIEWER)
    assert "It holds 1 path" in (await viewer.read(NOC)).text
    assert (await done(world, operator, NOC, "withdraw-orphans")).startswith("orphan")
    assert await routes.decided_orphans("ams1") == {orphan}
    assert "It holds 1 path" not in (await viewer.read(NOC)).text


async def test_4_proposed_settings_of_speakers_are_applied(
    world: World, engine: AsyncEngine, operator: Operator
) -> None:
    await proposed(engine, (CHANGED,))
    viewer = await signed_in(world, Role.OPERATOR_VIEWER)
    assert "Settings of speakers to apply" in (await viewer.read(NOC)).text
    kind = await done(world, operator, NOC, "apply-settings")
    assert kind == "speaker_settings.applied"
    assert "Settings of speakers to apply" not in (await viewer.read(NOC)).text


async def test_4_a_contest_is_settled(world: World, operator: Operator) -> None:
    made = await world.prefix("31.8.0.0/23")
    await contested(world, made["id"])
    await done(world, operator, f"{NOC}/prefixes/{made['id']}", "settle")
    assert (await world.result("GET", f"/prefixes/{made['id']}"))["standing"] == "ok"


async def test_4_a_route_of_a_contested_prefix_is_announced_on_word(
    world: World, engine: AsyncEngine, operator: Operator, tmp_path: Path
) -> None:
    path, cidr, route = await bound(world)
    await roas(world, engine, tmp_path, cidr)
    browser, page = await signed_in(world, Role.OPERATOR), f"{NOC}{path}"
    assert not any(one.action.endswith("/announce") for one in (await browser.read(page)).forms)
    await contested(world, path.removeprefix("/prefixes/"))
    old = await acting(browser, page, "announce")
    await done(world, operator, page, "announce")
    assert (await browser.send(old, reason=WHY)).status_code == 412
    assert (await world.result("GET", route))["on_demand"]["advertised"] is True
    assert not any(one.action.endswith("/announce") for one in (await browser.read(page)).forms)


async def test_4_a_freeze_is_lifted(world: World, operator: Operator) -> None:
    prefix_id, _ = await world.approved()
    seen = Watch(Signal.REVERSE_ZONE).bad(world.clock.now() - timedelta(days=8), "Gone.")
    async with world.store.transaction() as tx:
        claim = await tx.claims.lock(UUID(prefix_id))
        await tx.watches.put(claim.id, replace(seen, level=Level.FREEZE))
        await tx.claims.save(replace(claim, frozen_for=frozenset({Signal.REVERSE_ZONE})))
    page = f"{NOC}/prefixes/{prefix_id}"
    viewer = await signed_in(world, Role.OPERATOR_VIEWER)
    assert "frozen for reverse_zone" in (await viewer.read(page)).text
    await done(world, operator, page, "lift-freeze")
    assert "frozen for" not in (await viewer.read(page)).text


async def test_4_the_operators_word_counts_from_now_on_until_an_end(
    world: World, operator: Operator
) -> None:
    made = await world.prefix("31.8.0.0/23")
    await operator.act(f"/prefixes/{made['id']}/approve")
    world.clock.advance(timedelta(days=366))
    page = f"{NOC}/prefixes/{made['id']}"
    browser = await signed_in(world, Role.OPERATOR)
    for days in ("3", "x"):  # too soon to tell its customer; no number
        answer = await browser.send(await acting(browser, page, "end-proof"), reason=WHY, days=days)
        assert answer.status_code in {400, 422}, days
    assert "31.8.0.0/23" in (await browser.read(NOC)).text
    await done(world, operator, page, "end-proof", days="400")
    told = await operator.result("GET", f"/prefixes/{made['id']}/watch")
    assert datetime.fromisoformat(told["proof_ends_at"]) == world.clock.now() + timedelta(days=400)
    assert "31.8.0.0/23" not in (await browser.read(NOC)).text
    other = await world.approved()
    shown = await browser.read(f"{NOC}/prefixes/{other[0]}")
    assert not [one for one in shown.forms if one.action.endswith("end-proof")]  # by checks


@pytest.mark.parametrize("act", ["restore", "end-grace"])
async def test_4_a_prefix_on_its_way_out_comes_back_or_goes_at_once(
    world: World, engine: AsyncEngine, operator: Operator, act: str
) -> None:
    prefix_id, _ = await world.approved()
    await world.result("POST", f"/prefixes/{prefix_id}/offboard")
    for _ in range(3):  # nothing to withdraw, to confirm or to unbind
        await go_on(world, engine)
    page = f"{NOC}/prefixes/{prefix_id}"
    if act == "restore":
        await done(world, operator, page, act)
        shown = await world.result("GET", f"/prefixes/{prefix_id}")
        assert shown["standing"] == Standing.OK.value
        return
    browser = await signed_in(world, Role.OPERATOR)
    answer = await browser.send(await acting(browser, page, act), reason=WHY)
    assert "The prefix is closed" in (await browser.read(answer.headers["location"])).text
    assert (await world.call("GET", f"/prefixes/{prefix_id}")).status_code == 404
