"""Watches, freezes and held levels over HTTP: what customer and operator read and do."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.asn import Asn
from byoip.domain.claims.claim import Claim
from byoip.domain.customer_text import CustomerText
from byoip.domain.history import Actor
from byoip.domain.prefix import Prefix
from byoip.domain.watch.levels import Level, Signal
from byoip.domain.watch.rises import RiseState
from byoip.domain.watch.watch import Watch
from byoip.usecases.watch.disputes import open_disputes
from byoip.usecases.watch.levels import note
from tests.api.bound import bound, roas
from tests.api.letters import issued
from tests.api.operators import WHY, Operator
from tests.api.world import World

BY = Actor("worker", "job-1")
NOW = datetime(2026, 11, 29, tzinfo=UTC)


async def frozen(world: World, prefix_id: str, signal: Signal = Signal.REVERSE_ZONE) -> None:
    """As a worker does it who finds that a zone is gone for a week."""
    async with world.store.transaction(actor=BY) as tx:
        claim = await tx.claims.lock(UUID(prefix_id))
        lost = Watch(signal).bad(tx.now, "Delegated no more.")
        await note(tx, claim, Watch(signal), replace(lost, level=Level.FREEZE))


async def test_a_customer_reads_what_is_watched(world: World) -> None:
    prefix_id, _ = await world.approved()
    before = await world.result("GET", f"/prefixes/{prefix_id}/watch")
    assert (before["frozen_for"], before["lifted_by"]) == ([], None)
    assert before["next_look_at"] is not None  # it is watched from its approval on
    nothing = [(one["signal"], one["looked_at"], one["seen"]) for one in before["signals"]]
    assert nothing == [("roa", None, ""), ("roa_invalid", None, "")]  # and has heard nothing yet
    assert before["proven_at"] is not None
    assert before["proof_ends_at"] is None  # a worker gives it its end
    await frozen(world, prefix_id)
    shown = await world.result("GET", f"/prefixes/{prefix_id}/watch")
    assert shown["frozen_for"] == ["reverse_zone"]
    assert "POST .../validation_tokens" in shown["lifted_by"]
    assert shown["next_look_at"] is not None
    by_signal = {one["signal"]: one for one in shown["signals"]}
    assert set(by_signal) == {"roa", "roa_invalid", "reverse_zone"}
    zone = by_signal["reverse_zone"]
    assert (zone["level"], zone["seen"], zone["held"]) == ("freeze", "Delegated no more.", False)
    assert zone["failing_since"] == zone["looked_at"]
    assert by_signal["roa"]["level"] == "none"
    refused = (409, "prefix_frozen", "")
    body = {"cidr": "31.0.0.0/24", "delegated_account_id": world.other_account_id.hex}
    answers = await world.errors("POST", f"/prefixes/{prefix_id}/delegations", json=body)
    assert answers == [refused]
    blockers = (await world.result("GET", f"/prefixes/{prefix_id}"))["blockers"]
    assert "prefix_frozen" in [one["name"] for one in blockers]


async def test_another_accounts_watch_is_not_there(world: World, operator: Operator) -> None:
    prefix_id, _ = await world.approved()
    headers = {"authorization": f"Bearer {world.other_token}"}
    url = world.url(f"/prefixes/{prefix_id}/watch", world.other_account_id)
    assert (await world.client.get(url, headers=headers)).status_code == 404
    assert await world.errors("GET", f"/prefixes/{uuid4().hex}/watch") == [
        (404, "prefix_not_found", "")
    ]
    assert (await operator.result("GET", f"/prefixes/{prefix_id}/watch"))["frozen_for"] == []


async def test_the_operator_lifts_a_freeze_with_a_reason(world: World, operator: Operator) -> None:
    prefix_id, _ = await world.approved()
    path = f"/prefixes/{prefix_id}/lift_freeze"
    assert await operator.refusal(path) == (409, "not_frozen")
    await frozen(world, prefix_id, Signal.HOLDER)
    shown = await world.result("GET", f"/prefixes/{prefix_id}/watch")
    assert "operator" in shown["lifted_by"]
    assert await operator.act(path) == {"id": prefix_id, "frozen_for": []}
    history = await world.result("GET", f"/prefixes/{prefix_id}/events?per_page=1000")
    assert [one["kind"] for one in history][-3:] == [
        "watch.raised",
        "prefix.frozen",
        "prefix.unfrozen",
    ]
    assert history[-1]["after"]["by"] == "operator"


async def test_the_operator_says_until_when_its_word_counts(
    world: World, operator: Operator
) -> None:
    pending = await world.prefix("31.77.0.0/23")
    prefix_id, soon = pending["id"], (datetime.now(UTC) + timedelta(days=40)).replace(microsecond=0)
    too_soon = (datetime.now(UTC) + timedelta(days=6)).isoformat()
    path, word = f"/prefixes/{prefix_id}/approve", {"proof_ends_at": soon.isoformat()}
    assert await operator.refusal(path, proof_ends_at=too_soon) == (422, "proof_end_too_soon")
    assert (await operator.act(path, **word))["approved_by"] == "operator"
    shown = await world.result("GET", f"/prefixes/{prefix_id}/watch")
    assert datetime.fromisoformat(shown["proof_ends_at"]) == soon
    listed = {one["prefix_id"]: one for one in await operator.result("GET", "/proofs")}
    assert (listed[prefix_id]["approved_by"], listed[prefix_id]["seen"]) == ("operator", "")
    path = f"/prefixes/{prefix_id}/end_proof"
    await frozen(world, prefix_id, Signal.PROOF)
    assert (await operator.act(path))["proof_ends_at"] is None
    assert (await world.result("GET", f"/prefixes/{prefix_id}/watch"))["frozen_for"] == []
    history = await world.result("GET", f"/prefixes/{prefix_id}/events?per_page=1000")
    assert [one["kind"] for one in history][-2:] == ["proof.end_set", "prefix.unfrozen"]
    assert prefix_id not in {one["prefix_id"] for one in await operator.result("GET", "/proofs")}
    by_checks, _ = await world.approved()
    path = f"/prefixes/{by_checks}/end_proof"
    assert await operator.refusal(path) == (409, "proof_by_checks")


async def test_the_operator_announces_under_a_freeze(
    world: World, operator: Operator, engine: AsyncEngine, tmp_path: Path
) -> None:
    path, cidr, route = await bound(world)
    await roas(world, engine, tmp_path, cidr)
    assert await operator.refusal(f"{route}/announce") == (409, "not_frozen")
    await frozen(world, path.removeprefix("/prefixes/"), Signal.HOLDER)
    body = {"on_demand": {"advertised": True}}
    assert await world.errors("PATCH", route, json=body) == [(409, "prefix_frozen", "")]
    assert (await operator.act(f"{route}/announce"))["desired"]["advertised"] is True
    history = await world.result("GET", f"{path}/events?per_page=1000")
    assert (history[-1]["kind"], history[-1]["after"]["reason"]) == ("bgp_prefix.announced", WHY)


async def test_held_levels_are_listed_and_decided(world: World, operator: Operator) -> None:
    registry, made = uuid4().hex, [(await world.approved())[0] for _ in range(7)]
    async with world.store.transaction(actor=BY) as tx:
        for one in made:
            claim = replace(await tx.claims.get(UUID(one)), registry=registry)
            await tx.watches.rise(claim, Signal.ROA, Level.WARN, tx.now)
    ours = [one for one in await operator.result("GET", "/levels") if one["registry"] == registry]
    assert [(one["signal"], one["rises"], len(one["sample"])) for one in ours] == [("roa", 2, 2)]
    body = {"registry": registry, "signal": "roa"}
    assert await operator.act("/levels/drop", **body) == {"rises": 2}
    assert await operator.refusal("/levels/release", **body) == (409, "nothing_held")
    assert await operator.refusal("/levels/release", **{**body, "signal": "x"}) == (
        409,
        "nothing_held",
    )
    async with world.store.transaction() as tx:
        decided = await tx.watches.decided(100)
    assert {one.state for one in decided if one.claim_id.hex in made} == {RiseState.DROPPED}


async def test_a_letters_page_says_under_review(world: World) -> None:
    letter = await issued(world)
    accept = {"accept": "text/html"}
    before = await world.client.get(f"/loa/{letter.reference}")
    assert before.json()["result"]["under_review"] is False
    await frozen(world, letter.claim_id.hex)
    shown = await world.client.get(f"/loa/{letter.reference}")
    assert (shown.json()["result"]["under_review"], shown.json()["result"]["status"]) == (
        True,
        "valid",
    )
    page = await world.client.get(f"/loa/{letter.reference}", headers=accept)
    assert "Under review" in page.text


async def test_a_dispute_is_read_by_both_and_decided_by_the_operator(
    world: World, operator: Operator
) -> None:
    held, _ = await world.approved()
    await frozen(world, held, Signal.HOLDER)
    wanted = Prefix.parse((await world.result("GET", f"/prefixes/{held}"))["cidr"])
    rival = Claim(
        id=uuid4(),
        account_id=world.other_account_id,
        prefix=wanted,
        asn=Asn(64500),
        description=CustomerText(""),
        delegate_loa_creation=False,
        created_at=NOW,
        modified_at=NOW,
    )
    async with world.store.transaction(actor=BY) as tx:
        await tx.claims.add(rival)
        holder = await tx.claims.lock(UUID(held))
        await open_disputes(tx, rival, [holder])
    shown = (await world.result("GET", f"/prefixes/{held}/watch"))["disputes"]
    assert [(one["side"], one["other"]) for one in shown] == [("holder", str(wanted))]
    headers = {"authorization": f"Bearer {world.other_token}"}
    url = world.url(f"/prefixes/{rival.id.hex}/watch", world.other_account_id)
    other = (await world.client.get(url, headers=headers)).json()["result"]["disputes"]
    assert [one["side"] for one in other] == ["claimant"]
    listed = await operator.result("GET", "/disputes")
    (only,) = [one for one in listed if one["holder"]["prefix_id"] == held]
    path = f"/disputes/{only['id']}"
    read = await operator.result("GET", path)
    assert read["holder"]["validation"] is None  # this world's are approved without a run
    assert [one["signal"] for one in read["holder"]["signals"]][-1] == "holder"
    assert (read["claimant"]["validation"], read["recommended"]) == (None, "ask")
    assert read["reasons"]
    assert await operator.refusal(f"/prefixes/{held}/lift_freeze") == (409, "prefix_disputed")
    for_claimant = {"decide_for": "claimant"}
    assert await operator.refusal(f"{path}/decide", **for_claimant) == (409, "dispute_too_young")
    decided = await operator.act(f"{path}/decide", decide_for="holder")
    assert decided["ended"] == "holder"
    assert await operator.refusal(f"{path}/decide", **for_claimant) == (409, "dispute_ended")
    missing = f"/disputes/{uuid4().hex}/decide"
    assert await operator.refusal(missing, **for_claimant) == (404, "dispute_not_found")
    assert (await world.result("GET", f"/prefixes/{held}/watch"))["disputes"] == []
