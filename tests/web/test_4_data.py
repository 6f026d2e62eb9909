"""Page, 4: ROA data over time and why some was refused; statistics; the operator's own words."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.adapters.checks.vrp_json import JsonVrps
from byoip.domain.accounts.people import Role
from byoip.domain.checks.vrp_snapshot import GatePolicy
from byoip.store.accounts.operator_views import RoaCounts
from byoip.store.checks.registration_snapshots import RegistrationSnapshots
from byoip.store.checks.vrp_snapshots import VrpSnapshots
from byoip.usecases.checks.refresh_roas import RefreshRoas
from byoip.web.pictures.anchor_counts import HEIGHT, WIDTH, anchor_counts
from tests.api.operators import WHY, Operator
from tests.api.world import World
from tests.fakes.rpki import FakeVrpSource, entries, export_text
from tests.web.browser import Reading, signed_in

DATA, SPACE = "/ui/noc/data", "/ui/noc/space"
MOMENT = datetime(2026, 11, 2, tzinfo=UTC)


async def taken(world: World, engine: AsyncEngine, directory: Path, *many: tuple[int, int]) -> None:
    """Snapshots with so many entries of two trust anchors, an hour after each other."""
    for ripe, apnic in many:
        listed = [*entries(ripe, "ripe"), *entries(apnic, "apnic")]
        source = FakeVrpSource(directory, export_text(listed, world.clock.now()))
        policy = GatePolicy(floor=5)
        await RefreshRoas(source, JsonVrps(), VrpSnapshots(engine), policy, world.clock)()
        world.clock.advance(timedelta(hours=4))


async def test_4_counts_of_each_anchor_are_drawn_over_time_with_a_table_beside(
    world: World, engine: AsyncEngine, tmp_path: Path
) -> None:
    await taken(world, engine, tmp_path, (10, 10), (12, 11), (12, 2))
    browser = await signed_in(world, Role.OPERATOR_VIEWER)
    answer = await browser.get(f"{DATA}?span=week")
    shown = Reading(answer.text)
    assert answer.text.count("<polyline") == 2
    assert "ripe: 12 now, 10 to 12" in shown.text
    assert "apnic: 11 now, 10 to 11" in shown.text
    assert "apnic: refused with 2," in shown.text
    table = answer.text.split('<details id="counts">')[1].split("</details>")[0]
    assert table.count('scope="row"') == 3
    assert len(answer.content) < 100_000
    for span in ("day", "month", "year", "<b>"):
        other = await browser.get(f"{DATA}?span={span}")
        assert other.status_code == 200
        assert "<polyline" in other.text
        assert "<b>" not in other.text


async def test_4_what_was_refused_says_why_and_is_accepted_with_a_reason(
    world: World, operator: Operator, engine: AsyncEngine, tmp_path: Path
) -> None:
    await taken(world, engine, tmp_path, (10, 10), (10, 2))
    viewer = await signed_in(world, Role.OPERATOR_VIEWER)
    assert [one.action for one in (await viewer.read(DATA)).forms] == ["/ui/leave"]
    browser = await signed_in(world, Role.OPERATOR, name="Nora")
    shown = await browser.get(DATA)
    [card] = [one for one in shown.text.split("<div") if 'id="waits"' in one]
    said = Reading(f"<div {card}").text
    assert "apnic has 2 entries, 10 at best" in said
    assert "apnic 10 2 -8 (-80.0%)" in said
    form = await browser.form(DATA, "/roas/accept")
    assert (await viewer.send(form, reason="No.")).status_code == 403
    answer = await browser.send(form, reason="")
    assert answer.status_code == 422
    form = await browser.form(DATA, "/roas/accept")
    answer = await browser.send(form, reason="They told us.")
    assert answer.headers["location"] == f"{DATA}?done=done"
    newest = (await operator.result("GET", "/roa_snapshots"))[0]
    assert newest["in_use"]
    assert newest["acceptance"]["reason"] == "They told us."
    double = await browser.send(form, reason="They told us.")
    assert double.headers["location"] == f"{DATA}?done=done"
    again = await browser.send(form, key="0" * 32, reason=WHY)
    assert again.status_code == 412
    assert "Nothing was done." in Reading(again.text).text
    assert 'id="waits"' not in (await browser.get(DATA)).text


async def test_4_statistics_are_accepted_as_they_were_seen(
    world: World, operator: Operator, engine: AsyncEngine
) -> None:
    kept = RegistrationSnapshots(engine)
    async with kept.exclusive() as tx:
        await tx.record_failure("ripencc", "too few", at=world.clock.now(), refused=100)
    browser = await signed_in(world, Role.OPERATOR)
    old = await browser.form(DATA, "/statistics/accept")
    async with kept.exclusive() as tx:
        await tx.record_failure("ripencc", "too few", at=world.clock.now(), refused=1)
    assert (await browser.send(old, reason=WHY)).status_code == 412
    new = await browser.form(DATA, "/statistics/accept")
    answer = await browser.send(new, reason=WHY)
    assert answer.headers["location"] == f"{DATA}?done=done"
    assert (await operator.last_event())["kind"] == "registration_snapshot.accepted"
    forms = (await browser.read(DATA)).forms
    assert not [one for one in forms if one.action.endswith("/statistics/accept")]


def test_4_the_line_of_an_anchor_goes_in_steps_to_the_right_edge() -> None:
    since, until = MOMENT, MOMENT + timedelta(days=1)
    found = [
        RoaCounts(since, {"ripe": 100}, {}, 0),
        RoaCounts(since + timedelta(hours=12), {"ripe": 50}, {"ripe": 1, "arin": 7}, 2),
    ]
    drawn = anchor_counts(found, since, until)
    assert drawn is not None
    arin, ripe = drawn.lanes
    assert (ripe.name, ripe.best, ripe.newest, ripe.fewest) == ("ripe", 100, 50, 50)
    top, middle = HEIGHT + 8.0, HEIGHT + 23.0
    assert ripe.line == (
        f"0.0,{top} {WIDTH / 2:.1f},{top} {WIDTH / 2:.1f},{middle} {WIDTH:.1f},{middle}"
    )
    assert [dot.x for dot in ripe.dots] == [WIDTH / 2]
    assert (arin.newest, arin.best, [dot.y for dot in arin.dots]) == (0, 7, [8.0])
    assert anchor_counts([], since, until) is None


async def test_4_whom_a_word_on_space_touches_is_seen_before(
    world: World, operator: Operator
) -> None:
    made = await world.prefix("31.44.0.0/23")
    waived = {"check": "irr", "expires_at": (world.clock.now() + timedelta(days=9)).isoformat()}
    await operator.act(f"/prefixes/{made['id']}/waivers", **waived)
    browser = await signed_in(world, Role.OPERATOR)
    looked = await browser.read(f"{SPACE}?cidr=31.44.0.0/16")
    assert "31.44.0.0/23" in looked.text
    assert f"/ui/noc/accounts/{world.account_id.hex}" in looked.links
    assert "no prefix" in (await browser.read(f"{SPACE}?cidr=31.45.0.0/16")).text.lower()
    assert "wrong" in (await browser.get(f"{SPACE}?cidr=<b>")).text
    assert f"/ui/noc/prefixes/{made['id']}" in (await browser.read(SPACE)).links  # its waiver
    form = await browser.form(f"{SPACE}?cidr=31.44.0.0/16", "/space/reserved")
    assert form.fields["cidr"] == "31.44.0.0/16"
    await browser.send(form, reason=WHY)
    assert "31.44.0.0/16" in (await browser.read(SPACE)).text


async def test_4_a_service_is_changed_and_an_old_page_changes_nothing(
    world: World, operator: Operator
) -> None:
    browser = await signed_in(world, Role.OPERATOR)
    new = await browser.form("/ui/noc/services", "/noc/services")
    await browser.send(new, name="WAF", whole="yes", reason=WHY)
    [waf] = [one for one in await operator.result("GET", "/services") if one["name"] == "WAF"]
    old = await browser.form("/ui/noc/services", f"{waf['id']}/change")
    assert (await browser.send(old, reason=WHY)).status_code == 303
    [waf] = [one for one in await operator.result("GET", "/services") if one["name"] == "WAF"]
    assert not waf["default_only"]
    late = await browser.send(old, key="0" * 32, reason="Late.")
    assert late.status_code == 412
    retire = await browser.form("/ui/noc/services", f"{waf['id']}/retire")
    assert (await browser.send(retire, reason=WHY)).status_code == 303
    again = await browser.send(retire, key="0" * 32, reason="Again.")
    assert again.status_code == 412
    assert "Nothing was done." in Reading(again.text).text


async def test_4_a_reservation_that_was_released_is_not_released_again(
    world: World, operator: Operator
) -> None:
    browser = await signed_in(world, Role.OPERATOR)
    form = await browser.form(SPACE, "/space/reserved")
    await browser.send(form, cidr="31.48.0.0/16", account="", reason=WHY)
    release = await browser.form(SPACE, "/release")
    assert (await browser.send(release, reason=WHY)).status_code == 303
    event = await operator.last_event()
    assert event["kind"] == "reservation.released"
    again = await browser.send(release, key="0" * 32, reason="Again.")
    assert again.status_code == 412
    assert (await operator.last_event())["number"] == event["number"]
