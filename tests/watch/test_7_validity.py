"""A proof ends: reminders, then a freeze, and no route goes. A token renews it."""

from datetime import timedelta
from functools import partial

import pytest

from byoip.domain.claims.lifecycle import Approver, IllegalTransition
from byoip.domain.claims.proof import Proof
from byoip.domain.watch.freezing import PrefixFrozen
from byoip.domain.watch.levels import Level, Signal
from byoip.domain.watch.rises import RiseState
from byoip.domain.watch.validity import ProofByChecks, ProofEndTooSoon
from byoip.store.watch.proofs import ProofReader
from byoip.usecases.claims import standing
from byoip.usecases.watch import lift
from byoip.usecases.watch.keep_proofs import KeepProofs
from tests.store.samples import BY
from tests.usecases.routes import PART, Routes
from tests.usecases.verbs import Verb
from tests.usecases.world import WORKER
from tests.watch.test_5_holders import sold, still_up
from tests.watching import DAY, Days

PERIOD = 398 * DAY


async def said(days: Days, routes: Routes) -> list[int]:
    events = await days.world.events(routes.claim)
    return [one.after["days"] for one in events if one.kind == "proof.expiring"]


async def until(days: Days, routes: Routes, before: timedelta) -> None:
    """The clock stands that long before the end, and the job runs; the world is as it was."""
    end = (await days.world.now(routes.claim)).proof.ends_at
    assert end is not None
    days.world.clock.advance(end - before - days.world.clock.now())
    await days.files()
    await days.snapshot()
    await days.run()


async def test_reminders_then_frozen_and_no_route_goes(days: Days, routes: Routes) -> None:
    claim = await days.world.now(routes.claim)
    assert claim.approved_at is not None
    assert claim.proof.ends_at == claim.approved_at + PERIOD
    told: list[int] = []
    for day in (61, 60, 59, 30, 29, 7, 6, 1):
        await until(days, routes, day * DAY)
        told += [day] if day in {60, 30, 7} else []
        assert await said(days, routes) == told
        assert await days.frozen_for(routes.claim) == set()
    assert await days.level(routes.claim, Signal.PROOF) is Level.NOTICE
    await until(days, routes, timedelta(0))
    assert await days.frozen_for(routes.claim) == {Signal.PROOF}
    assert await still_up(routes)
    with pytest.raises(PrefixFrozen):
        await routes.add(PART)
    await routes.patch(advertised=False)
    await routes.patch(advertised=True)  # who is under attack withdraws and announces
    assert await still_up(routes) or await routes.count("withdrawals") == 1


async def test_a_worker_that_slept_tells_a_week_before_it_freezes(
    days: Days, routes: Routes
) -> None:
    await until(days, routes, -50 * DAY)
    assert (await said(days, routes), await days.frozen_for(routes.claim)) == ([7], set())
    days.world.clock.advance(6 * DAY)
    await days.run()
    assert await days.frozen_for(routes.claim) == set()
    days.world.clock.advance(DAY)
    await days.run()
    assert await days.frozen_for(routes.claim) == {Signal.PROOF}
    assert await still_up(routes)


async def prove_anew(days: Days, routes: Routes) -> None:
    issued = await days.world.issue(routes.claim)
    days.world.txt(routes.claim.prefix, issued.token.value)
    await days.world.validate(routes.claim)
    await days.run()


@pytest.mark.parametrize("before", [75 * DAY, timedelta(0)], ids=["in time", "frozen"])
async def test_a_token_renews_it(days: Days, routes: Routes, before: timedelta) -> None:
    await until(days, routes, 76 * DAY)
    with pytest.raises(IllegalTransition):
        await days.world.issue(routes.claim)
    if not before:
        await until(days, routes, 7 * DAY)
    await until(days, routes, before)
    frozen = set() if before else {Signal.PROOF}
    assert await days.frozen_for(routes.claim) == frozen
    await prove_anew(days, routes)
    now = days.world.clock.now()
    claim = await days.world.now(routes.claim)
    assert (claim.proof.proven_at, claim.proof.ends_at) == (now, now + PERIOD)
    assert claim.frozen_for == frozenset()
    assert await days.level(routes.claim, Signal.PROOF) is Level.NONE
    kinds = await days.world.kinds(routes.claim)
    assert "token.consumed" in kinds
    assert kinds.count("proof.renewed") == 1
    assert kinds.count("prefix.unfrozen") == len(frozen)


async def test_a_token_does_not_renew_it_after_a_change_of_holder(
    days: Days, routes: Routes
) -> None:
    await until(days, routes, 75 * DAY)
    issued = await days.world.issue(routes.claim)
    days.world.txt(routes.claim.prefix, issued.token.value)
    for _ in range(2):
        await sold(days, ("31.0.0.0/23", "allocated", "buyer"))
    await days.snapshot()
    before = (await days.world.now(routes.claim)).proof
    await days.world.validate(routes.claim)
    claim = await days.world.now(routes.claim)
    assert (set(claim.frozen_for), claim.proof) == ({Signal.HOLDER}, before)
    async with days.world.store.transaction() as tx:
        assert await tx.tokens.live(claim.id) is not None


async def test_more_than_a_day_may_bring_are_held(days: Days, routes: Routes) -> None:
    claims = await days.beside(routes.claim, 7)
    await until(days, routes, 7 * DAY)
    days.world.clock.advance(8 * DAY)
    await days.run()
    frozen = [one for one in claims if await days.frozen_for(one)]
    assert len(frozen) == 5
    decide = Verb(days.world.store, lift.decide)
    many = await decide("ripencc", Signal.PROOF, state=RiseState.DROPPED, reason="look", by=BY)
    assert many == 2
    await days.run()
    await days.run()
    now = days.world.clock.now()
    for one in claims:
        kept = await days.world.now(one)
        if not kept.frozen_for:  # it ends again in 60 days, and is told so
            assert kept.proof.ends_at == now + 60 * DAY
            assert kept.proof.told_at == now
            events = await days.world.events(one)
            assert [e.after["days"] for e in events if e.kind == "proof.expiring"][-1] == 60


async def test_the_operators_lift_gives_sixty_days(days: Days, routes: Routes) -> None:
    await until(days, routes, 7 * DAY)
    await until(days, routes, timedelta(0))
    assert await days.frozen_for(routes.claim) == {Signal.PROOF}
    await Verb(days.world.store, lift.lift_freeze)(routes.claim.id, reason="called", by=BY)
    await days.run()
    claim = await days.world.now(routes.claim)
    assert claim.frozen_for == frozenset()
    assert claim.proof.ends_at == days.world.clock.now() + 60 * DAY


async def test_the_operators_word_carries_the_end_that_it_sets(days: Days, routes: Routes) -> None:
    world = days.world
    claim = await world.claim("31.9.0.0/24")
    approve = partial(standing.approve, proof_ends_at=world.clock.now() + 40 * DAY)
    await Verb(world.store, approve)(claim.id, reason="contract", by=BY)
    await days.run()
    kept = await world.now(claim)
    assert kept.proof.ends_at == world.clock.now() + 40 * DAY
    assert "proof.expiring" in await world.kinds(claim)  # 60 days before
    end = Verb(world.store, lift.end_proof)
    with pytest.raises(ProofEndTooSoon):
        await end(claim.id, ends_at=world.clock.now() + DAY, reason="x", by=BY)
    with pytest.raises(ProofByChecks):
        await end(routes.claim.id, ends_at=None, reason="x", by=BY)
    await end(claim.id, ends_at=None, reason="no end", by=BY)
    await days.run()
    kept = await world.now(claim)
    assert (kept.proof.ends_at, kept.approved_by) == (None, Approver.OPERATOR)
    assert await days.level(claim, Signal.PROOF) is Level.NONE
    # Without an end it is listed every year, and never frozen.
    for year in range(3):
        assert await yearly(days) == year
        world.clock.advance(366 * DAY)
        await KeepProofs(world.store, world.clock)._keep(claim.id, WORKER)
    assert await days.frozen_for(claim) == set()
    listed = await ProofReader(world.engine).ending(world.clock.now())
    assert [one.id for one in listed][-1] == claim.id


async def yearly(days: Days) -> int:
    query = "SELECT count(*) FROM operator_events WHERE kind = 'proof.unended'"
    async with days.world.engine.connect() as connection:
        return int((await connection.exec_driver_sql(query)).scalar_one())


async def test_two_workers_remind_once(days: Days, routes: Routes) -> None:
    end = (await days.world.now(routes.claim)).proof.ends_at
    assert end is not None
    days.world.clock.advance(end - 60 * DAY - days.world.clock.now())
    keep = KeepProofs(days.world.store, days.world.clock)
    for _ in range(2):
        await keep._keep(routes.claim.id, WORKER)
    assert await said(days, routes) == [60]


async def test_an_approval_by_an_older_process_gets_its_dates(days: Days, routes: Routes) -> None:
    await routes.execute(
        "UPDATE prefixes SET proven_at = NULL, proof_ends_at = NULL, proof_due_at = NULL, "
        "approved_at = approved_at - interval '9 years'"
    )
    await days.run()
    proof = (await days.world.now(routes.claim)).proof
    now = days.world.clock.now()
    assert proof.ends_at is not None
    assert now + 90 * DAY <= proof.ends_at <= now + PERIOD


async def test_a_revoked_approval_has_no_proof(days: Days, routes: Routes) -> None:
    await Verb(days.world.store, standing.revoke_approval)(routes.claim.id, reason="x", by=BY)
    assert (await days.world.now(routes.claim)).proof == Proof()
