"""Disputes: what the database holds whoever writes, and what operators see of both sides."""

from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from byoip.api.watch.dispute_schemas import DisputeWithEvidence, with_evidence
from byoip.domain.claims.lifecycle import Standing
from byoip.domain.claims.restorable import SpaceHeld
from byoip.domain.watch.dispute import Advised, DisputeEnd, Side
from byoip.usecases.routes import offboarding
from byoip.usecases.watch.show_dispute import show_dispute
from byoip.web.operator.disputes import side_by_side
from tests.store.samples import BY
from tests.trust.contests import go_on, restore, stands
from tests.usecases.routes import Routes
from tests.usecases.verbs import Verb
from tests.usecases.world import CIDR
from tests.watch.test_5_disputes import WHY, claimed, decide, disputed, ended
from tests.watch.test_5_holders import sold
from tests.watching import DAY, Days


async def refused(days: Days, statement: str, **asked: object) -> str:
    with pytest.raises(DBAPIError) as raised:
        async with days.world.engine.begin() as connection:
            await connection.execute(text(statement), asked)
    fault = raised.value.orig
    assert isinstance(fault, psycopg.Error)
    return str(fault.diag.constraint_name or fault.diag.message_primary)


async def test_the_database_holds_it(days: Days, routes: Routes) -> None:
    rival, dispute_id = await disputed(days, routes)
    thaw = "UPDATE prefixes SET frozen_for = '{}' WHERE id = :id"
    assert await refused(days, thaw, id=routes.claim.id) == "prefixes_frozen_while_disputed"
    again = (
        "INSERT INTO disputes (id, holder_id, claimant_id, opened_at, decide_from)"
        " VALUES (gen_random_uuid(), :holder, :claimant, now(), now() + interval '14 days')"
    )
    parties = {"holder": routes.claim.id, "claimant": rival.id}
    assert await refused(days, again, **parties) == "uq_disputes_open"
    turned = {"holder": rival.id, "claimant": routes.claim.id}
    assert await refused(days, again, **turned) == "disputes_of_frozen"
    assert await refused(days, "DELETE FROM disputes") == "disputes_never_deleted"
    # a process of the version before closes a party, and tells nobody
    await routes.execute(
        "UPDATE prefixes SET state = 'closed', closed_at = now(), modified_at = now()"
        " WHERE id = :id",
        id=rival.id,
    )
    assert await ended(days, dispute_id) is DisputeEnd.GONE
    twice = await refused(days, "UPDATE disputes SET ended = 'holder'")
    assert twice == "disputes_stay_ended"


async def shown(days: Days, dispute_id: UUID) -> DisputeWithEvidence:
    """As an operator reads it."""
    now = days.world.clock.now()
    return with_evidence(await show_dispute(days.world.reader, dispute_id, now))


async def test_evidence_and_what_it_speaks_for(days: Days, routes: Routes) -> None:
    _, dispute_id = await disputed(days, routes)
    first = await shown(days, dispute_id)
    assert first.holder.validation is not None
    assert first.claimant.validation is not None
    assert (first.holder.validation.result, first.claimant.validation.result) == (
        "approved",
        "contested",
    )
    asked = [one.evidence for one in first.claimant.validation.checks if one.evidence]
    assert asked  # what registries and name servers said, as it came
    now = days.world.clock.now()
    pairs = side_by_side(await show_dispute(days.world.reader, dispute_id, now))
    for place, run in enumerate((first.holder.validation, first.claimant.validation)):
        shown_ends = [one.end for ends in pairs.values() for one in ends[place]]
        ends = {(one.check, one.end, one.seen): one.end for one in run.checks}  # said twice: once
        assert sorted(shown_ends) == sorted(ends.values())  # as the page has them
    assert (first.recommended, first.claimant.signals) == (Advised.ASK, [])
    days.world.clock.advance(14 * DAY)
    later = await shown(days, dispute_id)
    assert later.recommended is Advised.ASK  # by what the holder had: see trust
    assert "For the claimant: the holder has proven nothing in 14 days." in later.reasons
    token = (await days.world.issue(routes.claim)).token
    days.world.txt(routes.claim.prefix, token.value)
    await days.snapshot()
    await days.world.validate(routes.claim)
    assert (await shown(days, dispute_id)).recommended is Advised.ASK
    await sold(days, (CIDR, "allocated", "seller"))
    assert (await shown(days, dispute_id)).recommended is Advised.HOLDER


async def test_a_decision_settles_no_contest_of_an_account_that_is_no_party(
    days: Days, routes: Routes
) -> None:
    await claimed(days)  # before the sale: a contest without a dispute
    _, dispute_id = await disputed(days, routes)
    await decide(days, dispute_id, Side.HOLDER)
    holder = await days.world.now(routes.claim)
    assert (holder.frozen_for, holder.standing) == (frozenset(), Standing.CONTESTED)


async def test_whom_it_was_decided_against_does_not_call_off_its_way_out(
    days: Days, routes: Routes, services: dict[str, UUID]
) -> None:
    """Its route and bindings would stay, and bar the claimant from binding and announcing."""
    world = days.world
    rival, dispute_id = await disputed(days, routes)
    await decide(days, dispute_id, Side.CLAIMANT, early=True)
    with pytest.raises(SpaceHeld):
        await restore(world, routes.claim)
    await go_on(world)
    with pytest.raises(SpaceHeld):  # nor half way, nor within the grace
        await restore(world, routes.claim)
    for step in (world.issue, world.prove):
        await step(rival)
    await days.snapshot()
    await world.validate(rival)
    mine = Routes(world, rival, await world.bind(rival, CIDR, services["CDN"]))
    assert (await mine.patch(advertised=True)).bgp_prefix.desired.advertised


async def test_an_operator_may_call_it_off(days: Days, routes: Routes) -> None:
    _, dispute_id = await disputed(days, routes)
    await decide(days, dispute_id, Side.CLAIMANT, early=True)
    await Verb(days.world.store, offboarding.restore)(None, routes.claim.id, reason=WHY, by=BY)
    assert await stands(days.world, routes.claim) is Standing.OK
