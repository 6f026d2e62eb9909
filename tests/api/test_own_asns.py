"""Customers' own AS numbers over HTTP, as both sides see them."""

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.checks.evidence import CheckState
from byoip.store.speakers.records import SpeakerState
from byoip.store.speakers.routes import Routes
from tests.api.operators import Operator
from tests.api.world import World


async def test_a_number_is_brought_read_and_given_up(world: World) -> None:
    made = await world.result("POST", "/asns", json={"asn": 3320})
    assert made["asn_ownership_validation_state"] == "pending"
    assert made["publish"].endswith(f"byoip-validation: {made['asn_ownership_validation_token']}")
    assert await world.result("GET", f"/asns/{made['id']}") == made
    assert await world.result("GET", "/asns") == [made]
    again = await world.result("POST", f"/asns/{made['id']}/validation_tokens")
    assert again["asn_ownership_validation_token"] != made["asn_ownership_validation_token"]
    await world.result("DELETE", f"/asns/{made['id']}")
    assert await world.errors("GET", f"/asns/{made['id']}") == [(404, "own_asn_not_found", "")]


async def test_what_no_customer_can_have_is_refused(world: World) -> None:
    for asn in (64500, 64512, 3257):  # the operator's, a private one, an upstream
        said = await world.errors("POST", "/asns", json={"asn": asn})
        assert said == [(422, "own_asn_refused", "/asn")]
    assert (await world.errors("POST", "/asns", json={"asn": 2**32}))[0][1] == "invalid_asn"


async def test_an_attempt_without_statistics_has_no_answer_and_changes_no_state(
    world: World,
) -> None:
    made = await world.result("POST", "/asns", json={"asn": 1299})
    said = await world.result("POST", f"/asns/{made['id']}/validate")
    assert said["asn_ownership_validation_state"] == "pending"
    assert "not loaded for every registry" in said["doubt"]


async def test_the_operator_approves_and_revokes_and_lists_the_as_set(
    world: World, operator: Operator
) -> None:
    made = await world.result("POST", "/asns", json={"asn": 2914})
    prefix = {"cidr": "45.250.0.0/23", "asn": 2914}
    assert (await world.errors("POST", "/prefixes", json=prefix))[0][1] == "origin_asn_not_offered"
    path, why = f"/asns/{made['id']}", {"reason": "Contract 4711."}
    approved = await operator.result("POST", f"{path}/approve", json=why)
    assert (approved["proven_by"], approved["evidence"]) == ("operator", "Contract 4711.")
    brought = await world.result("POST", "/prefixes", json=prefix)
    assert (brought["asn"], brought["asn_ownership_validation_state"]) == (2914, "valid")
    said = await world.errors("DELETE", path)
    assert said == [(409, "own_asn_in_use", "")]
    assert approved["id"] in [one["id"] for one in await operator.result("GET", "/asns")]
    assert "AS2914" not in (await operator.result("GET", "/as-set"))["text"]  # nothing approved
    revoked = await operator.result("POST", f"{path}/revoke", json=why)
    assert revoked["asn_ownership_validation_state"] == "pending"
    again = await operator.errors("POST", f"{path}/revoke", json=why)
    assert again == [(409, "own_asn_not_proven", "")]
    shown = await world.result("GET", f"/prefixes/{brought['id']}")
    assert shown["asn_ownership_validation_state"] == "pending"
    assert shown["blockers"][0]["name"] == "origin_asn_not_offered"


async def test_a_prefix_of_the_operators_origin_has_no_such_state(world: World) -> None:
    assert (await world.prefix("45.251.0.0/23"))["asn_ownership_validation_state"] is None


async def test_another_accounts_number_is_not_there(world: World) -> None:
    made = await world.result("POST", "/asns", json={"asn": 6453})
    url = world.url(f"/asns/{made['id']}", world.other_account_id)
    headers = {"authorization": f"Bearer {world.other_token}"}
    assert (await world.client.get(url, headers=headers)).status_code == 404
    assert (await world.client.post(f"{url}/validate", headers=headers)).status_code == 404
    assert (await world.client.delete(url, headers=headers)).status_code == 404


@pytest.mark.parametrize("state", CheckState)
async def test_4_1_its_state_is_one_of_the_four_that_v4_clients_know(
    world: World, engine: AsyncEngine, operator: Operator, state: CheckState
) -> None:
    number = 5000 + list(CheckState).index(state)  # another test's is proven
    made = await world.result("POST", "/asns", json={"asn": number})
    path = f"/asns/{made['id']}"
    await operator.result("POST", f"{path}/approve", json={"reason": "Contract 4711."})
    prefix = await world.result("POST", "/prefixes", json={"cidr": "45.252.0.0/23", "asn": number})
    if state is not CheckState.VALID:
        lost = text(
            "UPDATE own_asns SET proven_at = NULL, proven_by = NULL, state = :state "
            "WHERE asn = :asn"
        )
        async with engine.begin() as connection:
            values = {"state": state.value, "asn": number}
            await connection.execute(lost, values)
    shown = [
        await world.result("GET", path),
        *await world.result("GET", "/asns"),
        *await operator.result("GET", "/asns"),
        await world.result("GET", f"/prefixes/{prefix['id']}"),
        *await world.result("GET", "/prefixes?cidr=45.252.0.0/23"),
        await operator.result("GET", f"/prefixes/{prefix['id']}"),
    ]
    told = {one["asn_ownership_validation_state"] for one in shown if one["asn"] == number}
    others = {CheckState.EXPIRED: "invalid", CheckState.MISMATCH_ASN: "invalid"}
    assert told == {others.get(state, state.value)}
    assert told <= {"pending", "valid", "missing", "invalid"}


async def test_4_1_a_neighbour_is_warned_by_sessions_of_speakers_and_by_the_settings(
    world: World, engine: AsyncEngine, operator: Operator
) -> None:
    now = world.clock.now()
    peered = SpeakerState("ams1", 1, "", 0, now, loaded=True, neighbour_ases=[6939])
    await Routes(engine).note_speaker(peered)
    for asn, warned in ((3491, True), (6939, True), (6461, False)):
        made = await world.result("POST", "/asns", json={"asn": asn})
        read = await world.result("GET", f"/asns/{made['id']}")
        [seen] = [one for one in await operator.result("GET", "/asns") if one["id"] == made["id"]]
        for told in (made, read, seen):
            assert [f"AS{asn} is a neighbour" in one for one in told["warnings"]] == [True] * warned
