"""What walks over all pages share: one of everything, hostile where others write, and no limits."""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from uuid import UUID

import httpx
from prometheus_client import CollectorRegistry
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.routing import Route

from byoip.api.application import bare_application, served
from byoip.api.border.rate_limiting import RequestLimiter
from byoip.domain.accounts.limits import Limits
from byoip.domain.checks.evidence import CheckState, Reason
from byoip.domain.claims.claim import CheckRecord
from byoip.domain.jobs.job_history import JobKind
from byoip.store.accounts.rate_limits import RateWindows
from byoip.store.speakers.routes import Alarm
from tests.api.bound import bound
from tests.api.letters import issued
from tests.api.operators import Operator
from tests.api.world import World, new_account
from tests.stumbles.runs import carry_out, validate
from tests.web.browser import Browser, link_for
from tests.web.held_back import tripped
from tests.web.places import CONTRADICTS, SILENT, saw
from tests.web.test_2_2_own_tokens import made as made_token
from tests.web.test_3_7_asns import brought
from tests.web.test_3_12_disputes import disputed
from tests.web.test_4_noc import raised
from tests.web.test_6_tenancy import network

HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{7*7}}"
FREE = Limits(0, 0, 0, 0, 0, 0)
# Pages of the operator that are looked at with more to see on them: test_4_browser, test_6_network,
# test_6_holding.
OF_TEST_4_BROWSER = (
    *("/ui/noc/accounts/{account_id}", "/ui/noc/credentials"),
    *("/ui/noc/routes/orphans", "/ui/noc/routes/waiting"),
)
OF_TEST_6_NETWORK = "/ui/noc/network"
OF_TEST_6_HOLDING = ("/ui/noc/breaker", "/ui/noc/perspectives")
APART = ("/stream", "/document", "/picture", "/ui/static", "/ui/enter/provider")  # no pages of ours


@asynccontextmanager
async def without_limits(world: World, engine: AsyncEngine) -> AsyncIterator[World]:
    """The same, for more requests than anybody may send."""
    limiter = RequestLimiter(RateWindows(engine), FREE)
    backend = replace(world.backend, limiter=limiter, metrics=CollectorRegistry())
    app = bare_application(backend)
    transport = httpx.ASGITransport(served(app, backend), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://byoip.test") as client:
        yield replace(world, app=app, client=client, backend=backend)


def pages(world: World, known: Mapping[str, str]) -> Iterator[str]:
    """The address of every page that can be looked at; a new one needs an id in `known`."""
    for one in world.app.routes:
        if isinstance(one, Route) and one.path.startswith("/ui") and "GET" in (one.methods or ()):
            path = one.path
            for name in one.param_convertors:
                path = path.replace(f"{{{name}}}", known[name])
            if not any(part in path for part in APART):
                yield path


def unseen(world: World, seen: Iterable[str], below: str, *apart: str) -> list[str]:
    """Pages below a path of which none of these addresses is one; a part of a page is none."""
    routes = [one for one in world.app.routes if isinstance(one, Route)]
    paths = {one.partition("?")[0] for one in seen}
    known = {next(one.path for one in routes if one.path_regex.match(path)) for path in paths}
    return [
        one.path
        for one in routes
        if one.path.startswith(below)
        and "GET" in (one.methods or ())
        and not one.path.startswith((*apart, *APART))
        and not one.path.endswith(("/part", "/stream", "/document", "/picture"))
        and one.path not in {"/ui", *known}  # that one leads on
    ]


@dataclass(frozen=True)
class Estate:
    """One of everything of an account, with hostile words wherever others than we write.

    Attributes:
        known: ids, by the name that they have in paths.
        owner: an admin of the account, whose name and browser are hostile as well.
    """

    known: Mapping[str, str]
    owner: Browser


async def planted(world: World, engine: AsyncEngine, operator: Operator) -> Estate:
    """Make it; the operator has one of much that waits for a person, too."""
    path, _, _ = await bound(world)
    _, _, dispute = await disputed(world)
    await world.result("PATCH", path, json={"description": HOSTILE})
    [spanning] = await world.result("GET", f"{path}/bgp/prefixes")
    [binding] = await world.result("GET", f"{path}/bindings")
    lent = {"cidr": spanning["cidr"], "delegated_account_id": world.other_account_id.hex}
    delegation = await world.result("POST", f"{path}/delegations", json=lent)
    to = {"to_account_id": (await new_account(world.backend)).hex}
    move = await world.result("POST", f"/prefixes/{await unproven(world)}/moves", json=to)
    hook = {"url": "https://h.example.net/?q='%3E", "description": HOSTILE}
    mail = {"address": "a{{7*7}}'`=&b@example.net"}
    owner, admin = await hostile_person(world), await hostile_person(world)
    asn = await brought(owner, "3320")
    await made_token(owner, name=HOSTILE)
    [token, *_] = [
        one.action.split("/")[-2]
        for one in (await owner.read("/ui/tokens")).forms
        if one.action.endswith("/revoke")
    ]
    [session] = [one for one in (await admin.read("/ui/sessions")).forms if "/end" in one.action]
    person, _ = await link_for(world, name=HOSTILE)
    await waiting(world, engine, operator)
    await network(world, engine)
    await saw(world, engine, path[-32:], HOSTILE, tyo=CONTRADICTS, nyc=SILENT)
    known = {
        "prefix_id": path[-32:], "route_id": spanning["id"], "binding_id": binding["id"],
        "delegation_id": delegation["id"], "move_id": move["id"], "asn_id": asn[-32:],
        "webhook_id": (await world.result("POST", "/webhooks", json=hook))["id"],
        "mail_address_id": (await world.result("POST", "/mail_addresses", json=mail))["id"],
        "token_id": token, "person_id": person.hex, "session_id": session.action.split("/")[-2],
        "reference": str((await issued(world)).reference), "dispute_id": dispute[-32:],
        "account_id": world.account_id.hex, "credential_id": token,
        "speaker": "ams-of", "listener": "rr-of", "edge": "fra-of",
        "trip_id": (await tripped(world, engine, "job", HOSTILE)).hex,
        "registry": "ripencc", "signal": "holder", "about": path[-32:],
        "rest": "nowhere", "name": "page.css", "what": "suspend", "kind": "lost", "id": "0" * 32,
    }  # fmt: skip
    return Estate(known, owner)


async def unproven(world: World) -> str:
    """A second one, whose checks saw what others have published; offered to another account."""
    made = await world.approved()
    seen = CheckRecord(CheckState.INVALID, None, Reason.TOKEN_OTHER, HOSTILE, HOSTILE, HOSTILE)
    other = await world.prefix(description=HOSTILE)
    for zone in ("0", "1"):
        world.outside.dns.publish(f"byoip-validation.{zone}.0.31.in-addr.arpa.", HOSTILE)
    told = await validate(world, other["id"])
    await carry_out(world, told["result"]["id"])
    async with world.store.transaction() as tx:
        claim = await tx.claims.lock(UUID(other["id"]))
        await tx.claims.save(replace(claim, irr=seen, ownership=seen))
    return made[0]


async def hostile_person(world: World) -> Browser:
    """An admin who signs in with a browser that calls itself so."""
    _, code = await link_for(world, name=HOSTILE)
    browser = Browser(world.client)
    answer = await browser.post("/ui/enter", {"code": code}, headers={"user-agent": HOSTILE})
    assert answer.status_code == 303, answer.text
    return browser


async def waiting(world: World, engine: AsyncEngine, operator: Operator) -> None:
    """For the operator: hostile reasons, details of alarms, words on space."""
    kind = JobKind.CLOSE_UNPROVEN.value
    await operator.result("POST", f"/jobs/{kind}/stop", json={"reason": HOSTILE})
    await raised(world, engine, Alarm("lost", HOSTILE, HOSTILE))
    kept = {"cidr": "31.26.0.0/16", "account_id": None, "reason": HOSTILE}
    await operator.result("POST", "/reservations", json=kept)
    word = {"cidr": "31.27.0.0/16", "registry": "ripencc", "reason": HOSTILE}
    await operator.result("PUT", "/registry_overrides", json=word)
    await operator.result("POST", "/accounts", json={"name": HOSTILE, "reason": HOSTILE})
    await operator.result("PUT", "/edge/edges/ams1", json={"drained": False, "reason": HOSTILE})
