"""What a decided dispute leaves: in the histories of both and of operators, and in the ledger."""

from typing import Any

import pytest
import sqlalchemy as sa

from byoip.domain.claims.claim import Claim
from byoip.domain.watch.dispute import Side
from tests.trust.contests import go_on
from tests.usecases.routes import Routes
from tests.watch.test_5_disputes import WHY, decide, disputed
from tests.watching import Days

# What a decision for the claimant sets off, in order; from its own transaction on.
LEAVES = [
    "dispute.ended",
    "check.ownership",
    "prefix.pending",
    "prefix.ok",
    "prefix.offboarding",
    "bgp_prefix.withdrawn",
    "offboarding.withdrawn",
    "binding.removed",
    "offboarding.unbound",
]
STAYS = ["dispute.ended", "prefix.unfrozen", "prefix.ok"]


async def rows(days: Days, table: str) -> list[dict[str, Any]]:
    async with days.world.store.transaction() as tx:
        found = await tx.connection.execute(sa.text(f"SELECT * FROM {table}"))  # noqa: S608 - ours
        return [dict(one) for one in found.mappings()]


async def after(days: Days, claim: Claim, kind: str) -> list[str]:
    """The kinds of a claim's events from the first of this one on."""
    kinds = await days.world.kinds(claim)
    return kinds[kinds.index(kind) :]


@pytest.mark.parametrize("side", Side)
async def test_both_histories_say_how_it_ended_and_why(
    days: Days, routes: Routes, side: Side
) -> None:
    rival, dispute_id = await disputed(days, routes)
    await decide(days, dispute_id, side, early=True)
    for claim in (routes.claim, rival):
        (ended,) = [one for one in await days.world.events(claim) if one.kind == "dispute.ended"]
        told = {"dispute_id": dispute_id.hex, "ended": side.value, "reason": WHY}
        assert ended.after == told
    if side is Side.HOLDER:
        assert await after(days, routes.claim, "dispute.ended") == STAYS
        unfrozen = (await days.world.events(routes.claim))[-2]
        assert unfrozen.after == {"by": "operator", "reason": WHY}
    assert await after(days, rival, "dispute.ended") == (
        ["dispute.ended"] if side is Side.HOLDER else ["dispute.ended", "prefix.ok"]
    )


@pytest.mark.parametrize("side", Side)
async def test_the_operators_history_names_who_decided_for_whom_and_why(
    days: Days, routes: Routes, side: Side
) -> None:
    rival, dispute_id = await disputed(days, routes)
    await decide(days, dispute_id, side, early=True)
    (noted,) = await rows(days, "operator_events")
    assert (noted["kind"], noted["reason"]) == ("dispute.decided", WHY)
    assert noted["actor"].startswith("credential:")
    parties = {"holder_id": routes.claim.id.hex, "claimant_id": rival.id.hex}
    assert noted["after"] == {"dispute_id": dispute_id.hex, "for": side.value, **parties}
    (dispute,) = await rows(days, "disputes")
    assert (dispute["ended"], dispute["ended_at"]) == (side.value, noted["at"])


async def test_the_ledger_has_the_way_out_and_nothing_of_the_decision(
    days: Days, routes: Routes
) -> None:
    """The breaker counts a withdrawal of the worker, by its job; the decision takes none down."""
    _, dispute_id = await disputed(days, routes)
    await decide(days, dispute_id, Side.CLAIMANT, early=True)
    assert await rows(days, "withdrawals") == []
    await go_on(days.world)
    (entry,) = await rows(days, "withdrawals")
    row = (await routes.all())[0].bgp_prefix
    assert (entry["bgp_prefix_id"], entry["account_id"]) == (row.id, routes.claim.account_id)
    assert (entry["source"], entry["job"], entry["actor"]) == ("offboarding", "offboard", "worker")
    assert await after(days, routes.claim, "dispute.ended") == LEAVES


async def test_decided_for_the_holder_the_ledger_stays_empty(days: Days, routes: Routes) -> None:
    _, dispute_id = await disputed(days, routes)
    await decide(days, dispute_id, Side.HOLDER)
    await go_on(days.world)
    assert await rows(days, "withdrawals") == []
    assert (await routes.view()).bgp_prefix.desired.advertised
