"""Every page and every form, walked by everybody whose it is not."""

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.routing import Route

from byoip.domain.accounts.people import Role
from byoip.domain.history import Actor
from byoip.store.speakers.records import SpeakerState
from byoip.store.speakers.routes import Routes
from byoip.usecases.accounts import people
from byoip.usecases.bindings import edges
from tests.api.bound import bound
from tests.api.letters import issued
from tests.api.world import World, new_account
from tests.web.browser import Browser, link_for, signed_in
from tests.web.held_back import tripped
from tests.web.test_2_2_own_tokens import made as made_token
from tests.web.test_3_7_asns import brought

# Pages that belong to whoever looks, and show nothing of others: seen below to do so.
OWN = {
    "/ui", "/ui/enter", "/ui/leave", "/ui/sessions", "/ui/people", "/ui/tokens", "/ui/letters",
    "/ui/asns", "/ui/delegations", "/ui/moves", "/ui/webhooks", "/ui/mail",
    "/ui/prefixes", "/ui/prefixes/part", "/ui/prefixes/stream", "/ui/prefixes/new",
    "/ui/prefixes/preflight", "/ui/prefixes/preflight/part", "/ui/prefixes/removed",
    "/ui/{rest:path}", "/ui/static/{name}",
}  # fmt: skip
KEY = "0123456789abcdef" * 2
FIELDS = {
    "key": KEY,
    "reason": "No.",
    "confirm": "x",
    "role": "viewer",
    "number": "1",
    "after": "0",
    "seen": "0" * 16,
}


def paths(world: World, known: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Each page that is about something, with the ids of the account's; a new one needs an id."""
    for one in world.app.routes:
        if isinstance(one, Route) and one.path.startswith("/ui") and one.path not in OWN:
            path = one.path
            for name in one.param_convertors:
                path = path.replace(f"{{{name}}}", known[name])
            yield "POST" if "POST" in (one.methods or ()) else "GET", path


async def network(world: World, engine: AsyncEngine) -> None:
    """A speaker and a listener that may be forgotten, and an edge."""
    routes, before = Routes(engine), world.clock.now() - timedelta(minutes=6)
    await routes.note_speaker(SpeakerState("ams-of", 1, "", 0, before, loaded=True))
    await routes.note_listeners({"rr-of": True}, before)
    async with world.store.transaction(actor=Actor("cli", "cli-test")) as tx:
        await edges.put(tx, edge="fra-of", drained=False, reason="test")


async def ids(world: World, engine: AsyncEngine) -> tuple[dict[str, str], list[str], Browser]:
    """One of everything in the account, what would show that somebody else read it, the owner."""
    path, cidr, route = await bound(world)
    await network(world, engine)
    browser = await signed_in(world, name="Olga Owner")
    page = await brought(browser, "3320")
    await made_token(browser, name="secret-ci")
    [token] = [
        one.action.split("/")[-2]
        for one in (await browser.read("/ui/tokens")).forms
        if one.action.endswith("/revoke")
    ][:1]
    [session] = [one for one in (await browser.read("/ui/sessions")).forms if "/end" in one.action]
    lent = {"cidr": cidr, "delegated_account_id": world.other_account_id.hex}
    delegation = await world.result("POST", f"{path}/delegations", json=lent)
    [binding] = await world.result("GET", f"{path}/bindings")
    letter = await issued(world)
    to_third = {"to_account_id": (await new_account(world.backend)).hex}
    move = await world.result("POST", f"{path}/moves", json=to_third)
    hook = await world.result("POST", "/webhooks", json={"url": "https://h.example.net/hook-of"})
    mail = await world.result("POST", "/mail_addresses", json={"address": "noc-of@example.net"})
    person, _ = await link_for(world, name="Eve")
    signed_in_by = session.action.split("/")[-2]
    known = {
        "prefix_id": path[-32:], "route_id": route[-32:], "binding_id": binding["id"],
        "delegation_id": delegation["id"], "asn_id": page[-32:], "token_id": token,
        "person_id": person.hex, "reference": str(letter.reference), "session_id": signed_in_by,
        "what": "suspend", "kind": "lost", "id": "0" * 32, "dispute_id": "0" * 32,
        "move_id": move["id"],
        "webhook_id": hook["id"], "mail_address_id": mail["id"],
        "speaker": "ams-of", "listener": "rr-of", "edge": "fra-of",
        "account_id": world.account_id.hex, "credential_id": token,
        "trip_id": (await tripped(world, engine)).hex, "registry": "ripencc",
        "signal": "holder", "about": path[-32:],
    }  # fmt: skip
    return (
        known,
        [
            *("Olga Owner", "secret-ci", path[-32:], page[-32:], str(letter.reference)),
            *("hook-of", "noc-of", "ams-of", "rr-of", "fra-of"),
        ],
        browser,
    )


async def state(world: World, known: dict[str, str]) -> object:
    prefix = f"/prefixes/{known['prefix_id']}"
    looks = (
        prefix,
        "/asns",
        f"{prefix}/bindings",
        f"{prefix}/delegations",
        f"{prefix}/bgp/prefixes",
        "/webhooks",
        "/mail_addresses",
    )
    shown = [await world.result("GET", one) for one in looks]
    people = [one.id for one in await world.backend.reader.services()]
    report, found = await world.backend.routes.report(), await world.backend.edges.edges()
    speakers, listeners = [
        [one.name for one in kind] for kind in (report.speakers, report.listeners)
    ]
    return shown, people, speakers, listeners, [one.edge for one in found]


async def everybody_else(world: World) -> dict[str, Browser]:
    """Every kind of session that is not of the account, or is so no longer."""
    other = world.other_account_id
    strangers = {
        "another account's": await signed_in(world, account_id=other),
        "another account's editor": await signed_in(world, Role.EDITOR, account_id=other),
        "another account's viewer": await signed_in(world, Role.VIEWER, account_id=other),
        "the operator": await signed_in(world, Role.OPERATOR),
        "the operator's viewer": await signed_in(world, Role.OPERATOR_VIEWER),
        "nobody": Browser(world.client),
        "a made-up cookie": Browser(world.client, "f" * 64),
        "an API token as a cookie": Browser(world.client, world.token),
    }
    person, code = await link_for(world, name="Rita Removed")
    removed, left = Browser(world.client), await signed_in(world, name="Lea Left")
    await removed.enter(code)
    async with world.store.transaction(actor=Actor("cli", "cli-test")) as tx:
        await people.remove(tx, world.account_id, person, reason="test")
    kept = left.cookie
    await left.post("/ui/leave", {})
    return strangers | {
        "one who was removed": removed,
        "one who signed out": Browser(world.client, kept),
        "one whose code was used": await late(world, code),
    }


async def late(world: World, code: str) -> Browser:
    """Somebody who has found the link that another has used."""
    browser = Browser(world.client)
    assert (await browser.enter(code)).status_code == 403
    return browser


async def test_a_session_that_ran_out_is_nobodys(world: World, engine: AsyncEngine) -> None:
    known, secrets, owner = await ids(world, engine)
    world.clock.advance(timedelta(hours=1, seconds=1))
    for method, path in paths(world, known):
        if path.startswith("/ui/enter"):
            continue  # for anybody
        answer = await (owner.get(path) if method == "GET" else owner.post(path, FIELDS))
        assert answer.status_code in {303, 401}, path
        assert answer.headers.get("location", "/ui/enter") == "/ui/enter", path
        assert [one for one in secrets if one in answer.text] == [], path


async def test_no_page_and_no_form_is_anothers(world: World, engine: AsyncEngine) -> None:
    known, secrets, owner = await ids(world, engine)
    strangers = await everybody_else(world)
    before, walked = await state(world, known), 0
    for name, stranger in strangers.items():
        for method, path in paths(world, known):
            if name == "the operator" and "/ui/noc" in path:
                continue  # theirs
            if method == "POST":
                fields = {**FIELDS, "service": "0" * 32}
                answer = await stranger.post(path, fields)
            else:
                answer = await stranger.get(path)
            walked += 1
            where = f"{name}: {method} {path}: {answer.status_code}"
            looks = name == "the operator's viewer" and "/ui/noc" in path and method == "GET"
            if looks:
                assert answer.status_code in {200, 404}, where
                continue
            assert answer.status_code in {303, 401, 403, 404, 412, 422}, where
            if answer.status_code == 303 and "/ui/sessions/" not in path:  # theirs alone may end
                assert answer.headers["location"] == "/ui/enter", where
            assert [one for one in secrets if one in answer.text] == [], where
    assert walked > 11 * 40
    assert (await owner.get("/ui/prefixes")).status_code == 200  # their session is not ended
    assert await state(world, known) == before


async def test_what_everybody_has_of_their_own_shows_nothing_of_others(
    world: World, engine: AsyncEngine
) -> None:
    _, secrets, _ = await ids(world, engine)
    stranger = await signed_in(world, account_id=world.other_account_id)
    for path in sorted(one for one in OWN if "{" not in one):
        if "/preflight" in path or path in {"/ui/leave", "/ui/prefixes/stream", "/ui"}:
            continue
        answer = await stranger.get(path)
        assert answer.status_code == 200, path
        shown = [one for one in secrets if one in answer.text]
        # What was lent to them they see, and by which prefix; its id they do not.
        assert shown == [], path


async def test_a_viewer_sends_no_form_of_their_account(world: World, engine: AsyncEngine) -> None:
    known, _, _ = await ids(world, engine)
    viewer = await signed_in(world, Role.VIEWER)
    before = await state(world, known)
    for method, path in paths(world, known):
        if method == "POST" and "/sessions/" not in path:  # their own sessions they may end
            answer = await viewer.post(path, FIELDS)
            assert answer.status_code in {403, 404}, (path, answer.status_code)
    assert await state(world, known) == before
