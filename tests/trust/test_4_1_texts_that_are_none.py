"""Trust, 4.1: no text that a client writes, in a path or as a time, is a fault of the service."""

from typing import Any

from tests.api.operators import WHY, Operator
from tests.api.world import World

NUL = "a%00b"
FAR_WEST, FAR_EAST = "9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00+01:00"
OPERATOR = "/client/v4/operator"


def texts_in_paths(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Operations whose path holds a text; each with a body that fits, if it takes one."""
    found = []
    for path, item in document["paths"].items():
        for method, operation in item.items():
            schemas = [
                one["schema"] for one in operation.get("parameters", []) if one["in"] == "path"
            ]
            if path.startswith(OPERATOR) and {"type": "string"} in [_bare(one) for one in schemas]:
                body = operation.get("requestBody", {}).get("content", {}).get("application/json")
                found.append((method.upper(), path, _example(document, body) if body else {}))
    return found


def _bare(schema: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if name != "title"}


def _example(document: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    name = body["schema"]["$ref"].rpartition("/")[2]
    made: dict[str, Any] = document["components"]["schemas"][name]["examples"][0]
    return made


async def test_a_path_with_nul_leads_nowhere(operator: Operator, document: dict[str, Any]) -> None:
    operations = texts_in_paths(document)
    assert len(operations) > 5
    for method, path, body in operations:
        asked = path.removeprefix(OPERATOR)
        asked = "/".join(NUL if one.startswith("{") else one for one in asked.split("/"))
        response = await operator.call(method, asked, json=body)
        assert response.status_code in {404, 422}, (method, path, response.text)


async def test_a_query_with_nul_finds_nothing(world: World, operator: Operator) -> None:
    headers = {"authorization": f"Bearer {operator.token}"}
    answer = await world.client.get(f"/client/v4/accounts?name={NUL}", headers=headers)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["name"] == "query_parameter_invalid"


async def test_a_time_that_utc_has_no_year_for_is_the_nearest(
    world: World, operator: Operator
) -> None:
    body = {"reason": WHY, "name": "ci", "account_id": None}
    made = await operator.result("POST", "/credentials", json={**body, "expires_at": FAR_WEST})
    assert made["expires_at"] == "9999-12-31T23:59:59.999999Z"
    shown = await operator.result("GET", "/credentials?per_page=1000")
    assert made["expires_at"] in [one["expires_at"] for one in shown]
    refused = [(422, "credential_expiry_refused", "/expires_at")]
    given = {**body, "expires_at": FAR_EAST}
    assert await operator.errors("POST", "/credentials", json=given) == refused
    prefix_id, cidr = await world.approved()
    for when in (FAR_WEST, FAR_EAST):
        given = {
            "cidr": cidr,
            "delegated_account_id": world.other_account_id.hex,
            "expires_at": when,
        }
        refused = [(422, "delegation_expiry_refused", "/expires_at")]
        path = f"/prefixes/{prefix_id}/delegations"
        assert await world.errors("POST", path, json=given) == refused
