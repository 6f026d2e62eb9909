"""Page, 4: settings of speakers are applied, taken back and gone back to, after a look at both."""

from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.accounts.people import Role
from byoip.domain.speakers.revision import Entries, digest
from byoip.store.speakers.routes import Alarm, Routes
from tests.announcing import Fleet
from tests.api.operators import WHY, Operator
from tests.api.test_operator_speaker_settings import CHANGED, KNOWN, PATH, WANTED
from tests.api.world import World
from tests.revising import enforce
from tests.web.browser import Browser, Form, Reading, signed_in
from tests.web.test_4_noc import raised
from tests.web.test_4_speakers import events, refused

NOC = "/ui/noc"
SETTINGS = "/ui/noc/network/settings"
OTHER = replace(KNOWN, stage=2)
DIFFERS = "ams1 changed next_hop4: 192.0.2.1 -> 192.0.2.9 2"


async def proposed(engine: AsyncEngine, *entries: Entries) -> list[UUID]:
    """Revision 1, two routes, and files of processes that say otherwise."""
    revisions = Routes(engine).revisions
    await revisions.adopt("worker:1", (KNOWN,))
    await Fleet(engine).add("31.0.0.0/24", "31.0.1.0/24", advertised=True)
    made = [uuid4() for _ in entries]
    for number, (process, one) in enumerate(zip(made, entries, strict=True), 2):
        await revisions.propose(process, f"worker:{number}", one)
    return made


async def form_of(browser: Browser, name: str) -> Form:
    """The form that applies settings of this name."""
    forms = (await browser.read(SETTINGS)).forms
    [found] = [one for one in forms if one.fields.get("proposal") == name]
    return found


async def travelling(operator: Operator) -> int | None:
    found: int | None = (await operator.result("GET", PATH))["travelling"]
    return found


async def test_4_what_a_file_proposes_is_seen_typed_and_applied_once(
    world: World, operator: Operator, engine: AsyncEngine
) -> None:
    browser = await signed_in(world, Role.OPERATOR, name="Grace")
    assert "No worker has run yet" in (await browser.read(SETTINGS)).text
    await proposed(engine, (CHANGED,), (OTHER,))
    assert SETTINGS in (await browser.read(NOC)).links
    shown = await browser.read(SETTINGS)
    assert "Proposed by the settings files of worker:2. stage" in shown.text
    assert DIFFERS in shown.text
    assert "In force: revision 1" in shown.text
    form, other = await form_of(browser, WANTED), await form_of(browser, digest([OTHER]))
    said = refused(await browser.send(form, reason=WHY), 422)
    assert f"type {WANTED}" in said
    form = await form_of(browser, WANTED)
    for _ in "12":  # a double click
        answer = await browser.send(form, reason="New routers.", confirm=WANTED)
        assert answer.headers["location"] == f"{SETTINGS}?done=applied"
    assert await events(operator, "speaker_settings.applied") == ["New routers."]
    assert await travelling(operator) == 2
    name = digest([OTHER])
    said = refused(await browser.send(other, reason=WHY, confirm=name), 409)
    assert "Revision 2 of the settings of speakers is on its way." in said
    shown = await browser.read(SETTINGS)
    assert "On its way: revision 2" in shown.text
    assert "Revision 2 travelling" in shown.text
    assert "by Grace: New routers." in shown.text
    assert not any("apply" in one.action for one in shown.forms)


async def test_4_a_page_of_another_revision_applies_nothing(
    world: World, operator: Operator, engine: AsyncEngine
) -> None:
    process, _ = await proposed(engine, (CHANGED,), (OTHER,))
    browser = await signed_in(world, Role.OPERATOR)
    old, other = await form_of(browser, WANTED), await form_of(browser, digest([OTHER]))
    await enforce(world.store, Routes(engine), (CHANGED,))
    name = digest([OTHER])
    said = refused(await browser.send(other, reason=WHY, confirm=name), 412)
    assert "In force: revision 2" in said
    assert await travelling(operator) is None
    gone = replace(KNOWN, stage=7)
    await Routes(engine).revisions.propose(process, "worker:2", (gone,))
    form = await form_of(browser, digest([gone]))
    await Routes(engine).revisions.withdraw_proposal(process)
    fields = {"reason": WHY, "confirm": digest([gone])}
    refused(await browser.send(form, **fields), 412)
    for bad in ("x", "-1", "9" * 10, ""):
        no = {**old.fields, "revision": bad, "reason": WHY, "confirm": WANTED}
        assert (await browser.post(old.action, no)).status_code == 400, bad
    assert await travelling(operator) is None


async def test_4_what_is_on_its_way_is_taken_back_after_a_look_at_who_was_told(
    world: World, operator: Operator, engine: AsyncEngine
) -> None:
    fra = replace(CHANGED, name="fra1", stage=2)
    await proposed(engine, (CHANGED, fra))
    browser = await signed_in(world, Role.OPERATOR)
    name = digest([CHANGED, fra])
    await operator.act(f"{PATH}/apply", proposal=name, revision=1)
    shown = await browser.read(SETTINGS)
    assert "No stage is told by it yet. Next: stage 1." in shown.text
    assert "none is yet." in shown.text
    async with world.store.transaction() as tx:
        await tx.revisions.open(2, 1, {})
    shown = await browser.read(SETTINGS)
    assert "Told by it: all up to stage 1. Next: stage 2." in shown.text
    assert "ams1 changed next_hop4: 192.0.2.9 -> 192.0.2.1 2" in shown.text
    old = await browser.form(SETTINGS, "/take-back")
    form = await browser.form(SETTINGS, "/take-back")
    for _ in "12":
        answer = await browser.send(form, reason="Too early.")
        assert answer.headers["location"] == f"{SETTINGS}?done=taken-back"
    assert await events(operator, "speaker_settings.taken_back") == ["Too early."]
    await operator.act(f"{PATH}/apply", proposal=name, revision=1)
    refused(await browser.send(old, reason="It, too."), 412)  # another one
    assert await travelling(operator) == 3
    shown = await browser.read(SETTINGS)
    assert "Revision 2 taken back" in shown.text
    assert "Too early." in shown.text


async def test_4_an_earlier_revision_is_gone_back_to_without_a_file(
    world: World, operator: Operator, engine: AsyncEngine
) -> None:
    await proposed(engine)
    await enforce(world.store, Routes(engine), (CHANGED,))
    browser = await signed_in(world, Role.OPERATOR)
    shown = await browser.read(SETTINGS)
    assert "ams1 changed next_hop4: 192.0.2.9 -> 192.0.2.1 2" in shown.text
    first = digest([KNOWN])
    form = await form_of(browser, first)
    for _ in "12":
        answer = await browser.send(form, reason="The old routers.", confirm=first)
        assert answer.headers["location"] == f"{SETTINGS}?done=applied"
    assert await travelling(operator) == 3
    async with world.store.transaction() as tx:
        in_use = await tx.revisions.lock()
        assert in_use
        assert in_use.target
        assert in_use.target.entries == (KNOWN,)
        await tx.revisions.enforce(3, tx.now)
    assert "It says what is in force." in (await browser.read(SETTINGS)).text
    assert await events(operator, "speaker_settings.applied") == ["The old routers."]


async def test_4_alarms_of_settings_lead_to_them(world: World, engine: AsyncEngine) -> None:
    await raised(world, engine, Alarm("settings_differ", "worker:2", "next_hop4"))
    browser = await signed_in(world, Role.OPERATOR_VIEWER)
    assert SETTINGS in (await browser.read(NOC)).links


@pytest.mark.parametrize("who", [Role.OPERATOR_VIEWER, Role.ADMIN])
async def test_4_who_may_not_act_on_settings_has_no_form_and_sends_none(
    world: World, operator: Operator, engine: AsyncEngine, who: Role
) -> None:
    await proposed(engine, (CHANGED,))
    acting, looking = await signed_in(world, Role.OPERATOR), await signed_in(world, who)
    apply = await form_of(acting, WANTED)
    answer = await looking.get(SETTINGS)
    assert answer.status_code == (200 if who.of_operator else 404)
    assert {one.action for one in Reading(answer.text).forms} <= {"/ui/leave"}
    assert (await looking.send(apply, reason=WHY, confirm=WANTED)).status_code == 403
    assert await travelling(operator) is None
    await operator.act(f"{PATH}/apply", proposal=WANTED, revision=1)
    back = await acting.form(SETTINGS, "/take-back")
    assert (await looking.send(back, reason=WHY)).status_code == 403
    assert await travelling(operator) == 2
