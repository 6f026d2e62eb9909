from datetime import timedelta

import pytest

from tests.api.bound import bound
from tests.api.operators import WHY, Operator
from tests.api.test_tenancy import bearer
from tests.api.world import World


async def test_prefixes_of_all_accounts_are_listed_and_filtered(
    world: World, operator: Operator
) -> None:
    approved, cidr = await world.approved()
    world.clock.advance(timedelta(seconds=1))
    pending = (await world.prefix("31.3.0.0/23"))["id"]
    own = f"account_id={world.account_id.hex}&per_page=1000"

    async def ids(query: str) -> list[str]:
        return [one["id"] for one in await operator.result("GET", f"/prefixes?{query}")]

    assert await ids(own) == [approved, pending]
    assert await ids(f"{own}&approved=true") == [approved]
    assert await ids(f"{own}&approved=false") == [pending]
    assert await ids(f"{own}&standing=suspended") == []
    assert await ids(f"{own}&overlapping=31.3.1.0/24") == [pending]
    assert await ids(f"{own}&overlapping=31.0.0.0/8") == [pending]
    assert await ids(f"overlapping={cidr}") == [approved]
    page = (
        await operator.call("GET", f"/prefixes?account_id={world.account_id.hex}&per_page=1")
    ).json()
    cursor = page["result_info"]["cursor"]
    assert await ids(f"account_id={world.account_id.hex}&cursor={cursor}") == [pending]


@pytest.mark.parametrize(
    "query", ["account_id=x", "overlapping=31.0.0.1/8", "approved=yes", "standing=fine"]
)
async def test_a_filter_that_makes_no_sense_is_refused(operator: Operator, query: str) -> None:
    assert await operator.errors("GET", f"/prefixes?{query}") == [
        (422, "query_parameter_invalid", "")
    ]


async def test_an_operators_word_approves_and_the_checks_stay_as_they_are(
    world: World, operator: Operator
) -> None:
    made = await world.prefix("46.0.0.0/23")
    path = f"/prefixes/{made['id']}"
    approved = await operator.act(f"{path}/approve")
    assert (approved["approved"], approved["approved_by"]) == ("V", "operator")
    assert approved["ownership_validation_state"] == "pending"
    assert approved["approved_at"] is not None
    assert (await world.result("GET", path))["approved"] == "V"
    event = (await world.result("GET", f"{path}/events"))[-1]
    assert event["kind"] == "prefix.approved"
    assert event["after"] == {"state": "approved", "reason": WHY}
    assert event["actor"].startswith("operator:")
    assert await operator.refusal(f"{path}/approve") == (409, "not_in_this_state")


async def test_no_operators_word_approves_over_an_approved_prefix(
    world: World, operator: Operator
) -> None:
    _, cidr = await world.approved()
    theirs = await world.client.post(
        world.url("/prefixes", world.other_account_id),
        headers=bearer(world.other_token),
        json={"cidr": cidr, "asn": 64500},
    )
    path = f"/prefixes/{theirs.json()['result']['id']}"
    assert await operator.refusal(f"{path}/approve") == (409, "overlaps_approved_prefix")
    assert (await operator.result("GET", path))["approved"] == "P"


async def test_a_suspended_prefix_takes_nothing_new_and_keeps_what_it_has(
    world: World, operator: Operator
) -> None:
    prefix_id, cidr = await world.approved()
    path, (service, *_) = f"/prefixes/{prefix_id}", await world.services()
    body = {"cidr": cidr, "service_id": service.id.hex}
    binding = await world.result("POST", f"{path}/bindings", json=body)
    suspended = await operator.act(f"{path}/suspend")
    assert (suspended["standing"], suspended["approved"]) == ("suspended", "V")
    assert suspended["advertisable"] is False
    assert suspended["blockers"][0]["name"] == "suspended"
    refused = [(409, "suspended", "")]
    part = {"cidr": cidr.replace("/23", "/24"), "service_id": service.id.hex}
    assert await world.errors("POST", f"{path}/bindings", json=part) == refused
    swap = {"service_id": service.id.hex}
    url = f"{path}/bindings/{binding['id']}"
    assert await world.errors("PATCH", url, json=swap) == refused
    given = {"cidr": cidr, "delegated_account_id": world.other_account_id.hex}
    assert await world.errors("POST", f"{path}/delegations", json=given) == refused
    assert await world.result("GET", f"{path}/bindings") == [binding]
    assert await operator.refusal(f"{path}/suspend") == (409, "not_in_this_state")
    assert (await world.call("DELETE", url)).is_success, "taking away is not new"
    assert await world.errors("DELETE", path) == refused, "it would come back unsuspended"
    assert (await operator.act(f"{path}/resume"))["standing"] == "ok"
    assert await world.result("POST", f"{path}/bindings", json=body)
    kinds = [one["kind"] for one in await operator.result("GET", f"{path}/events")]
    assert [kind for kind in kinds if kind in {"prefix.suspended", "prefix.ok"}] == [
        "prefix.suspended",
        "prefix.ok",
    ]


async def test_a_suspended_prefix_is_not_approved_on_anyones_word(
    world: World, operator: Operator
) -> None:
    path = f"/prefixes/{(await world.prefix('46.1.0.0/23'))['id']}"
    await operator.act(f"{path}/suspend")
    assert await operator.refusal(f"{path}/approve") == (409, "suspended")
    await operator.act(f"{path}/resume")
    assert (await operator.act(f"{path}/approve"))["approved"] == "V"


async def test_a_revoked_approval_leaves_bindings_and_frees_the_space(
    world: World, operator: Operator
) -> None:
    prefix_id, cidr = await world.approved()
    path, (service, *_) = f"/prefixes/{prefix_id}", await world.services()
    body = {"cidr": cidr, "service_id": service.id.hex}
    binding = await world.result("POST", f"{path}/bindings", json=body)
    given = {"cidr": cidr, "delegated_account_id": world.other_account_id.hex}
    await world.result("POST", f"{path}/delegations", json=given)
    revoked = await operator.act(f"{path}/revoke")
    assert (revoked["approved"], revoked["approved_by"]) == ("P", None)
    assert revoked["revoked_at"] is not None
    assert revoked["ownership_validation_state"] == "pending"
    assert await world.result("GET", f"{path}/bindings") == [binding]
    assert await world.result("GET", f"{path}/delegations") == []
    part = {"cidr": cidr.replace("/23", "/24"), "service_id": service.id.hex}
    not_approved = [(409, "prefix_not_valid_and_approved", "")]
    assert await world.errors("POST", f"{path}/bindings", json=part) == not_approved
    url = f"{path}/bindings/{binding['id']}"
    assert await world.errors("PATCH", url, json={"service_id": service.id.hex}) == not_approved
    theirs = await world.client.post(
        world.url("/prefixes", world.other_account_id),
        headers=bearer(world.other_token),
        json={"cidr": cidr, "asn": 64500},
    )
    other = f"/prefixes/{theirs.json()['result']['id']}"
    assert (await operator.act(f"{other}/approve"))["approved"] == "V"
    assert await operator.refusal(f"{path}/revoke") == (409, "not_in_this_state")
    assert await world.errors("DELETE", path) == [(409, "withdraw_first", "")]
    assert (await world.call("DELETE", url)).is_success
    assert (await world.call("DELETE", path)).is_success


async def test_a_contest_is_settled_by_taking_the_mark_away(
    world: World, operator: Operator
) -> None:
    prefix_id, _ = await world.approved()
    path = f"/prefixes/{prefix_id}"
    assert await operator.refusal(f"{path}/settle") == (409, "not_in_this_state")
    async with world.store.transaction() as tx:
        claim = await tx.claims.lock(
            (await operator.world.backend.reader.claims(world.account_id, after=None, limit=1))[
                0
            ].claim.id
        )
        await tx.claims.save(claim.contest(world.clock.now()))
    settled = await operator.act(f"{path}/settle")
    assert (settled["standing"], settled["approved"]) == ("ok", "V")


async def test_history_and_evidence_of_any_prefix_are_read(
    world: World, operator: Operator
) -> None:
    made = await world.prefix("46.2.0.0/23")
    path = f"/prefixes/{made['id']}"
    await world.call("POST", f"{path}/validate")
    [run] = await operator.result("GET", f"{path}/validations")
    assert (await operator.result("GET", f"{path}/validations/{run['id']}"))["id"] == run["id"]
    await world.call("DELETE", path)
    events = await operator.result("GET", f"{path}/events")
    assert events == await world.result("GET", f"{path}/events")
    assert await operator.errors("GET", path) == [(404, "prefix_not_found", "")]


async def test_an_address_says_who_answers_for_it(world: World, operator: Operator) -> None:
    prefix_id, cidr = await world.approved()
    [cdn, *_] = await world.services()
    path, address = f"/prefixes/{prefix_id}", cidr.replace(".0/23", ".7")
    for part in (cidr, cidr.replace("/23", "/24"), cidr.replace(".0/23", ".0/29")):
        body = {"cidr": part, "service_id": cdn.id.hex}
        longest = await world.result("POST", f"{path}/bindings", json=body)
    given = {"cidr": cidr.replace("/23", "/24"), "delegated_account_id": world.other_account_id.hex}
    delegation = await world.result("POST", f"{path}/delegations", json=given)
    theirs = await world.client.post(
        world.url("/prefixes", world.other_account_id),
        headers=bearer(world.other_token),
        json={"cidr": cidr, "asn": 64500},
    )
    found = await operator.result("GET", f"/addresses/{address}")
    assert found["address"] == address
    assert found["holding"]["prefix_id"] == prefix_id
    assert found["holding"]["account_id"] == world.account_id.hex
    assert found["holding"]["account_name"] == "Example"
    assert found["holding"]["binding"] == longest
    [delegate] = found["delegates"]
    assert delegate["delegation_id"] == delegation["id"]
    assert delegate["account_id"] == world.other_account_id.hex
    assert [one["prefix_id"] for one in found["others"]] == [theirs.json()["result"]["id"]]
    assert found["reservation"] is None
    beyond = await operator.result("GET", f"/addresses/{cidr.replace('.0/23', '.9')}")
    assert beyond["holding"]["binding"]["cidr"] == cidr.replace("/23", "/24")


async def test_an_address_that_no_prefix_has_is_no_error(operator: Operator) -> None:
    for address in ("99.0.0.1", "2a10::1"):
        assert await operator.result("GET", f"/addresses/{address}") == {
            "address": address,
            "holding": None,
            "delegates": [],
            "others": [],
            "reservation": None,
        }


@pytest.mark.parametrize(
    "text", ["31.0.0.0%2F24", "31.0.0", "fe80::1%25eth0", "example", "%D9%A13.0.0.1", "031.0.0.1"]
)
async def test_what_is_no_address_is_refused(operator: Operator, text: str) -> None:
    response = await operator.call("GET", f"/addresses/{text}")
    assert response.status_code in {400, 404}
    assert response.json()["errors"][0]["name"] in {"invalid_address", "route_not_found"}


async def test_a_revoked_prefix_that_is_still_bound_closes_at_no_time(
    world: World, operator: Operator
) -> None:
    path, _, _ = await bound(world)
    await operator.act(f"{path}/revoke")
    assert (await world.result("GET", path))["closes_at"] is None
    [listed] = await world.result("GET", "/prefixes")
    assert listed["closes_at"] is None
    [binding] = await world.result("GET", f"{path}/bindings")
    await world.result("DELETE", f"{path}/bindings/{binding['id']}")
    assert (await world.result("GET", path))["closes_at"] is not None
