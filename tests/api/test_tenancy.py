"""Every route, every kind of foreign credential. A new route is in these tables by existing."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.routing import BaseRoute, Mount, Route

from byoip.api.application import declarations
from byoip.api.border.declarations import Audience, Declaration
from byoip.api.border.operation import Operation
from byoip.domain.accounts.credential import Scope
from tests.api.world import World
from tests.pdfs import pdf

EVERY = [pytest.param(one, id=one.name) for one in declarations()]
ALL = [pytest.param(one, id=one.name) for one in declarations() if one.audience is Audience.ACCOUNT]
BODIES: dict[str, dict[str, Any]] = {
    "create_prefix": {"cidr": "31.9.0.0/23", "asn": 64500},
    "update_prefix": {"description": "theirs"},
    "create_validation_token": {"method": "rdns"},
    "create_prefix_preflight": {"cidr": "31.9.0.0/23", "asn": 64500},
    "create_service_binding": {"cidr": "31.0.0.0/23", "service_id": uuid4().hex},
    "update_service_binding": {"service_id": uuid4().hex},
    "create_bgp_prefix": {"cidr": "31.0.0.0/24"},
    "update_bgp_prefix": {"on_demand": {"advertised": True}},
    "update_advertisement_status": {"advertised": True},
    "create_delegation": {"cidr": "31.0.0.0/23", "delegated_account_id": uuid4().hex},
    "create_prefix_move": {"to_account_id": uuid4().hex},
    "create_webhook": {"url": "https://hooks.example.net/byoip"},
    "update_webhook": {"enabled": False},
    "create_webhook_redelivery": {"number": 1},
    "create_webhook_replay": {"after": 0},
    "create_mail_address": {"address": "noc@example.net"},
    "update_mail_address": {"topics": []},
    "validate_mail_address": {"code": "0" * 32},
}
_WHY = {"reason": "a ticket"}
BODIES |= {
    one.name: _WHY
    for one in declarations()
    if one.audience is Audience.OPERATOR and one.method != "GET"
}
BODIES |= {
    "create_account": {**_WHY, "name": "Example"},
    "create_credential": {**_WHY, "name": "ci", "account_id": None},
    "move_prefix": {**_WHY, "to_account_id": uuid4().hex},
    **{key: {**_WHY, "decide_for": "holder"} for key in ("decide_dispute", "decide_asn_dispute")},
    "create_service": {**_WHY, "name": "Scrubbing"},
    "update_service": {**_WHY, "default_only": True},
    "create_reservation": {**_WHY, "cidr": "31.8.0.0/23"},
    "put_edge": {**_WHY, "drained": False},
    "create_edge_acknowledgement": {"edge": "fra1", "feed": "0" * 32, "number": 0},
    "put_registry_override": {**_WHY, "cidr": "31.8.0.0/23", "registry": "ripencc"},
    "rearm_breaker": {**_WHY, "parked": "cancelled"},
    "withdraw_orphan_route": {**_WHY, "speaker": "ams1", "cidr": "31.8.0.0/24"},
}
# These name no object: another's token gets its own (empty) list, or its own new object.
COLLECTIONS = {"create_prefix", "list_prefixes", "list_services", "create_prefix_preflight"}
COLLECTIONS |= {"list_received_delegations", "list_account_events", "create_loa_document"}
COLLECTIONS |= {"create_asn", "list_asns", "list_moves", "create_webhook", "list_webhooks"}
COLLECTIONS |= {"create_mail_address", "list_mail_addresses"}
OF_ANY_TOKEN = {"list_token_accounts", "get_token_account", "get_verified_token"}
# What names another object than a prefix says so.
MISSING = {"get_loa_document": "loa_document_not_found"}
MISSING |= dict.fromkeys(
    ("get_asn", "delete_asn", "validate_asn", "create_asn_validation_token"), "own_asn_not_found"
)
MISSING |= dict.fromkeys(("accept_move", "delete_move"), "move_not_found")
MISSING |= dict.fromkeys(
    (one.name for one in declarations() if "{webhook_id}" in one.path), "webhook_not_found"
)
MISSING |= dict.fromkeys(
    (one.name for one in declarations() if "{mail_address_id}" in one.path),
    "mail_address_not_found",
)
FORMS = {"create_loa_document": {"loa_document": ("ours.pdf", pdf())}}

Credential = Callable[[World], Awaitable[dict[str, str]]]


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def no_credential(_: World) -> dict[str, str]:
    return {}


async def unknown(_: World) -> dict[str, str]:
    return bearer("f" * 40)


async def revoked(world: World) -> dict[str, str]:
    return bearer(await world.credential(world.account_id, revoked=True))


async def expired(world: World) -> dict[str, str]:
    return bearer(await world.credential(world.account_id, expired=True))


async def the_others(world: World) -> dict[str, str]:
    return bearer(world.other_token)


async def the_others_pair(world: World) -> dict[str, str]:
    return {"x-auth-email": "ops@example.net", "x-auth-key": world.other_token}


async def operator(world: World) -> dict[str, str]:
    return bearer(await world.credential(None, [Scope.OPERATOR]))


async def all_powerful_operator(world: World) -> dict[str, str]:
    return bearer(await world.credential(None, list(Scope)))


async def both(world: World) -> dict[str, str]:
    return {**bearer(world.token), "x-auth-key": world.token}


FOREIGN = [
    pytest.param(no_credential, (401, "not_authenticated"), id="no credential"),
    pytest.param(unknown, (401, "not_authenticated"), id="unknown"),
    pytest.param(revoked, (401, "not_authenticated"), id="revoked"),
    pytest.param(expired, (401, "not_authenticated"), id="expired"),
    pytest.param(the_others, (404, "account_not_found"), id="another account's"),
    pytest.param(the_others_pair, (404, "account_not_found"), id="another account's, older pair"),
    pytest.param(operator, (404, "account_not_found"), id="operator"),
    pytest.param(all_powerful_operator, (404, "account_not_found"), id="operator, every scope"),
    pytest.param(both, (400, "two_credentials"), id="two at once"),
]


async def ask(
    world: World,
    declaration: Declaration,
    headers: dict[str, str],
    account_id: UUID | None = None,
    prefix_id: str | None = None,
) -> httpx.Response:
    ids = dict.fromkeys(
        ("binding_id", "token_id", "validation_id", "delegation_id", "waiver_id", "asn_id"),
        uuid4().hex,
    )
    ids |= dict.fromkeys(
        ("credential_id", "service_id", "override_id", "reservation_id", "drain_id"), uuid4().hex
    )
    ids |= {
        "registry": "ripencc",
        "number": "4711",
        "stage": "1",
        "address": "31.0.0.1",
        "edge": "fra1",
        "job": "offboard",
        "speaker": "ams1",
        "listener": "rr1",
    }
    made = ("webhook_id", "dispute_id", "mail_address_id", "move_id")
    ids |= dict.fromkeys(made, uuid4().hex)
    ids |= dict.fromkeys(("reference", "loa_document_id", "bgp_prefix_id", "trip_id"), uuid4().hex)
    path = declaration.path.format(
        prefix_id=prefix_id or uuid4().hex, account_id=uuid4().hex, **ids
    )
    of_account = declaration.audience is Audience.ACCOUNT
    return await world.client.request(
        declaration.method,
        world.url(path, account_id) if of_account else declaration.audience + path,
        headers=headers,
        json=BODIES.get(declaration.name),
        files=FORMS.get(declaration.name),
    )


def outcome(response: httpx.Response) -> tuple[int, str]:
    [error] = response.json()["errors"]
    return response.status_code, error["name"]


@pytest.mark.parametrize("declaration", ALL)
async def test_no_foreign_credential_opens_a_route(world: World, declaration: Declaration) -> None:
    prefix_id = (await world.prefix())["id"]
    before = await world.result("GET", f"/prefixes/{prefix_id}/events")
    for case in FOREIGN:
        make, expected = case.values
        headers = await make(world)  # type: ignore[operator]  # pytest types its values as object
        response = await ask(world, declaration, headers, prefix_id=prefix_id)
        assert outcome(response) == expected, case.id
    assert await world.result("GET", f"/prefixes/{prefix_id}/events") == before
    assert len(await world.result("GET", "/prefixes")) == 1


@pytest.mark.parametrize("declaration", ALL)
async def test_a_route_is_closed_to_every_scope_but_its_own(
    world: World, declaration: Declaration
) -> None:
    others = set(Scope) - {declaration.scope}
    headers = bearer(await world.credential(world.account_id, others))
    assert outcome(await ask(world, declaration, headers)) == (403, "scope_missing")


@pytest.mark.parametrize("declaration", ALL)
async def test_a_route_is_open_to_its_own_scope(world: World, declaration: Declaration) -> None:
    headers = bearer(await world.credential(world.account_id, declaration.scopes))
    response = await ask(world, declaration, headers)
    assert response.status_code not in {400, 401, 403, 405, 500}, response.text
    assert response.is_success or outcome(response)[1] != "account_not_found"


@pytest.mark.parametrize("declaration", [one for one in ALL if one.id not in COLLECTIONS])
async def test_anothers_object_is_not_there_even_under_the_own_account(
    world: World, declaration: Declaration
) -> None:
    theirs = (await world.prefix())["id"]
    headers = bearer(world.other_token)
    response = await ask(world, declaration, headers, world.other_account_id, theirs)
    missing = MISSING.get(declaration.name, "prefix_not_found")
    assert outcome(response) == (404, missing)


async def test_anothers_binding_token_and_run_are_not_there_either(world: World) -> None:
    prefix_id, cidr = await world.approved()
    [service, *_] = await world.services()
    body = {"cidr": cidr, "service_id": service.id.hex}
    binding = await world.result("POST", f"/prefixes/{prefix_id}/bindings", json=body)
    [token] = await world.result("GET", f"/prefixes/{prefix_id}/validation_tokens")
    await world.call("POST", f"/prefixes/{prefix_id}/validate")
    [run] = await world.result("GET", f"/prefixes/{prefix_id}/validations")
    own = await world.client.post(
        world.url("/prefixes", world.other_account_id),
        headers=bearer(world.other_token),
        json={"cidr": "31.0.0.0/23", "asn": 64500},
    )
    for path, name in [
        (f"bindings/{binding['id']}", "binding_not_found"),
        (f"validations/{run['id']}", "validation_not_found"),
    ]:
        url = world.url(f"/prefixes/{own.json()['result']['id']}/{path}", world.other_account_id)
        response = await world.client.get(url, headers=bearer(world.other_token))
        assert outcome(response) == (404, name)
    url = world.url(
        f"/prefixes/{own.json()['result']['id']}/validation_tokens/{token['id']}",
        world.other_account_id,
    )
    response = await world.client.delete(url, headers=bearer(world.other_token))
    assert outcome(response) == (404, "token_not_found")


async def test_a_prefix_listed_is_ones_own(world: World) -> None:
    await world.prefix()
    response = await world.client.get(
        world.url("/prefixes", world.other_account_id), headers=bearer(world.other_token)
    )
    assert response.json()["result"] == []


async def test_nothing_but_operations_is_served_below_the_api(world: World) -> None:
    below = [route for route in flattened(world.app.routes) if path_of(route).startswith("/client")]
    assert len(below) == len(EVERY)
    for route in below:
        assert isinstance(route, Operation), path_of(route)
        declared = route.declaration
        if declared.audience is Audience.EITHER:  # they show each token what is its own
            assert declared.name in OF_ANY_TOKEN
        else:
            assert isinstance(declared.scope, Scope)


async def test_what_stands_at_the_root_is_known(world: World) -> None:
    root = {
        path_of(route)
        for route in flattened(world.app.routes)
        if not path_of(route).startswith("/client")
    }
    documents = {"/openapi.json", "/docs", "/docs/operator", "/docs/customer.json"}
    documents |= {"/docs/operator.json", "/docs/oauth2-redirect", "/static-offline-docs"}
    letters = {"/loa/{reference}", "/loa/{reference}/picture"}
    pages = {one for one in root if one in {"/", "/static"} or one.split("/")[1] in {"ui", "guide"}}
    assert root - pages == {
        *("/healthz", "/readyz", "/metrics", "/errors"),
        *letters,
        *documents,
    }


def flattened(routes: list[BaseRoute]) -> list[BaseRoute]:
    """Routes, and those of routers that were included."""
    assert not [one for one in routes if not isinstance(one, Route | Mount | APIRoute)]
    assert len(list(iter_route_contexts(routes))) == len(routes)
    return routes


def path_of(route: BaseRoute) -> str:
    assert isinstance(route, Route | Mount)
    return route.path
