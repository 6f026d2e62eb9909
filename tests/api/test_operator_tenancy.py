"""Every route of operators, every kind of credential that must not open it."""

import pytest

from byoip.api.application import declarations
from byoip.api.border.declarations import Audience, Declaration
from byoip.domain.accounts.credential import Scope
from tests.api.operators import Operator
from tests.api.test_tenancy import ask, bearer, outcome
from tests.api.world import World

EDGE_SCOPES = {Scope.EDGE_READ, Scope.EDGE_ACK}  # of machines that do nothing else
THEIRS = [one for one in declarations() if one.audience is Audience.OPERATOR]
OPERATORS = [pytest.param(one, id=one.name) for one in THEIRS if one.scope not in EDGE_SCOPES]
EDGES = [pytest.param(one, id=one.name) for one in THEIRS if one.scope in EDGE_SCOPES]
WRITES = [one for one in OPERATORS if one.values[0].method != "GET"]  # type: ignore[union-attr]  # they are declarations


async def strangers(world: World) -> list[tuple[dict[str, str], tuple[int, str]]]:
    """Headers, and what they are told."""
    unknown, missing = (401, "not_authenticated"), (403, "scope_missing")
    pair = {"x-auth-email": "ops@example.net", "x-auth-key": world.token}
    return [
        ({}, unknown),
        (bearer("f" * 40), unknown),
        (bearer(await world.credential(None, [Scope.OPERATOR], revoked=True)), unknown),
        (bearer(await world.credential(None, [Scope.OPERATOR], expired=True)), unknown),
        (bearer(world.token), missing),
        (pair, missing),
        # An account's credential never works here, whatever is written in its row.
        (bearer(await world.credential(world.account_id, list(Scope))), missing),
        (bearer(await world.credential(None, set(Scope) - {Scope.OPERATOR})), missing),
    ]


@pytest.mark.parametrize("declaration", OPERATORS)
async def test_only_an_operator_opens_an_operators_route(
    world: World, operator: Operator, declaration: Declaration
) -> None:
    assert declaration.scope is Scope.OPERATOR
    before = await operator.result("GET", "/events?per_page=1000")
    for headers, expected in await strangers(world):
        assert outcome(await ask(world, declaration, headers)) == expected
    assert await operator.result("GET", "/events?per_page=1000") == before


@pytest.mark.parametrize("declaration", EDGES)
async def test_only_an_edge_opens_an_edges_route(world: World, declaration: Declaration) -> None:
    missing = (403, "scope_missing")
    others = set(Scope) - {declaration.scope}
    cases: list[tuple[dict[str, str], tuple[int, str]]] = [
        ({}, (401, "not_authenticated")),
        (bearer(world.token), missing),
        (bearer(await world.credential(world.account_id, list(Scope))), missing),
        (bearer(await world.credential(None, [Scope.OPERATOR])), missing),
        (bearer(await world.credential(None, others)), missing),
    ]
    for headers, expected in cases:
        assert outcome(await ask(world, declaration, headers)) == expected


@pytest.mark.parametrize("declaration", OPERATORS)
async def test_an_operators_route_is_open_to_operators(
    world: World, operator: Operator, declaration: Declaration
) -> None:
    response = await ask(world, declaration, bearer(operator.token))
    assert response.status_code not in {400, 401, 403, 405, 500}, response.text


@pytest.mark.parametrize("declaration", WRITES)
async def test_every_write_of_an_operator_needs_a_reason(
    operator: Operator, unknown_id: str, declaration: Declaration
) -> None:
    names = ("prefix_id", "account_id", "credential_id", "service_id", "override_id", "waiver_id")
    more = (
        "reservation_id",
        "trip_id",
        "bgp_prefix_id",
        "drain_id",
        "asn_id",
        "webhook_id",
        "dispute_id",
    )
    ids = dict.fromkeys((*names, *more), unknown_id)
    given = {"number": "1", "registry": "x", "reference": unknown_id, "stage": "1"}
    given |= {"edge": "fra1", "job": "offboard", "speaker": "ams1", "listener": "rr1"}
    path = declaration.path.format(**given, **ids)
    found = await operator.errors(declaration.method, path, json={})
    assert (422, "field_missing", "/reason") in found
    assert declaration.body is not None
    empty: dict[str, object] = {
        "reason": " ",
        "name": "x",
        "cidr": "31.7.0.0/23",
        "account_id": None,
        "registry": "x",
        "signal": "roa",
        "decide_for": "holder",
        "early": False,
        "to_account_id": unknown_id,
    }
    body = {name: empty.get(name) for name in declaration.body.model_fields}
    body |= {name: value for name, value in MORE.items() if name in body}
    [refusal] = await operator.errors(declaration.method, path, json=body)
    assert refusal == (422, "invalid_text", "/reason")


MORE = {
    "prefix_quota": 1,
    "check": "irr",
    "expires_at": "2099-01-01T00:00:00Z",
    "scopes": [],
    "default_only": False,
    "drained": False,
    "dry_run": False,
    "registry": "ripencc",
    "parked": "released",
    "speaker": "ams1",
    "count": 1,
    "proposal": "5f0c41d2a9be",
    "revision": 1,
    "until": "2099-01-01T00:00:00Z",
    "wait_seconds": 0,
    "loses": 0,
}
