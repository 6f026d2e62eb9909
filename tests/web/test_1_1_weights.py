"""Page, 1.1: no page is heavy, however much an account or the operator has; nothing is left out.

Lists of prefixes, people, tokens, letters and removed prefixes have such a test where the rest of
them is tested.
"""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.accounts.people import Role
from byoip.domain.asns.own_asn import OWN_ASNS_PER_ACCOUNT
from byoip.domain.checks.evidence import CheckState
from byoip.domain.prefix import Prefix
from byoip.store.speakers.records import SpeakerState
from byoip.store.speakers.routes import Routes
from byoip.usecases.claims import moves
from tests.announcing import path as bgp_path
from tests.api.bound import bound
from tests.api.operators import WHY, Operator
from tests.api.world import World
from tests.store.samples import BY, passed
from tests.web.browser import Browser, Reading, signed_in
from tests.web.walking import without_limits

LIGHT, ROWS = 100_000, 200
WORDS = "for the customer's own people, of usual length, as they write it"


async def light(browser: Browser, path: str, *more: str) -> set[str]:
    """The links and actions of a page, and of those that it goes on to; none of them is heavy."""
    found, walked = set[str](), set[str]()
    while path:
        answer = await browser.get(path)
        assert answer.status_code == 200, path
        assert len(answer.content) < LIGHT, (path, len(answer.content))
        shown = Reading(answer.text)
        found |= {*shown.links, *(one.action for one in shown.forms)}
        walked.add(path)
        on = [one for one in shown.links if any(f"?{name}=" in one for name in more)]
        path = next((one for one in on if one not in walked), "")
    return found


@pytest.fixture
async def free(world: World, engine: AsyncEngine) -> AsyncIterator[World]:
    async with without_limits(world, engine) as made:
        yield made


async def test_1_1_a_prefix_with_two_hundred_of_everything(free: World) -> None:
    """All its routes are reached, and what leaving would touch is counted, not what is shown."""
    path, _, _ = await bound(free, "45.242.0.0/16")
    service = (await free.services())[0].id.hex
    for number in range(ROWS):
        part = f"45.242.{number}.0/24"
        await free.result("POST", f"{path}/bgp/prefixes", json={"cidr": part})
        cdn = {"cidr": part, "service_id": service}
        await free.result("POST", f"{path}/bindings", json=cdn)
        lent = {"cidr": part, "delegated_account_id": free.other_account_id.hex}
        await free.result("POST", f"{path}/delegations", json=lent)
    for number in range(60):
        await free.result("PATCH", path, json={"description": f"{number} {WORDS}"})
    browser, noc = await signed_in(free), await signed_in(free, Role.OPERATOR)
    page = f"/ui{path}"
    of_owner = await light(browser, page, "routes")
    of_operator = await light(noc, f"/ui/noc{path}", "routes")
    routes = await free.result("GET", f"{path}/bgp/prefixes?per_page=1000")
    assert len(routes) == ROWS + 1
    assert {f"{page}/routes/{one['id']}/announce" for one in routes} <= of_owner
    assert f"/ui/noc{path}/lock" in of_operator
    said = (await browser.read(page)).text
    assert f"its bindings end ( {ROWS + 1} now)" in said.replace("(", "( ").replace("(  ", "( ")
    for below, more in (("bindings", "after"), ("delegations", "after"), ("addresses", "")):
        await light(browser, f"{page}/{below}", *([more] if more else []))
    await light(browser, "/ui/delegations", "given")
    received = await signed_in(free, account_id=free.other_account_id)
    await light(received, "/ui/delegations", "received")


async def test_1_1_offers_beyond_what_is_shown(free: World) -> None:
    """Each says what goes along; those that find no place come as others end."""
    for number in range(60):
        one = (await free.prefix(f"45.{number}.0.0/23"))["id"]
        async with free.store.transaction(actor=BY) as tx:
            claim, yes = await tx.claims.lock(UUID(one)), passed(free.clock.now())
            proven = replace(claim, irr=yes, rpki=yes, ownership=yes)
            await tx.claims.save(proven.approve(free.clock.now()))
            to = free.other_account_id
            await moves.offer(tx, free.account_id, UUID(one), to_account_id=to)
    for account_id in (free.account_id, free.other_account_id):
        browser = await signed_in(free, account_id=account_id)
        await light(browser, "/ui/moves")
        assert "20 newer offers" in (await browser.read("/ui/moves")).text


async def test_1_1_two_hundred_sessions(free: World, engine: AsyncEngine) -> None:
    browser = await signed_in(free)
    agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150"
    statement = sa.text(
        "INSERT INTO browser_sessions (id, person_id, token_sha256, created_at, last_seen_at,"
        " expires_at, agent, address) SELECT gen_random_uuid(), person_id, sha256(n::text::bytea),"
        " created_at, last_seen_at, expires_at, :agent, '2001:db8:1234:5678::/64'"
        " FROM browser_sessions, generate_series(1, :rows) n"
    )
    async with engine.begin() as connection:
        await connection.execute(statement, {"agent": agent, "rows": ROWS})
    found = await light(browser, "/ui/sessions")
    assert len([one for one in found if one.endswith("/end")]) == 100
    assert "And 100 older ones" in (await browser.read("/ui/sessions")).text


async def test_1_1_two_hundred_words_of_the_operator(free: World, operator: Operator) -> None:
    here = Operator(free, operator.token)
    for number in range(ROWS):
        reserved = {"cidr": f"31.{number}.0.0/16", "account_id": None, "reason": WORDS}
        await here.result("POST", "/reservations", json=reserved)
        word = {"cidr": f"31.{number}.0.0/16", "registry": "ripencc", "reason": WORDS}
        await here.result("PUT", "/registry_overrides", json=word)
    for number in range(ROWS // 2):
        service = {"name": f"service {number}", "default_only": False, "reason": WHY}
        await here.result("POST", "/services", json=service)
    browser = await signed_in(free, Role.OPERATOR)
    space = await light(browser, "/ui/noc/space", "reserved")
    space |= await light(browser, "/ui/noc/space", "overrides")
    assert len([one for one in space if one.endswith("/release")]) == ROWS
    assert len([one for one in space if one.endswith("/end")]) == ROWS
    services = await light(browser, "/ui/noc/services", "from")
    assert len([one for one in services if one.endswith("/retire")]) >= ROWS // 2
    await light(browser, "/ui/noc/history", "below")


async def test_1_1_a_hundred_numbers_of_an_account(free: World) -> None:
    """As many as it may have, each with what was seen in words of usual length."""
    seen, ended = [], "The registry (rr.example.net) said nothing that can be read as an object. "
    for number in range(OWN_ASNS_PER_ACCOUNT):
        made = await free.result("POST", "/asns", json={"asn": 2000 + number})
        seen.append(f"/ui/asns/{made['id']}")
        async with free.store.transaction(actor=BY) as tx:
            own = await tx.own_asns.lock(free.account_id, UUID(made["id"]))
            known = {"state": CheckState.INVALID, "registry": "ripencc", "seen": ended * 4}
            await tx.own_asns.save(replace(own, **known), None)  # type: ignore[arg-type]
    assert set(seen) <= await light(await signed_in(free), "/ui/asns")


async def test_1_1_two_hundred_parties_of_the_network(
    free: World, engine: AsyncEngine, operator: Operator
) -> None:
    here, routes = Operator(free, operator.token), Routes(engine)
    before = free.clock.now() - timedelta(minutes=6)
    held = [Prefix.parse(f"31.{number}.0.0/24") for number in range(ROWS)]
    for number in range(ROWS):
        name = f"{number:03}.edge.of-a-city.example.net"
        state = SpeakerState(name, 1, WORDS, 0, before, loaded=True)
        await routes.note_speaker(replace(state, sessions={"2001:db8::1": False}))
        await routes.note_listeners({name: True}, before)
        body = {"drained": False, "reason": WORDS}
        await here.result("PUT", f"/edge/edges/{name}", json=body)
    await routes.note_orphans("ams1", {one: bgp_path(one, prepend=1) for one in held}, before)
    browser = await signed_in(free, Role.OPERATOR)
    network, found = "/ui/noc/network", set[str]()
    for below in ("", "/listeners", "/edges", "/settings"):
        found |= await light(browser, f"{network}{below}", "from")
    for kind in ("speakers", "edges"):
        assert len([one for one in found if f"{network}/{kind}/" in one]) >= ROWS, kind
    orphans = await light(browser, "/ui/noc/routes/orphans", "from")
    assert len([one for one in orphans if "31." in one]) >= ROWS
    for page in ("/ui/noc", "/ui/noc/routes", "/ui/noc/credentials"):
        found |= await light(browser, page)
    assert {network, f"{network}/listeners", f"{network}/edges"} <= found
    assert (await browser.read("/ui/noc/routes")).text.count(f"All {ROWS}") == 3  # of each kind


async def test_1_1_what_everybody_may_read(free: World) -> None:
    for page in ("/", "/errors", "/guide", "/guide/blockers", "/ui/enter"):
        await light(Browser(free.client), page)
