"""Page, 3: whom each check asked, when, what it saw, the fix; what a route is, and awaits."""

from pathlib import Path
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.accounts.people import Role
from byoip.domain.checks.evidence import Failed
from byoip.web.rendering import moment
from tests.api.bound import bound, roas
from tests.api.world import World
from tests.stumbles.runs import carry_out, validate
from tests.web.browser import Reading, signed_in
from tests.web.test_6_readme import carried_out


def words(text: str) -> str:
    return " ".join(text.split())


async def test_3_each_check_says_whom_it_asked_when_what_it_saw_and_the_whole_fix(
    world: World, engine: AsyncEngine, tmp_path: Path
) -> None:
    made = await world.prefix("31.0.0.0/22")
    await roas(world, engine, tmp_path, "45.255.0.0/24")
    asked = await validate(world, made["id"])
    await carry_out(world, asked["result"]["validation"]["id"])
    reader, claim_id = world.backend.reader, UUID(made["id"])
    run = await reader.newest_run(world.account_id, claim_id)
    assert run is not None
    whom = await reader.asked(world.account_id, claim_id, run.run.id)
    browser = await signed_in(world, Role.VIEWER)
    answer = await browser.get(f"/ui/prefixes/{made['id']}")
    shown = words(Reading(answer.text).text)
    failed = 0
    for finding in run.findings:
        assert words(finding.outcome.seen) in shown, finding.check
        assert moment(finding.at) in shown, finding.check
        for one in list(whom.get(finding.check, ()))[:5]:
            assert one in shown, finding.check
        if isinstance(finding.outcome, Failed) and finding.outcome.fix:
            failed += 1
            assert words(finding.outcome.fix) in shown, finding.check
    assert failed >= 3
    assert any(whom.values())
    copied = answer.text.count("data-copies=")
    assert copied == failed + len(["reverse DNS", "route object", "ROA"])
    token = made["ownership_validation_token"]
    [lines] = [one for one in answer.text.split("<pre") if 'id="text-rdns"' in one]
    assert lines.count(token) == 4  # a line for each reverse zone
    [whole] = [one for one in answer.text.split("<pre") if 'id="text-irr"' in one]
    for part in ("31.0.0.0/22", "AS64500", token, "mnt-by:", "RIPE"):
        assert part in whole.partition("</pre>")[0]
    assert f"Asked last at {moment(run.run.finished_at)}" in shown


async def test_3_a_route_shows_what_is_wanted_held_and_seen_and_what_it_waits_for(
    world: World, engine: AsyncEngine, tmp_path: Path
) -> None:
    path, cidr, route = await bound(world)
    await roas(world, engine, tmp_path, cidr)
    browser, page = await signed_in(world), f"/ui{path}"
    await browser.send(await browser.form(page, "/announce"))
    told = await world.result("GET", route)
    assert told["waiting_for"]["what"] == "reconciler"  # no worker runs here
    shown = words((await browser.read(page)).text)
    assert "desired announced" in shown
    assert "applied by speakers withdrawn" in shown
    assert "observed nobody has looked lately" in shown
    assert "waits for reconciler since" in shown
    for page_of in (page, "/ui/prefixes"):
        chips = (await browser.read(page_of)).text
        assert "going up" in chips, "no speaker holds it yet"
        assert f"{cidr} announced" not in chips
    await carried_out(engine, world)
    assert f"{cidr} announced" in (await browser.read("/ui/prefixes")).text
    assert "Announce speakers hold it" in words((await browser.read(page)).text)
    await browser.send(await browser.form(page, "/withdraw"), confirm=cidr)
    assert "going down" in (await browser.read("/ui/prefixes")).text


async def test_3_a_prefix_on_its_way_out_says_what_comes_next(
    world: World, engine: AsyncEngine, tmp_path: Path
) -> None:
    path, cidr, _ = await bound(world)
    await roas(world, engine, tmp_path, cidr)
    browser, page = await signed_in(world), f"/ui{path}"
    await browser.send(await browser.form(page, "/announce"))
    said = words((await browser.read(page)).text)
    assert "All its routes are withdrawn (1 announced now)" in said
    assert "its bindings end (1 now)" in said
    await browser.send(await browser.form(page, "/offboard"), confirm=cidr)
    said = words((await browser.read(page)).text)
    assert "Next: its routes are withdrawn" in said
    assert "Restoring brings standing and bindings back" in said
