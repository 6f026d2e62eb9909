"""People in accounts and at the operator: let in, given roles, removed."""

import asyncio
import re
from uuid import UUID

import pytest
from psycopg import sql

from byoip.domain.accounts.people import Role
from tests.api.operators import Operator
from tests.api.world import World
from tests.web.browser import Browser, Reading, link_for, signed_in


async def test_a_person_who_is_removed_is_out_at_the_next_request(world: World) -> None:
    person, code = await link_for(world, Role.VIEWER, name="Eve")
    eve, admin = Browser(world.client), await signed_in(world)
    await eve.enter(code)
    assert (await eve.get("/ui/people")).status_code == 200
    answer = await admin.send(await admin.form(f"/ui/people/{person.hex}", f"{person.hex}/remove"))
    assert answer.headers["location"].endswith("done=removed")
    assert (await eve.get("/ui/people")).status_code == 303
    assert "Eve" not in (await admin.read("/ui/people")).text


async def test_a_person_without_the_role_lets_nobody_in(world: World) -> None:
    editor = await signed_in(world, Role.EDITOR)
    shown = await editor.read("/ui/people")
    assert [one.action for one in shown.forms] == ["/ui/leave"]
    admin = await signed_in(world, name="Admin")
    form = await admin.form("/ui/people", "/ui/people")
    answer = await editor.send(form, name="Mallory", role="admin")
    assert answer.status_code == 403
    assert "Mallory" not in (await admin.read("/ui/people")).text


async def test_a_demotion_counts_from_the_next_request(world: World) -> None:
    person, code = await link_for(world, name="Eve")
    eve, admin = Browser(world.client), await signed_in(world)
    await eve.enter(code)
    form = await eve.form("/ui/people", "/ui/people")
    await admin.send(
        await admin.form(f"/ui/people/{person.hex}", f"{person.hex}/role"), role="viewer"
    )
    assert (await eve.send(form, name="Mallory", role="admin")).status_code == 403


async def test_an_invitation_sent_twice_makes_one_person_and_shows_the_link_once(
    world: World,
) -> None:
    admin = await signed_in(world)
    form = await admin.form("/ui/people", "/ui/people")
    first = await admin.send(form, name="Grace", role="editor")
    assert "/ui/enter#" in first.text
    second = await admin.send(form, name="Grace", role="editor")
    assert second.headers["location"].endswith("done=shown")
    assert (await admin.read("/ui/people")).text.count("change Grace") == 1


async def test_accounts_do_not_see_each_others_people(world: World) -> None:
    person, _ = await link_for(world, account_id=world.other_account_id, name="Stranger")
    admin = await signed_in(world)
    asked = await admin.read(f"/ui/people?account={world.other_account_id.hex}")
    assert "Stranger" not in asked.text
    form = await admin.form("/ui/people", "/ui/people")
    for what in ("link", "role", "remove"):
        answer = await admin.post(
            f"/ui/people/{person.hex}/{what}",
            {**form.fields, "account": world.other_account_id.hex, "role": "viewer"},
        )
        assert answer.status_code == 412, what
        assert "Stranger" not in answer.text
    answer = await admin.send(
        form, name="Mallory", role="admin", account=world.other_account_id.hex
    )
    assert "Mallory" in (await admin.read("/ui/people")).text


async def test_to_revoke_a_persons_credential_removes_the_person(
    world: World, operator: Operator
) -> None:
    eve, _ = await link_for(world, name="Eve")
    path = f"/credentials/{eve.hex}/revoke"
    assert (await operator.act(path))["revoked_at"] is not None
    event = await operator.last_event()
    assert (event["kind"], event["before"]["name"]) == ("person.removed", "Eve")
    again = await operator.errors("POST", path, json={"reason": "again"})
    assert again == [(404, "credential_not_found", "")]
    admin = await signed_in(world, name="Admin")
    assert "Eve" not in (await admin.read("/ui/people")).text


async def test_the_last_operators_credential_stays(world: World, operator: Operator) -> None:
    async with world.store.transaction() as tx:
        before = [one.hex for one in await tx.people.lock_operators()]
    last, _ = await link_for(world, Role.OPERATOR, name="Last")
    for one in before:
        await operator.act(f"/credentials/{one}/revoke")
    path, why = f"/credentials/{last.hex}/revoke", {"reason": "a ticket"}
    assert await operator.errors("POST", path, json=why) == [(409, "last_operator", "")]
    await link_for(world, Role.OPERATOR, name="Another")
    await operator.act(path)


@pytest.mark.parametrize("role", ["operator", "operator_viewer", "", "root"])
async def test_an_account_has_no_operators(world: World, role: str) -> None:
    admin = await signed_in(world)
    form = await admin.form("/ui/people", "/ui/people")
    answer = await admin.send(form, name="Mallory", role=role)
    assert answer.status_code == 422


async def test_an_operator_lets_the_first_admin_of_an_account_in(world: World) -> None:
    operator = await signed_in(world, Role.OPERATOR)
    form = await operator.form(f"/ui/people?account={world.account_id.hex}", "/ui/people")
    answer = await operator.send(form, name="Ada", role="admin")
    [code] = re.findall(r"#([0-9a-f]{64})", answer.text)
    ada = Browser(world.client)
    await ada.enter(code)
    assert "Ada (admin of " in (await ada.read("/ui/people")).text


async def _only_operators(world: World, *names: str) -> list[tuple[UUID, Browser]]:
    made = []
    for name in names:
        person, code = await link_for(world, Role.OPERATOR, name=name)
        made.append((person, Browser(world.client)))
        await made[-1][1].enter(code)
    return made


@pytest.mark.parametrize("what", ["remove", "role"])
async def test_the_last_operator_stays(world: World, what: str) -> None:
    [(first, one), (second, two)] = await _only_operators(world, "One", "Two")
    forms = [await one.form(f"/ui/people/{second.hex}", f"{second.hex}/{what}")]
    forms.append(await two.form(f"/ui/people/{first.hex}", f"{first.hex}/{what}"))
    answers = await asyncio.gather(
        one.send(forms[0], role="operator_viewer"), two.send(forms[1], role="operator_viewer")
    )
    # Each takes the role from the other at once: one is too late, as the last, or as nobody.
    done, refused = sorted(answer.status_code for answer in answers)
    assert done == 303
    assert refused in {303, 403, 409}
    left = await world.backend.pages(world.backend).site.people.people(None)  # type: ignore[attr-defined]
    assert [person.role for person in left].count(Role.OPERATOR) == 1


async def test_what_people_do_stands_in_the_operators_history(world: World) -> None:
    admin = await signed_in(world)
    form = await admin.form("/ui/people", "/ui/people")
    await admin.send(form, name="Grace", role="editor")
    views = await world.backend.operator_reader.events(after=0, limit=50)
    events = [one.event for one in views]
    reasons = {one.event.number: one.reason for one in views}
    kinds = [one.kind for one in events]
    assert kinds.count("person.invited") == 2
    assert "person.signed_in" in kinds
    [seen] = [
        one for one in events if one.after.get("name") == "Grace" and "person.inv" in one.kind
    ]
    assert reasons[seen.number] == "By Ada, admin, on a page."
    assert seen.actor.startswith("credential:")


async def test_nobody_has_the_token_of_a_persons_credential(world: World) -> None:
    """And what is kept of links and cookies are hashes."""
    _, code = await link_for(world)
    browser = Browser(world.client)
    await browser.enter(code)
    async with world.store.transaction() as tx:
        for table in ("people", "sign_in_links", "browser_sessions", "credentials"):
            query = sql.SQL("SELECT * FROM {}").format(sql.Identifier(table))
            rows = await (await tx.session.driver.execute(query)).fetchall()
            assert rows
            assert code not in str(rows)
            assert browser.cookie not in str(rows)


async def test_wrong_links_are_limited_and_a_right_one_is_not(world: World) -> None:
    _, code = await link_for(world)
    answers = [await Browser(world.client).enter("0" * 64) for _ in range(12)]
    assert {one.status_code for one in answers} == {403, 429}
    assert "retry-after" in answers[-1].headers
    assert (await Browser(world.client).enter(code)).status_code == 303


async def test_links_are_limited(world: World) -> None:
    admin = await signed_in(world)
    codes = []
    for number in range(32):
        form = await admin.form("/ui/people", "/ui/people")
        codes.append((await admin.send(form, name=f"P{number}")).status_code)
    assert codes[0] == 200
    assert codes[-1] == 429


async def test_a_name_is_no_markup(world: World) -> None:
    hostile = '"><script>alert(1)</script><img src=x onerror=alert(2)>'
    browser = await signed_in(world, name=hostile)
    form = await browser.form("/ui/people", "/ui/people")
    for page in (
        await browser.read("/ui/people"),
        await browser.read("/ui/sessions"),
        Reading((await browser.send(form, name=hostile, role="viewer")).text),
    ):
        assert hostile in page.text
        assert "img" not in page.tags
        assert page.tags.count("script") == len(["htmx", "its streams", "ours"])


async def test_two_hundred_people_are_a_light_page(world: World) -> None:
    browser = await signed_in(world)
    for number in range(201):
        await link_for(world, Role.VIEWER, name=f"Somebody of usual length {number:03}")
    answer = await browser.get("/ui/people")
    assert answer.text.count("<tr>") == 201
    assert len(answer.content) < 100_000, len(answer.content)


async def test_a_page_of_one_person_is_for_those_who_manage_them(world: World) -> None:
    person, _ = await link_for(world, name="Eve")
    page = f"/ui/people/{person.hex}"
    admin, viewer = await signed_in(world), await signed_in(world, Role.VIEWER)
    assert "Eve" in (await admin.read(page)).text
    stranger = await signed_in(world, account_id=world.other_account_id)
    operator = await signed_in(world, Role.OPERATOR)
    assert (await viewer.get(page)).status_code == 403
    assert (await stranger.get(page)).status_code == 404
    assert (await stranger.get(f"{page}?account={world.account_id.hex}")).status_code == 404
    assert (await operator.get(page)).status_code == 404  # it is none of the operator's people
    of_account = await operator.read(f"{page}?account={world.account_id.hex}")
    assert {one.fields.get("account") for one in of_account.forms[1:]} == {world.account_id.hex}
