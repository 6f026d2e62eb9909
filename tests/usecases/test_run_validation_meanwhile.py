"""The world moves while a run is out, and workers die."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from byoip.domain.checks.evidence import Check, CheckState, Failed, Fault, Passed, Reason
from byoip.domain.checks.validation_run import MOST_ATTEMPTS, RunResult, RunState
from byoip.domain.claims.lifecycle import Standing, State
from byoip.domain.claims.ownership_token import TokenMethod
from byoip.usecases.checks.rescue_runs import rescue_runs
from byoip.usecases.claims import prefixes, tokens
from byoip.usecases.routes import offboarding
from tests.announcing import until
from tests.store.samples import BY
from tests.usecases.verbs import Verb
from tests.usecases.world import LABEL, World, roa


async def test_a_token_issued_while_its_run_is_out_approves_nothing(world: World) -> None:
    claim = await world.claim()
    await world.prove(claim)
    world.registry.meanwhile = lambda: world.issue(claim, TokenMethod.RDNS)
    run = await world.validate(claim)
    assert run.run.result is RunResult.FAILED
    decided = await world.now(claim)
    assert decided.state is State.PENDING
    assert decided.ownership.state is CheckState.PENDING
    assert decided.irr.state is decided.rpki.state is CheckState.VALID
    assert (await world.token(claim)).consumed_at is None
    in_dns = [one for one in run.findings if one.check is Check.OWNERSHIP_RDNS]
    assert isinstance(in_dns[0].outcome, Passed)  # what was found stays on record
    assert isinstance(in_dns[1].outcome, Failed)
    assert in_dns[1].outcome.reason is Reason.TOKEN_REVOKED


async def test_a_token_revoked_while_its_run_is_out_approves_nothing(world: World) -> None:
    claim = await world.claim()
    await world.prove(claim)
    token = await world.token(claim)
    revoke = Verb(world.store, tokens.revoke)
    world.registry.meanwhile = lambda: revoke(claim.account_id, claim.id, token.id, by=BY)
    assert (await world.validate(claim)).run.result is RunResult.FAILED
    assert not (await world.now(claim)).approved
    again = await world.validate(claim)  # there is no token at all now
    assert again.run.result is RunResult.FAILED
    assert not (await world.now(claim)).approved


async def test_an_expired_token_is_not_asked_for_and_proves_nothing(world: World) -> None:
    claim = await world.claim()
    await world.prove(claim)
    world.clock.advance(timedelta(days=7))
    await world.roas(roa(claim.prefix))
    run = await world.validate(claim)
    assert run.run.result is RunResult.FAILED
    assert world.dns.asked == []
    decided = await world.now(claim)
    assert decided.ownership.state is CheckState.EXPIRED
    assert decided.ownership.reason is Reason.TOKEN_EXPIRED
    assert [one.check for one in run.findings if isinstance(one.outcome, Failed)] == [
        Check.OWNERSHIP_IRR,
        Check.OWNERSHIP_RDNS,
    ]


async def test_a_token_that_expires_while_its_run_is_out_is_not_consumed(world: World) -> None:
    claim = await world.claim()
    await world.prove(claim)
    # The database's clock decides; it stands three weeks ahead of ours.
    async with world.store.transaction() as tx:
        token = await tx.tokens.live(claim.id)
        assert token is not None
        await tx.tokens.save(token.revoke(world.clock.now()))
        early = world.clock.now() - timedelta(days=21)
        value = "ab" * 16
        old = replace(token, id=uuid4(), value=value, created_at=early)
        await tx.tokens.add(replace(old, expires_at=early + timedelta(days=7)))
    world.txt(claim.prefix, value)
    world.clock.advance(-timedelta(days=20))
    await world.roas(roa(claim.prefix))
    run = await world.validate(claim)
    assert run.run.result is RunResult.FAILED
    decided = await world.now(claim)
    assert decided.state is State.PENDING
    assert decided.ownership.state is CheckState.EXPIRED
    assert (await world.token(claim)).consumed_at is None


async def test_a_claim_removed_while_its_run_is_out_stays_removed(world: World) -> None:
    claim = await world.claim()
    await world.prove(claim)
    remove = Verb(world.store, prefixes.remove)
    world.registry.meanwhile = lambda: remove(claim.account_id, claim.id, by=BY)
    run_id = await world.request(claim)
    await world.carry_out(run_id)
    assert await world.state(claim) == "closed"
    assert await world.run_states(claim) == [RunState.CANCELLED]
    assert "validation.finished" not in await world.kinds(claim)


async def test_roa_data_is_asked_once_more_when_approving(world: World) -> None:
    claim = await world.claim()
    await world.prove(claim)
    world.registry.meanwhile = world.roas  # the ROA goes while the registry is asked
    run = await world.validate(claim)
    assert run.run.result is RunResult.FAILED
    decided = await world.now(claim)
    assert decided.state is State.PENDING
    assert decided.rpki.reason is Reason.ROA_MISSING
    assert (await world.token(claim)).consumed_at is None
    asked = [one.outcome for one in run.findings if one.check is Check.RPKI]
    assert [type(one) for one in asked] == [Passed, Failed]


async def test_roa_data_gone_stale_when_approving_leaves_the_run_unanswered(world: World) -> None:
    claim = await world.claim()
    await world.prove(claim)

    async def a_day_passes() -> None:
        world.clock.advance(timedelta(hours=25))

    world.registry.meanwhile = a_day_passes
    assert (await world.validate(claim)).run.result is RunResult.UNANSWERED
    decided = await world.now(claim)
    assert decided.state is State.PENDING
    assert decided.rpki.doubt
    assert (await world.open_run(claim)).retries == 1


async def test_an_approved_prefix_is_asked_for_irr_and_rpki_only_and_stays_approved(
    world: World,
) -> None:
    claim = await world.approved()
    asked = len(world.dns.asked)
    world.registry.objects.clear()
    await world.roas(roa(claim.prefix, origin=claim.asn.__class__(64999)))
    run = await world.validate(claim)
    assert run.run.result is RunResult.FAILED
    assert {one.check for one in run.findings} == {Check.REGISTRATION, Check.IRR, Check.RPKI}
    assert len(world.dns.asked) == asked
    decided = await world.now(claim)
    assert decided.approved
    assert decided.approved_at == claim.approved_at
    assert decided.ownership == claim.ownership
    assert decided.irr.state is CheckState.MISSING
    assert decided.rpki.state is CheckState.MISMATCH_ASN


async def test_an_approved_prefix_whose_checks_hold_ends_passed(world: World) -> None:
    claim = await world.approved()
    assert (await world.validate(claim)).run.result is RunResult.PASSED


async def test_an_approved_prefix_is_not_undone_by_silence(world: World) -> None:
    claim = await world.approved()
    world.registry.fault = Fault.UNREACHABLE
    assert (await world.validate(claim)).run.result is RunResult.UNANSWERED
    decided = await world.now(claim)
    assert decided.approved
    assert decided.irr.state is CheckState.VALID
    assert decided.irr.doubt


async def test_who_proves_overlapping_space_later_contests_it(world: World) -> None:
    first = await world.approved()
    other = await world.claim("31.0.0.0/22", account_id=await world.new_account())
    await world.prove(other)
    run = await world.validate(other)
    assert run.run.result is RunResult.CONTESTED
    second = await world.now(other)
    assert (second.state, second.standing) == (State.PENDING, Standing.CONTESTED)
    assert (await world.token(other)).consumed_at is None
    holder = await world.now(first)
    assert holder == replace(first, standing=Standing.CONTESTED, modified_at=holder.modified_at)
    assert (await world.kinds(first))[-1] == "prefix.contested"
    assert "prefix.contested" in await world.kinds(other)
    events = len(await world.events(first))
    assert (await world.validate(other)).run.result is RunResult.CONTESTED
    assert len(await world.events(first)) == events  # it is contested already


async def test_who_is_contested_on_the_way_out_is_so_when_it_comes_back(world: World) -> None:
    first = await world.approved()
    await Verb(world.store, offboarding.offboard)(first.account_id, first.id, by=BY)
    other = await world.claim("31.0.0.0/22", account_id=await world.new_account())
    await world.prove(other)
    for _ in range(2):
        assert (await world.validate(other)).run.result is RunResult.CONTESTED
    assert (await world.now(first)).standing is Standing.OFFBOARDING
    assert (await world.kinds(first)).count("offboarding.contested") == 1
    await Verb(world.store, offboarding.restore)(first.account_id, first.id, by=BY)
    assert (await world.now(first)).standing is Standing.CONTESTED


async def test_a_worker_back_from_the_dead_writes_nothing(world: World) -> None:
    claim = await world.claim()
    await world.prove(claim)
    run_id = await world.request(claim)

    async def another_takes_over() -> None:
        await world.set_lease(run_id, "-1 hour")
        await world.carry_out(run_id)

    world.registry.meanwhile = another_takes_over
    await world.carry_out(run_id)
    kinds = await world.kinds(claim)
    assert kinds.count("validation.finished") == kinds.count("prefix.approved") == 1
    run = await world.reader.run(claim.account_id, claim.id, run_id)
    assert run.run.attempt == 2
    assert len(run.findings) == len(Check) + 1  # rpki was asked once more when approving


async def test_a_run_that_another_worker_carries_out_is_left_alone(world: World) -> None:
    claim = await world.claim()
    await world.prove(claim)
    run_id = await world.request(claim)
    world.registry.meanwhile = lambda: world.carry_out(run_id)
    await world.carry_out(run_id)
    assert len(world.dns.asked) == 2  # once for each zone
    await world.carry_out(run_id)  # it has ended
    assert len(world.dns.asked) == 2


async def rescued(world: World) -> int:
    async with world.store.transaction() as tx:
        return await rescue_runs(tx)


async def test_a_sign_of_life_keeps_the_lease(world: World) -> None:
    claim = await world.claim()
    await world.prove(claim)
    run_id = await world.request(claim)

    async def renewed() -> bool:
        return (await world.lease_left(run_id)) > timedelta(seconds=20)

    async def nearly_too_long() -> None:
        await world.set_lease(run_id, "-29.5 seconds")
        await until(renewed)
        assert await rescued(world) == 0

    world.registry.meanwhile = nearly_too_long
    await world.carry_out(run_id, heartbeat=0.1)
    assert (await world.now(claim)).approved


async def test_a_run_that_workers_die_of_ends_unanswered_and_asks_no_party(world: World) -> None:
    claim = await world.claim()
    await world.prove(claim)
    run_id = await world.request(claim)
    for _ in range(MOST_ATTEMPTS):
        async with world.store.transaction() as tx:
            assert await tx.runs.take(run_id, timedelta(0))
    assert await rescued(world) == 0  # its job still waits
    await world.lose_jobs()
    assert await rescued(world) == 1
    await world.carry_out(run_id)
    run = await world.reader.run(claim.account_id, claim.id, run_id)
    assert run.run.result is RunResult.UNANSWERED
    (told,) = run.findings
    assert "5 attempts to ask have failed at this operator." in str(told.outcome)
    assert world.dns.asked == []
    again = await world.open_run(claim)
    assert (again.attempt, again.retries) == (0, 1)


async def test_abandoned_runs_are_enqueued_again(world: World) -> None:
    claim = await world.claim()
    run_id = await world.request(claim)
    assert await rescued(world) == 0
    world.clock.advance(timedelta(seconds=31))
    assert await rescued(world) == 0  # its job is only late
    await world.lose_jobs()
    assert await rescued(world) == 1
    assert [one for one, _ in await world.jobs()] == [run_id, run_id]


@pytest.mark.parametrize("line", [f"{LABEL}: ", f"{LABEL}: x"], ids=["nothing", "another"])
async def test_a_route_object_with_another_token_does_not_prove_ownership(
    world: World, line: str
) -> None:
    claim = await world.claim()
    world.route(claim.prefix, f"remarks: {line}")
    await world.roas(roa(claim.prefix))
    assert (await world.validate(claim)).run.result is RunResult.FAILED
    assert (await world.now(claim)).ownership.state is not CheckState.VALID
