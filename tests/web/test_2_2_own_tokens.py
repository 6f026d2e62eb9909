"""A person's own token: no more than role and token allow now, and it falls with the person."""

from datetime import timedelta
from uuid import UUID

import httpx
from sqlalchemy import text

from byoip.domain.accounts.people import Role
from tests.api.operators import Operator
from tests.api.world import V4, World
from tests.web.browser import Browser, Reading, link_for, signed_in

READ, WRITE = "may-prefixes_read", "may-prefixes_write"


async def made(browser: Browser, **filled: str) -> str:
    """A new token of theirs."""
    form = await browser.form("/ui/tokens", "/ui/tokens")
    answer = await browser.send(form, **{"name": "ci", "days": "90", **filled})
    assert answer.status_code == 200, answer.text
    [token] = [one for one in Reading(answer.text).text.split() if one.startswith("byoip_")]
    return token


async def asked(
    world: World, token: str, method: str = "GET", account_id: UUID | None = None
) -> httpx.Response:
    path = f"{V4}/{(account_id or world.account_id).hex}/addressing/prefixes"
    body = {"cidr": "31.0.0.0/23", "asn": 64500}
    more = {"json": body} if method == "POST" else {}
    headers = {"authorization": f"Bearer {token}"}
    return await world.client.request(method, path, headers=headers, **more)  # type: ignore[arg-type]


async def test_a_token_may_what_was_chosen_and_is_shown_once(world: World) -> None:
    browser = await signed_in(world, Role.EDITOR)
    form = await browser.form("/ui/tokens", "/ui/tokens")
    chosen = {"name": "ci", "days": "30", READ: "yes"}
    answer = await browser.send(form, **chosen)
    [token] = [one for one in Reading(answer.text).text.split() if one.startswith("byoip_")]
    again = await browser.send(form, **chosen)
    assert again.headers["location"] == "/ui/tokens?done=shown"
    assert token not in (await browser.get(again.headers["location"])).text
    assert (await asked(world, token)).status_code == 200
    assert (await asked(world, token, "POST")).status_code == 403
    assert (await asked(world, token, account_id=world.other_account_id)).status_code == 404
    world.clock.advance(timedelta(days=31))
    assert (await asked(world, token)).status_code == 401


async def test_a_token_may_no_more_than_the_role_does_now(world: World) -> None:
    person, code = await link_for(world, Role.EDITOR, name="Bob")
    bob, admin = Browser(world.client), await signed_in(world)
    await bob.enter(code)
    token = await made(bob, **{READ: "yes", WRITE: "yes"})
    assert (await asked(world, token, "POST")).status_code == 201
    page = f"/ui/people/{person.hex}"
    await admin.send(await admin.form(page, "/role"), role="viewer")
    assert (await asked(world, token)).status_code == 200
    assert (await asked(world, token, "POST")).status_code == 403
    await admin.send(await admin.form(page, "/role"), role="editor")
    assert (await asked(world, token, "POST")).status_code == 409  # there already
    history = await world.result("GET", "/prefixes")
    shown = (await admin.read(f"/ui/prefixes/{history[0]['id']}")).text
    assert "token ci of Bob" in shown


async def test_tokens_fall_with_their_person(world: World, operator: Operator) -> None:
    person, code = await link_for(world, Role.EDITOR, name="Bob")
    bob, admin = Browser(world.client), await signed_in(world)
    await bob.enter(code)
    token, kept = await made(bob), await made(admin)
    await admin.send(await admin.form(f"/ui/people/{person.hex}", "/remove"))
    assert (await asked(world, token)).status_code == 401
    assert (await asked(world, kept)).status_code == 200
    told = await operator.result("GET", "/events?per_page=1000")
    kinds = [one["kind"] for one in told if one["before"].get("person_id") == person.hex]
    assert sorted(kinds) == ["credential.revoked", "person.removed"]
    for gone in ("credential revoked at the API",):
        other, link = await link_for(world, Role.EDITOR, name=gone)
        eve = Browser(world.client)
        await eve.enter(link)
        hers = await made(eve)
        await operator.act(f"/credentials/{other.hex}/revoke")
        assert (await asked(world, hers)).status_code == 401


async def test_a_role_chooses_within_what_it_allows(world: World) -> None:
    viewer = await signed_in(world, Role.VIEWER)
    form = await viewer.form("/ui/tokens", "/ui/tokens")
    answer = await viewer.send(form, name="ci", days="90", **{WRITE: "yes"})
    assert answer.status_code == 422
    assert "Nothing was done." in Reading(answer.text).text
    token = await made(viewer)  # nothing chosen
    assert (await asked(world, token)).status_code == 200
    assert (await asked(world, token, "POST")).status_code == 403
    refused = await viewer.send(
        await viewer.form("/ui/tokens", "/ui/tokens"), name="ci", days="9999999999"
    )
    assert refused.status_code == 422


async def test_one_ends_ones_own_and_an_admin_any_of_the_account(world: World) -> None:
    bob, admin = await signed_in(world, Role.EDITOR, name="Bob"), await signed_in(world)
    carol = await signed_in(world, Role.EDITOR, name="Carol")
    stranger = await signed_in(world, account_id=world.other_account_id)
    token = await made(bob, name="bobs")
    [form] = [one for one in (await bob.read("/ui/tokens")).forms if one.action.endswith("revoke")]
    shown = await carol.read("/ui/tokens")
    assert "bobs" in shown.text
    assert not any(one.action.endswith("/revoke") for one in shown.forms)
    assert "bobs" not in (await stranger.read("/ui/tokens")).text
    assert (await carol.send(form)).status_code == 403
    assert (await stranger.send(form)).status_code == 412
    assert (await asked(world, token)).status_code == 200
    whole = (await admin.read("/ui/tokens")).forms
    [one] = [one for one in whole if one.action == form.action]
    assert (await admin.send(one)).headers["location"].endswith("done=revoked")
    assert (await asked(world, token)).status_code == 401


async def test_a_persons_way_in_is_no_token(world: World) -> None:
    """Their credential has no token that anybody knows, and is ended under People."""
    person, _ = await link_for(world, Role.EDITOR, name="Bob")
    admin = await signed_in(world)
    form = await admin.form("/ui/tokens", "/ui/tokens")
    answer = await admin.post(f"/ui/tokens/{person.hex}/revoke", form.fields)
    assert answer.status_code == 412
    assert "Bob" in (await admin.read("/ui/people")).text


async def test_a_person_has_so_many_tokens(world: World) -> None:
    browser = await signed_in(world, Role.VIEWER)
    for number in range(20):
        await made(browser, name=f"ci{number}")
    form = await browser.form("/ui/tokens", "/ui/tokens")
    answer = await browser.send(form, name="one more", days="90")
    assert answer.status_code == 409
    assert len((await browser.get("/ui/tokens")).content) < 100_000


async def test_every_token_of_many_is_on_a_light_page(world: World) -> None:
    """Twenty each, of eleven people: those that were made first can be ended as well."""
    async with world.store.transaction() as tx:
        await tx.connection.execute(_MANY, {"account_id": world.account_id})
    browser, path, seen = await signed_in(world), "/ui/tokens", set[str]()
    while path:
        answer = await browser.get(path)
        assert len(answer.content) < 100_000, len(answer.content)
        shown = Reading(answer.text)
        seen |= {one.action for one in shown.forms if one.action.endswith("/revoke")}
        path = next((one for one in shown.links if "before=" in one), "")
    assert len(seen) >= 220


_MANY = text("""
    INSERT INTO credentials (id, account_id, name, token_sha256, scopes, created_at, last_used_at)
    SELECT gen_random_uuid(), :account_id, 'a program in rack ' || one, sha256(one::text::bytea),
        '{prefixes:read,prefixes:write,bgp:read,bgp:write}', now(), now()
    FROM generate_series(1, 220) AS one
""")


async def test_an_operators_own_token_is_an_operators(world: World) -> None:
    browser = await signed_in(world, Role.OPERATOR)
    token = await made(browser, name="noc")
    here = Operator(world, token)
    assert await here.result("GET", "/accounts")
    other = await signed_in(world)
    assert "noc" not in (await other.read("/ui/tokens")).text
