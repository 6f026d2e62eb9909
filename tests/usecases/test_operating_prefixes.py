"""What operators do to prefixes, against runs, rivals and the database itself."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from byoip.domain.bindings.offered_service import ServiceInUse
from byoip.domain.bindings.service_binding import ServiceNotFound
from byoip.domain.checks.evidence import CheckState
from byoip.domain.checks.registry import Dialect, Registry
from byoip.domain.checks.validation_run import RunResult
from byoip.domain.claims.claim import PrefixSuspended
from byoip.domain.claims.lifecycle import Approver, Standing, State, Transition
from byoip.domain.claims.reservation import OverlapsApproved, SpaceReserved
from byoip.domain.history import Actor
from byoip.usecases.bindings import services as service_verbs
from byoip.usecases.checks import registry_overrides
from byoip.usecases.checks.targets import CheckTarget
from byoip.usecases.claims import reservations, standing
from byoip.usecases.claims.close_unproven import CloseUnproven
from tests.store.samples import BY
from tests.usecases.verbs import Verb
from tests.usecases.world import ORIGIN, WORKER, World

OPERATOR = Actor("operator:1", "request-9")
WHY = "a ticket"


async def stand(world: World, claim_id: UUID, move: Transition) -> None:
    move_to = Verb(world.store, standing.change_standing)
    await move_to(claim_id, transition=move, reason=WHY, by=OPERATOR)


async def approve(world: World, claim_id: UUID) -> None:
    await Verb(world.store, standing.approve)(claim_id, reason=WHY, by=OPERATOR)


async def revoke(world: World, claim_id: UUID) -> None:
    await Verb(world.store, standing.revoke_approval)(claim_id, reason=WHY, by=OPERATOR)


async def reserve(world: World, cidr: str, account_id: UUID | None = None) -> UUID:
    make = Verb(world.store, reservations.reserve)
    return (await make(account_id, cidr=cidr, reason=WHY, by=OPERATOR)).id


async def test_checks_approve_and_say_so(world: World) -> None:
    assert (await world.approved()).approved_by is Approver.CHECKS


async def test_a_suspended_prefix_passes_its_checks_but_is_not_approved(world: World) -> None:
    claim = await world.claim()
    await world.prove(claim)
    await stand(world, claim.id, Transition.SUSPENDED)
    run = await world.validate(claim)
    assert run.run.result is RunResult.PASSED
    now = await world.now(claim)
    assert (now.state, now.ownership.state) == (State.PENDING, CheckState.VALID)
    assert (await world.token(claim)).consumed_at is None
    await stand(world, claim.id, Transition.RESUMED)
    await world.validate(claim)
    assert (await world.now(claim)).approved


async def test_anothers_proof_marks_a_suspended_prefix_no_further(world: World) -> None:
    first = await world.approved()
    await stand(world, first.id, Transition.SUSPENDED)
    second = await world.claim(account_id=await world.new_account())
    await world.prove(second)
    run = await world.validate(second)
    assert run.run.result is RunResult.CONTESTED
    assert (await world.now(first)).standing is Standing.SUSPENDED
    assert (await world.now(second)).standing is Standing.CONTESTED


async def test_a_contest_ends_with_revoking_the_approval(world: World) -> None:
    first = await world.approved()
    second = await world.claim(account_id=await world.new_account())
    await world.prove(second)
    await world.validate(second)
    with pytest.raises(OverlapsApproved):
        await approve(world, second.id)
    await revoke(world, first.id)
    await world.validate(second)
    assert (await world.now(second)).approved
    assert (await world.kinds(first))[-2:] == ["prefix.pending", "prefix.ok"]
    assert all(one.after["reason"] == WHY for one in (await world.events(first))[-3:-1])


async def test_a_revoked_approval_is_proven_with_a_new_token_only(world: World) -> None:
    claim = await world.approved()
    await revoke(world, claim.id)
    await world.validate(claim)
    now = await world.now(claim)
    assert (now.state, now.ownership.state) == (State.PENDING, CheckState.PENDING)
    issued = await world.issue(claim)
    world.txt(claim.prefix, issued.token.value)
    await world.validate(claim)
    again = await world.now(claim)
    assert (again.approved, again.approved_by) == (True, Approver.CHECKS)
    assert again.revoked_at is not None


async def test_checks_of_a_prefix_approved_by_an_operator_are_kept_up(world: World) -> None:
    claim = await world.claim()
    await approve(world, claim.id)
    world.route(claim.prefix)
    run = await world.validate(claim)
    assert run.run.result is not RunResult.APPROVED
    now = await world.now(claim)
    assert (now.irr.state, now.ownership.state) == (CheckState.VALID, CheckState.PENDING)
    assert (now.approved, now.approved_by) == (True, Approver.OPERATOR)


async def test_a_run_that_was_out_meanwhile_leaves_the_operators_approval(world: World) -> None:
    claim = await world.claim()
    await world.prove(claim)
    run_id = await world.request(claim)
    world.registry.meanwhile = lambda: approve(world, claim.id)
    await world.carry_out(run_id)
    now = await world.now(claim)
    assert (now.approved, now.approved_by) == (True, Approver.OPERATOR)
    assert now.ownership.state is CheckState.PENDING


async def test_who_proves_reserved_space_is_contested_until_it_is_released(world: World) -> None:
    claim = await world.claim()
    reservation = await reserve(world, "31.0.1.128/25", await world.new_account())
    await world.prove(claim)
    run = await world.validate(claim)
    assert run.run.result is RunResult.CONTESTED
    assert (await world.now(claim)).standing is Standing.CONTESTED
    release = Verb(world.store, reservations.release)
    await release(reservation, reason=WHY, by=OPERATOR)
    await world.validate(claim)
    assert (await world.now(claim)).approved


async def test_space_that_is_reserved_for_the_account_is_approved(world: World) -> None:
    await reserve(world, "31.0.0.0/16", world.account_id)
    assert (await world.approved()).approved


async def test_a_reservation_and_an_approval_of_the_same_moment_do_not_miss_each_other(
    world: World,
) -> None:
    claim = await world.claim()
    other = await world.new_account()
    outcomes = await asyncio.gather(
        approve(world, claim.id), reserve(world, "31.0.0.0/24", other), return_exceptions=True
    )
    kinds = {type(one) for one in outcomes if isinstance(one, BaseException)}
    assert kinds in ({SpaceReserved}, {OverlapsApproved})


async def test_the_database_itself_refuses_claims_and_approvals_of_reserved_space(
    world: World,
) -> None:
    claim = await world.claim()
    await reserve(world, "31.0.0.0/16", await world.new_account())
    for statement in (
        "UPDATE prefixes SET state = 'approved', approved_at = now(), approved_by = 'operator'",
        (
            "INSERT INTO prefixes (id, account_id, cidr, asn, description, delegate_loa_creation,"
            " created_at, modified_at, state, standing, irr_state, rpki_state, ownership_state,"
            " findings, irr_waived, other_origins, version) SELECT gen_random_uuid(), account_id,"
            " '31.0.4.0/24', asn, '', false, now(), now(), state, standing, irr_state, rpki_state,"
            " ownership_state, findings, irr_waived, other_origins, version FROM prefixes"
        ),
    ):
        with pytest.raises(DBAPIError, match="reserved") as refused:
            async with world.engine.begin() as connection:
                await connection.execute(text(statement))
        assert isinstance(refused.value.orig, psycopg.errors.RestrictViolation)
    assert (await world.now(claim)).state is State.PENDING


async def test_the_operators_history_is_only_added_to(world: World) -> None:
    await reserve(world, "31.0.0.0/16")
    for statement in (
        "UPDATE operator_events SET reason = 'x'",
        "DELETE FROM operator_events",
        "TRUNCATE operator_events",
    ):
        with pytest.raises(DBAPIError, match="history is only ever added to"):
            async with world.engine.begin() as connection:
                await connection.execute(text(statement))


async def test_the_operators_history_has_no_gaps_though_many_write_at_once(world: World) -> None:
    many = [reserve(world, f"31.{n}.0.0/24") for n in range(12)]
    failing = [reserve(world, "31.0.0.0/16") for _ in range(3)]  # overlaps one of them, or all
    await asyncio.gather(*many, *failing, return_exceptions=True)
    ordered = text("SELECT number FROM operator_events ORDER BY number")
    async with world.engine.connect() as connection:
        numbers = list(await connection.scalars(ordered))
        kept = await connection.scalar(text("SELECT count(*) FROM reservations"))
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) == kept


async def test_a_revoked_claim_that_is_still_bound_is_not_closed_as_unproven(
    world: World, services: dict[str, UUID]
) -> None:
    claim = await world.approved()
    binding = await world.bind(claim, str(claim.prefix), services["CDN"])
    await revoke(world, claim.id)
    close = CloseUnproven(world.store, world.clock)
    world.clock.advance(timedelta(days=31))
    assert await close(by=WORKER) == 0
    async with world.store.transaction() as tx:
        await tx.bindings.remove(binding, world.clock.now())
    assert await close(by=WORKER) == 0  # it is told a day before
    world.clock.advance(timedelta(days=1))
    assert await close(by=WORKER) == 1
    assert await world.state(claim) == "closed"


async def test_a_revoked_claim_has_its_thirty_days_from_then(world: World) -> None:
    claim = await world.approved()
    world.clock.advance(timedelta(days=40))
    await revoke(world, claim.id)
    close = CloseUnproven(world.store, world.clock)
    world.clock.advance(timedelta(days=29))
    assert await close(by=WORKER) == 0
    world.clock.advance(timedelta(days=2))
    assert await close(by=WORKER) == 1


async def test_a_suspended_claim_is_not_closed_as_unproven(world: World) -> None:
    claim = await world.claim()
    await stand(world, claim.id, Transition.SUSPENDED)
    for days in (31, 1):
        world.clock.advance(timedelta(days=days))
        assert await CloseUnproven(world.store, world.clock)(by=WORKER) == 0
    assert await world.state(claim) == "pending"


async def test_a_service_is_not_retired_from_under_a_binding_of_the_same_moment(
    world: World, services: dict[str, UUID]
) -> None:
    claim = await world.approved()
    retire = Verb(world.store, service_verbs.retire)
    outcomes = await asyncio.gather(
        world.bind(claim, str(claim.prefix), services["CDN"]),
        retire(services["CDN"], reason=WHY, by=OPERATOR),
        return_exceptions=True,
    )
    kinds = {type(one) for one in outcomes if isinstance(one, BaseException)}
    assert kinds in ({ServiceInUse}, {ServiceNotFound})


async def test_the_database_itself_keeps_a_bound_service(
    world: World, services: dict[str, UUID]
) -> None:
    claim = await world.approved()
    await world.bind(claim, str(claim.prefix), services["CDN"])
    with pytest.raises(DBAPIError, match="fk_bindings_live_service"):
        async with world.engine.begin() as connection:
            await connection.execute(text("UPDATE services SET removed_at = now()"))


async def test_suspending_forbids_the_operator_as_well_to_approve(world: World) -> None:
    claim = await world.claim()
    await stand(world, claim.id, Transition.SUSPENDED)
    with pytest.raises(PrefixSuspended):
        await approve(world, claim.id)


async def test_an_operators_override_wins_over_the_settings_and_the_longest_over_both(
    world: World,
) -> None:
    others = {
        key: Registry(key, key.upper(), f"whois.{key}.test", Dialect.RIPE)
        for key in ("arin", "apnic")
    }
    put = partial(Verb(world.store, registry_overrides.put), registries={"ripencc", *others})
    claim = await world.claim()
    ask = replace(world.ask, registries={**world.registries, **others})
    subject = CheckTarget(claim.account_id, claim.prefix, ORIGIN)

    async def responsible() -> str | None:
        return (await ask(subject)).registry

    assert await responsible() == "ripencc"
    await put(cidr="0.0.0.0/0", registry="arin", reason=WHY, by=OPERATOR)
    assert await responsible() == "arin"
    await put(cidr="31.0.0.0/16", registry="apnic", reason=WHY, by=OPERATOR)
    assert await responsible() == "apnic"
    await put(cidr="31.0.0.0/16", registry="ripencc", reason=WHY, by=BY)
    assert await responsible() == "ripencc"
