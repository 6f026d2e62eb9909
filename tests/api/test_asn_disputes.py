"""Time 4.1 over HTTP: a dispute about an AS number, as both accounts and an operator see it."""

from datetime import timedelta
from hashlib import sha256
from uuid import uuid4

from tests.api.operators import WHY, Operator
from tests.api.world import World
from tests.asns.disputes import contest, prove_too


async def test_both_accounts_and_an_operator_see_it_and_it_is_decided(
    world: World, operator: Operator
) -> None:
    terms = world.backend.asn_terms
    of = world.account_id, world.other_account_id, 6939
    prefix = {"cidr": "45.247.0.0/23", "asn": 6939}
    own, other = await contest(world.store, terms, *of)
    path, headers = f"/asns/{other.id.hex}", {"authorization": f"Bearer {world.other_token}"}
    url = world.url(path, world.other_account_id)
    mine = (await world.result("GET", f"/asns/{own.id.hex}"))["dispute"]
    theirs = (await world.client.get(url, headers=headers)).json()["result"]["dispute"]
    for shown, side in ((mine, "holder"), (theirs, "claimant")):
        assert (shown["state"], shown["side"]) == ("open", side)
        assert shown["opened_at"] < shown["decide_after"]
        assert "operator" in shown["means"]
    [(status, name, pointer)] = await world.errors("POST", "/prefixes", json=prefix)
    assert (status, name, pointer) == (409, "asn_disputed", "/asn")
    [(status, name, _)] = await world.errors("POST", "/prefix_preflights", json=prefix)
    assert (status, name) == (409, "asn_disputed")
    found = await operator.result("GET", "/asn_disputes")
    (only,) = [one for one in found if one["asn"] == 6939]
    assert only["holder"]["account_id"] == world.account_id.hex
    dispute = f"/asn_disputes/{only['id']}"
    read = await operator.result("GET", dispute)
    assert read["holder"]["evidence"] == "Papers seen."
    assert (read["holder"]["answer"], read["claimant"]["evidence"]) == (None, "It carries it.")
    answer = read["claimant"]["answer"]
    assert other.token in answer
    assert read["claimant"]["answer_sha256"] == sha256(answer.encode()).hexdigest()
    assert (read["recommended"], read["prefixes"]) == ("ask", [])
    assert read["reasons"]
    assert [one for one in await operator.result("GET", "/asns") if one["dispute"]]
    for_claimant = {"decide_for": "claimant"}
    assert await operator.refusal(f"{dispute}/decide", **for_claimant) == (409, "dispute_too_young")
    missing = f"/asn_disputes/{uuid4().hex}/decide"
    assert await operator.refusal(missing, **for_claimant) == (404, "dispute_not_found")
    world.clock.advance(timedelta(days=14))
    decided = await operator.act(f"{dispute}/decide", **for_claimant)
    assert (decided["ended"], decided["asn"]) == ("claimant", 6939)
    assert "the breaker counts it" in decided["follows"]
    assert await operator.refusal(f"{dispute}/decide", **for_claimant) == (409, "dispute_ended")
    lost = await world.result("GET", f"/asns/{own.id.hex}")
    assert (lost["asn_ownership_validation_state"], lost["proven_by"]) == ("invalid", None)
    assert lost["seen"].endswith(f": {WHY}")
    won = (await world.client.get(url, headers=headers)).json()["result"]
    assert (won["asn_ownership_validation_state"], won["proven_by"]) == ("valid", "token")
    assert (lost["dispute"]["state"], won["dispute"]["state"]) == ("claimant", "claimant")
    last = await operator.last_event()
    assert (last["kind"], last["after"]["for"]) == ("asn_dispute.decided", "claimant")
    assert [one[1] for one in await world.errors("POST", "/prefixes", json=prefix)] == [
        "origin_asn_not_offered"
    ]


async def test_the_operator_sees_which_prefixes_have_it_as_their_origin(
    world: World, operator: Operator
) -> None:
    made = await world.result("POST", "/asns", json={"asn": 5511})
    await operator.act(f"/asns/{made['id']}/approve")
    prefix = await world.result("POST", "/prefixes", json={"cidr": "45.246.0.0/23", "asn": 5511})
    await prove_too(world.store, world.backend.asn_terms, world.other_account_id, 5511)
    found = await operator.result("GET", "/asn_disputes")
    (only,) = [one for one in found if one["asn"] == 5511]
    shown = await operator.result("GET", f"/asn_disputes/{only['id']}")
    named = {"prefix_id": prefix["id"], "cidr": "45.246.0.0/23", "state": "pending"}
    assert shown["prefixes"] == [{**named, "announced": False}]
    assert "revoke its prefix" in shown["follows"]
    blockers = (await world.result("GET", f"/prefixes/{prefix['id']}"))["blockers"]
    assert "asn_disputed" in [one["name"] for one in blockers]
