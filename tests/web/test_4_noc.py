"""The operator's pages: what needs a person, with an action and a reason for each."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.accounts.people import Role
from byoip.domain.speakers.alarm_kinds import ALARM_KINDS
from byoip.store.speakers.routes import Alarm, Routes
from byoip.web.operator.needs import MOST_ALARMS
from tests.api.bound import bound
from tests.api.operators import Operator
from tests.api.world import World
from tests.web.browser import Browser, Form, Reading, signed_in

NOC = "/ui/noc"
HOSTILE = "<script>alert(1)</script>"


async def acting(browser: Browser, page: str, what: str) -> Form:
    forms = (await browser.read(page)).forms
    return next(one for one in forms if one.action.endswith(f"/{what}"))


async def raised(world: World, engine: AsyncEngine, *alarms: Alarm) -> None:
    await Routes(engine).replace_alarms(alarms[0].kind, alarms, world.clock.now())


async def test_where_nothing_waits_the_page_says_so_or_what_does(world: World) -> None:
    browser = await signed_in(world, Role.OPERATOR)
    answer = await browser.get("/ui")
    assert answer.headers["location"] == NOC
    for path in (NOC, f"{NOC}/prefixes", f"{NOC}/routes", f"{NOC}/data", f"{NOC}/history"):
        assert (await browser.get(path)).status_code == 200, path


@pytest.mark.parametrize("kind", ALARM_KINDS)
async def test_every_kind_of_alarm_is_shown(world: World, engine: AsyncEngine, kind: str) -> None:
    await raised(world, engine, Alarm(kind, "somewhere", f"why {kind}"))
    browser = await signed_in(world, Role.OPERATOR_VIEWER)
    shown = await browser.read(NOC)
    assert f"{kind.replace('_', ' ')}: somewhere" in shown.text
    assert f"why {kind}" in shown.text
    assert not any("/do/" in one.action for one in shown.forms)  # a viewer acts on nothing


async def test_a_stopped_job_starts_again_with_a_reason(world: World, operator: Operator) -> None:
    await operator.act("/jobs/close_unproven/stop")
    browser = await signed_in(world, Role.OPERATOR, name="Nora")
    form = await acting(browser, NOC, "start-job")
    answer = await browser.send(form)
    assert answer.status_code == 422  # no reason, and nothing was done
    assert "Nothing was done." in Reading(answer.text).text
    form = await acting(browser, NOC, "start-job")
    answer = await browser.send(form, reason="Looked at it.")
    assert answer.headers["location"] == f"{NOC}?done=done"
    jobs = await operator.result("GET", "/jobs")
    assert not next(one for one in jobs if one["kind"] == "close_unproven")["stopped"]
    assert (await operator.last_event())["reason"] == "Looked at it."
    shown = (await browser.read(f"{NOC}/history")).text
    assert "Looked at it." in shown
    again = await browser.send(form, reason="Looked at it.")  # a double click
    assert again.headers["location"] == f"{NOC}?done=done"


async def test_a_prefix_is_suspended_resumed_approved_and_revoked_with_reasons(
    world: World, operator: Operator
) -> None:
    made = await world.prefix("31.8.0.0/23")
    browser, page = await signed_in(world, Role.OPERATOR), f"{NOC}/prefixes/{made['id']}"
    for what, key, value in (
        ("suspend", "standing", "suspended"),
        ("resume", "standing", "ok"),
        ("approve", "state", "approved"),
        ("revoke", "state", "pending"),
    ):
        answer = await browser.send(await acting(browser, page, what), reason=f"why {what}")
        assert answer.headers["location"] == f"{page}?done=done", (what, answer.text)
        told = await operator.result("GET", f"/prefixes/{made['id']}")
        shown = await browser.read(page)
        assert f"why {what}" in shown.text
        if key == "standing":
            assert told["standing"] == value
            waits = "31.8.0.0/23" in (await browser.read(NOC)).text
            assert waits == (value == "suspended")
        else:
            assert told["approved"] == {"approved": "V", "pending": "P"}[value]
            assert f"state {value}" in shown.text.replace(";", "").replace(",", "")


async def test_an_old_page_of_a_prefix_does_nothing(world: World, operator: Operator) -> None:
    made = await world.prefix("31.8.2.0/23")
    browser, page = await signed_in(world, Role.OPERATOR), f"{NOC}/prefixes/{made['id']}"
    form = await acting(browser, page, "suspend")
    await world.result("PATCH", f"/prefixes/{made['id']}", json={"description": "changed"})
    await operator.act(f"/prefixes/{made['id']}/suspend")
    answer = await browser.send(form, reason="Late.")
    assert answer.status_code == 412
    assert "Nothing was done." in Reading(answer.text).text
    said = answer.text.partition('role="alert"')[2].partition("</div>")[0]
    assert "changed the description" in said
    assert "has claimed" not in said
    assert "Late." not in (await browser.read(page)).text


async def test_a_route_is_locked_and_unlocked(world: World) -> None:
    path, _, route = await bound(world)
    browser, page = await signed_in(world, Role.OPERATOR), f"{NOC}{path}"
    await browser.send(await acting(browser, page, "lock"), reason="Under attack.")
    assert (await world.result("GET", route))["on_demand"]["on_demand_locked"] is True
    assert "locked" in (await browser.read(page)).text
    await browser.send(await acting(browser, page, "unlock"), reason="Over.")
    assert any(one.action.endswith("/lock") for one in (await browser.read(page)).forms)


async def test_prefixes_are_found_by_address_and_cidr_across_accounts(world: World) -> None:
    path, cidr, _ = await bound(world)
    made = await world.prefix("31.10.0.0/23")
    browser = await signed_in(world, Role.OPERATOR_VIEWER)
    inside = cidr.replace("0/23", "77")
    shown = await browser.read(f"{NOC}/prefixes?q={inside}")
    assert f"Who answers for {inside}" in shown.text
    assert "CDN" in shown.text
    assert f"{NOC}{path}" in shown.links
    shown = await browser.read(f"{NOC}/prefixes?q=31.10.0.0/16")
    assert f"{NOC}/prefixes/{made['id']}" in shown.links
    assert f"{NOC}{path}" not in shown.links
    for wrong in ("x", HOSTILE, "31.10.0.1/16", "1.1.1.1%25eth0"):
        answer = await browser.get(f"{NOC}/prefixes", params={"q": wrong, "after": "x"})
        assert answer.status_code == 200, wrong
        assert HOSTILE not in answer.text


async def test_the_operators_pages_are_the_operators(world: World, operator: Operator) -> None:
    made = await world.prefix("31.12.0.0/23")
    page = f"{NOC}/prefixes/{made['id']}"
    customer, viewer = await signed_in(world), await signed_in(world, Role.OPERATOR_VIEWER)
    nora = await signed_in(world, Role.OPERATOR)
    paths = (NOC, f"{NOC}/part", f"{NOC}/prefixes", page, f"{NOC}/routes", f"{NOC}/data")
    for path in (*paths, f"{NOC}/history"):
        assert (await customer.get(path)).status_code == 404, path
        assert (await viewer.get(path)).status_code == 200, path
    form = await acting(nora, page, "suspend")
    for who in (customer, viewer):
        assert (await who.send(form, reason="No.")).status_code == 403
        no = {**form.fields, "reason": "No.", "job": "close_unproven"}
        assert (await who.post(f"{NOC}/do/stop-job", no)).status_code == 403
    assert (await operator.result("GET", f"/prefixes/{made['id']}"))["standing"] == "ok"
    for bad in ("nothing", "suspend"):
        assert (await nora.post(f"{NOC}/do/{bad}", form.fields)).status_code == 404, bad


async def test_nothing_on_the_operators_pages_is_markup(world: World, engine: AsyncEngine) -> None:
    made = await world.prefix("31.14.0.0/23", description=HOSTILE)
    await raised(world, engine, Alarm("lost", HOSTILE, HOSTILE))
    browser = await signed_in(world, Role.OPERATOR, name=HOSTILE)
    page = f"{NOC}/prefixes/{made['id']}"
    await browser.send(await acting(browser, page, "suspend"), reason=HOSTILE)
    for path in (NOC, page, f"{NOC}/history", f"{NOC}/prefixes"):
        answer = await browser.get(path)
        assert HOSTILE not in answer.text, path
        assert Reading(answer.text).tags.count("script") == 3


async def test_a_page_of_much_that_waits_is_light(world: World, engine: AsyncEngine) -> None:
    alarms = [Alarm("lost", f"31.{n}.0.0/24", "Seen by no listener.") for n in range(200)]
    await raised(world, engine, *alarms)
    for number in range(60):
        made = await world.prefix(f"37.{number}.0.0/24")
        async with engine.begin() as connection:
            await connection.execute(
                text("UPDATE prefixes SET standing = 'suspended' WHERE id = :id"),
                {"id": UUID(made["id"])},
            )
    browser = await signed_in(world, Role.OPERATOR)
    answer = await browser.get(NOC)
    assert len(answer.content) < 100_000, len(answer.content)
    assert f"And {200 - MOST_ALARMS} more: all 200 of Alarm: lost" in Reading(answer.text).text


async def test_silent_edges_and_quotas_are_named(world: World, operator: Operator) -> None:
    await operator.result("PUT", "/edge/edges/ams1", json={"drained": False, "reason": "new"})
    browser = await signed_in(world, Role.OPERATOR_VIEWER)
    assert "edge ams1" in (await browser.read(NOC)).text
    account = f"/accounts/{world.account_id.hex}"
    await operator.result("PATCH", account, json={"prefix_quota": 0, "reason": "closed"})
    assert "Quotas used up" in (await browser.read(NOC)).text
    world.clock.advance(timedelta(minutes=1))
    assert "ams1" in (await browser.read(f"{NOC}/routes")).text


async def test_accounts_services_and_space_are_kept_with_reasons(
    world: World, operator: Operator
) -> None:
    browser = await signed_in(world, Role.OPERATOR)
    why = {"reason": "Contract 4711."}
    accounts, services, space = (f"{NOC}/{one}" for one in ("accounts", "services", "space"))
    form = await browser.form(accounts, "/noc/accounts")
    answer = await browser.send(form, name="Newcomer", quota="3", **why)
    assert answer.headers["location"] == f"{accounts}?done=done"
    [made] = [one for one in await operator.result("GET", "/accounts") if one["name"] == "Newcomer"]
    assert made["prefix_quota"] == 3
    form = await browser.form(accounts, f"{made['id']}/quota")
    await browser.send(form, quota="5", **why)
    assert (await operator.result("GET", f"/accounts/{made['id']}"))["prefix_quota"] == 5
    assert (await browser.send(form, quota="6", key="0" * 32, **why)).status_code == 412  # old
    form = await browser.form(accounts, f"{made['id']}/quota")
    assert (await browser.send(form, quota="many", **why)).status_code == 422
    await browser.send(
        await browser.form(services, "/noc/services"), name="WAF", whole="yes", **why
    )
    [waf] = [one for one in await operator.result("GET", "/services") if one["name"] == "WAF"]
    await browser.send(await browser.form(services, f"{waf['id']}/retire"), **why)
    assert "WAF" not in {one["name"] for one in await operator.result("GET", "/services")}
    form = await browser.form(space, "/space/reserved")
    await browser.send(form, cidr="31.20.0.0/16", account=made["id"], **why)
    [kept] = await operator.result("GET", "/reservations")
    assert (kept["cidr"], kept["account_id"]) == ("31.20.0.0/16", made["id"])
    await browser.send(await browser.form(space, f"{kept['id']}/release"), **why)
    assert await operator.result("GET", "/reservations") == []
    form = await browser.form(space, "/space/registries")
    answer = await browser.send(form, cidr="x", **why)
    assert answer.status_code == 422
    assert "Nothing was done." in Reading(answer.text).text
    await browser.send(await browser.form(space, "/space/registries"), cidr="31.22.0.0/16", **why)
    [said] = await operator.result("GET", "/registry_overrides")
    await browser.send(await browser.form(space, f"{said['id']}/end"), **why)
    assert await operator.result("GET", "/registry_overrides") == []


async def test_nobody_else_keeps_anything(world: World) -> None:
    nora, customer = await signed_in(world, Role.OPERATOR), await signed_in(world)
    viewer = await signed_in(world, Role.OPERATOR_VIEWER)
    for path in (f"{NOC}/accounts", f"{NOC}/services", f"{NOC}/space"):
        assert (await customer.get(path)).status_code == 404
        acts = [one for one in (await viewer.read(path)).forms if one.method == "post"]
        assert [one.action for one in acts] == ["/ui/leave"]
        for form in (await nora.read(path)).forms[1:]:
            if form.method == "get":
                continue
            for who in (customer, viewer):
                assert (await who.send(form, reason="No.")).status_code == 403, form.action
