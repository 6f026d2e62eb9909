"""A customer's pages: from nothing to announced, what is refused, what an old page does not do."""

import asyncio
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.accounts.people import Role
from tests.api.bound import bound, roas
from tests.api.world import World
from tests.store.samples import passed
from tests.web.browser import Reading, signed_in
from tests.web.test_1_1_frame import inline

HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{7*7}}"


async def test_from_nothing_to_announced_by_four_forms(
    world: World, engine: AsyncEngine, tmp_path: Path
) -> None:
    browser = await signed_in(world, Role.EDITOR)
    answer = await browser.send(
        await browser.form("/ui/prefixes/new", "/ui/prefixes"), cidr="31.0.0.0/23", asn="AS64500"
    )
    page = answer.headers["location"].partition("?")[0]
    shown = await browser.read(page)
    lines = [f"byoip-validation.{n}.0.31.in-addr.arpa." for n in (0, 1)]
    for text in (*lines, "IN TXT", "Create a route object", "Publish a ROA", "max length 23"):
        assert text in shown.text
    asked = await browser.send(await browser.form(page, "/check"))
    assert asked.headers["location"].endswith("done=checking")
    assert "waiting" in (await browser.read(page)).text
    claim_id = UUID(page[-32:])
    async with world.store.transaction() as tx:
        claim, yes = await tx.claims.lock(claim_id), passed(world.clock.now())
        proven = replace(claim, irr=yes, rpki=yes, ownership=yes)
        await tx.claims.save(proven.approve(world.clock.now()))
    await roas(world, engine, tmp_path, "31.0.0.0/23")
    assert (await browser.send(await browser.form(page, "/bind"))).status_code == 303
    answer = await browser.send(await browser.form(page, "/announce"))
    assert answer.headers["location"].endswith("done=announced")
    shown = await browser.read(answer.headers["location"])
    assert "The announcement is asked for" in shown.text
    told = await world.result("GET", f"/prefixes/{claim_id.hex}/bgp/prefixes")
    assert told[0]["desired"]["advertised"] is True
    assert shown.text.count("Ada") > len(["in the head"])  # history names the person


async def test_a_route_goes_down_only_if_it_was_typed_which(
    world: World, engine: AsyncEngine, tmp_path: Path
) -> None:
    path, cidr, route = await bound(world)
    await roas(world, engine, tmp_path, cidr)
    browser, page = await signed_in(world), f"/ui{path}"
    await browser.send(await browser.form(page, "/announce"))
    for typed in ("", "yes", cidr[:-1]):
        answer = await browser.send(await browser.form(page, "/withdraw"), confirm=typed)
        assert answer.status_code == 422
        assert f"type {cidr}" in Reading(answer.text).text
        assert (await world.result("GET", route))["desired"]["advertised"] is True
    answer = await browser.send(await browser.form(page, "/withdraw"), confirm=cidr)
    assert answer.headers["location"].endswith("done=withdrawn")
    assert (await world.result("GET", route))["desired"]["advertised"] is False


async def test_what_is_refused_is_said_on_the_page_and_nothing_is_done(world: World) -> None:
    path, _, route = await bound(world)
    browser = await signed_in(world)
    answer = await browser.send(await browser.form(f"/ui{path}", "/announce"))
    assert answer.status_code in {409, 503}  # no ROA data, and so not announced
    shown = Reading(answer.text)
    assert "Nothing was done." in shown.text
    assert any(one.startswith("/errors#") for one in shown.links)
    assert (await world.result("GET", route))["desired"]["advertised"] is False


async def test_an_old_page_does_nothing_and_shows_what_changed(world: World) -> None:
    made = await world.prefix()
    page = f"/ui/prefixes/{made['id']}"
    browser = await signed_in(world)
    old = await browser.form(page, "/check")
    await world.result(
        "PATCH", f"/prefixes/{made['id']}", json={"description": "changed by another"}
    )
    answer = await browser.send(old)
    assert answer.status_code == 412
    shown = Reading(answer.text)
    assert "The page that you acted on was older" in shown.text
    since = answer.text.partition('role="alert"')[2].partition("</div>")[0]
    assert "changed the description" in since
    assert "has claimed" not in since
    runs = await world.result("GET", f"/prefixes/{made['id']}/validations")
    assert runs == []
    [fresh] = [one for one in shown.forms if one.action.endswith("/check")]
    assert (await browser.send(fresh)).status_code == 303


async def test_a_double_click_counts_once(world: World) -> None:
    browser = await signed_in(world)
    form = await browser.form("/ui/prefixes/new", "/ui/prefixes")
    filled = {**form.fields, "cidr": "31.1.0.0/24", "asn": "64500"}
    first = await browser.post(form.action, filled)
    second = await browser.post(form.action, filled)
    assert first.headers["location"] == second.headers["location"]
    assert len(await world.result("GET", "/prefixes")) == 1
    changed = await browser.post(form.action, {**filled, "cidr": "31.2.0.0/24"})
    assert changed.status_code == 422  # the key stands for another form
    both = {**filled, "cidr": "31.3.0.0/24", "key": "a" * 32}
    answers = await asyncio.gather(*(browser.post(form.action, both) for _ in range(4)))
    assert [one.status_code for one in answers] == [303] * 4
    assert len({one.headers["location"] for one in answers}) == 1
    assert len(await world.result("GET", "/prefixes")) == 2


@pytest.mark.parametrize(
    ("field", "filled"),
    [
        ("cidr", {"cidr": "31.0.0.1/23"}),
        ("cidr", {"cidr": ""}),
        ("cidr", {"cidr": "10.0.0.0/24"}),
        ("cidr", {"cidr": HOSTILE}),
        ("asn", {"asn": "x"}),
        ("asn", {"asn": "64999"}),
        ("asn", {"asn": "-1"}),
        ("asn", {"asn": "١٢٣"}),
        ("description", {"description": "\u202e"}),
    ],
)
async def test_what_is_wrong_is_said_at_its_field_and_the_rest_stays(
    world: World, field: str, filled: dict[str, str]
) -> None:
    browser = await signed_in(world)
    form = await browser.form("/ui/prefixes/new", "/ui/prefixes")
    given = {"cidr": "31.0.0.0/23", "asn": "64500", "description": "mine", **filled}
    answer = await browser.send(form, **given)
    assert answer.status_code in {400, 409, 422}
    assert f'id="{field}-wrong"' in answer.text
    [again] = [one for one in Reading(answer.text).forms if one.action == "/ui/prefixes"]
    assert {name: again.fields[name] for name in given} == given
    assert await world.result("GET", "/prefixes") == []


async def test_a_viewer_looks_and_does_nothing(
    world: World, engine: AsyncEngine, tmp_path: Path
) -> None:
    path, cidr, route = await bound(world)
    await roas(world, engine, tmp_path, cidr)
    viewer, editor = await signed_in(world, Role.VIEWER), await signed_in(world, Role.EDITOR)
    shown = await viewer.read(f"/ui{path}")
    assert [one.action for one in shown.forms] == ["/ui/leave"]
    for ending in ("/check", "/announce"):
        form = await editor.form(f"/ui{path}", ending)
        assert (await viewer.send(form)).status_code == 403
    assert (await viewer.get("/ui/prefixes/new")).status_code == 403
    assert (await world.result("GET", route))["desired"]["advertised"] is False


async def test_another_accounts_prefix_is_not_there(world: World) -> None:
    path, _, _ = await bound(world)
    page = f"/ui{path}"
    before = await world.result("GET", f"{path}/events")
    own = await signed_in(world)
    stranger = await signed_in(world, account_id=world.other_account_id)
    operator = await signed_in(world, Role.OPERATOR)
    forms = [one for one in (await own.read(page)).forms if path in one.action]
    assert {one.action.rpartition("/")[2] for one in forms} == {"check", "announce", "offboard"}
    for visitor, known in ((stranger, {404}), (operator, {403, 404})):
        for address in (page, f"{page}/part", f"{page}/stream"):
            assert (await visitor.get(address)).status_code in known
        for form in forms:
            assert (await visitor.send(form)).status_code in known
    assert path[-32:] not in (await stranger.get("/ui/prefixes")).text
    assert await world.result("GET", f"{path}/events") == before


async def test_the_list_is_found_by_address_and_state(world: World) -> None:
    await world.prefix("31.0.0.0/23", description="first")
    await world.prefix("31.0.2.0/24", description="second")
    _, approved = await world.approved("45.200.0.0/23")
    browser = await signed_in(world)

    async def found(query: str) -> set[str]:
        text = (await browser.read(f"/ui/prefixes{query}")).text
        return {one for one in ("31.0.0.0/23", "31.0.2.0/24", approved) if one in text}

    assert await found("") == {"31.0.0.0/23", "31.0.2.0/24", approved}
    assert await found("?q=31.0.1.77") == {"31.0.0.0/23"}
    assert await found("?q=31.0.0.0/16") == {"31.0.0.0/23", "31.0.2.0/24"}
    assert await found("?q=2001:db8::1") == set()
    assert await found("?state=approved") == {approved}
    assert await found("?state=pending&q=45.200.0.1") == set()
    wrong = await browser.read(f"/ui/prefixes?q={HOSTILE}&state=nonsense&after=x")
    assert "neither an address nor a prefix" in wrong.text
    text = (await browser.get("/ui/prefixes")).text
    assert text.index("31.0.0.0/23") < text.index(approved)  # what has to be proven comes first


async def test_no_text_of_others_is_markup(world: World) -> None:
    """Of customers, registries, operators and browsers: in every field that a page shows."""
    made = await world.prefix(description=HOSTILE)
    browser = await signed_in(world, name=HOSTILE)
    page = f"/ui/prefixes/{made['id']}"
    form = await browser.form(page, "/check")
    await browser.send(form)
    for path in ("/ui/prefixes", page, "/ui/people", "/ui/sessions", f"/ui/prefixes?q={HOSTILE}"):
        answer = await browser.get(path)
        shown = Reading(answer.text)
        assert HOSTILE[:20] in shown.text or "?q=" in path
        assert "img" not in shown.tags
        assert shown.tags.count("script") == len(["htmx", "its streams", "ours"])
        assert inline(answer.text) == []
        assert "49" not in shown.text.replace(HOSTILE, "").split()


async def test_two_hundred_rows_are_light_and_quick(world: World) -> None:
    for number in range(201):
        await world.prefix(f"37.{number}.0.0/24", description="a description of usual length")
    browser = await signed_in(world)
    started = time.process_time()  # page and browser are one process
    answer = await browser.get("/ui/prefixes")
    seconds = time.process_time() - started
    assert len(answer.content) < 100_000, len(answer.content)
    assert seconds < 3
    assert answer.text.count("<tr>") == 202  # the last one has to be proven, and so comes, too
    [more] = [one for one in Reading(answer.text).links if "after=" in one]
    assert (await browser.get(more)).text.count("<tr>") == 2


async def test_what_needs_its_owner_comes_first_from_later_pages_as_well(
    world: World, engine: AsyncEngine
) -> None:
    """Of those that stand well 200 are on the page; the last ones have to be proven, or are
    suspended."""
    for number in range(203):
        await world.prefix(f"37.{number}.0.0/24", description="d" * 150)
        world.clock.advance(timedelta(seconds=1))  # lists go by time
    async with engine.begin() as connection:
        approved = "UPDATE prefixes SET state = 'approved', approved_by = 'operator'"
        of = " , approved_at = now(), registry = 'ripencc' WHERE cidr < '37.201.0.0/24'"
        await connection.execute(sa.text(approved + of))
        suspended = "UPDATE prefixes SET standing = 'suspended' WHERE cidr = '37.202.0.0/24'"
        await connection.execute(sa.text(suspended))
    browser = await signed_in(world, Role.VIEWER)
    answer = await browser.get("/ui/prefixes")
    places = [answer.text.find(f">37.{number}.0.0/24<") for number in (202, 201, 0)]
    assert places == sorted(places)
    assert places[0] > 0
    assert len(answer.content) < 100_000, len(answer.content)
    needs = (await browser.read("/ui/prefixes?state=needs-you")).text
    assert [f"37.{number}.0.0/24" in needs for number in (0, 200, 201, 202)] == [
        False, False, True, True,
    ]  # fmt: skip
    for cidr, wanted in (("37.0.0.0/24", False), ("37.201.0.0/24", True)):  # of one address, too
        found = (await browser.read(f"/ui/prefixes?state=needs-you&q={cidr}")).links
        assert any(one.startswith("/ui/prefixes/") and len(one) == 45 for one in found) == wanted


async def test_nothing_is_done_for_a_form_with_another_ones_ids(world: World) -> None:
    path, _, _ = await bound(world)
    browser = await signed_in(world)
    form = await browser.form(f"/ui{path}", "/announce")
    for action in (f"/ui{path}/routes/{'0' * 32}/announce", f"/ui{path}/routes/x/announce"):
        assert (await browser.post(action, form.fields)).status_code == 404
    answer = await browser.send(form, version="x")
    assert answer.status_code == 400
