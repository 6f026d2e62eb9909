"""Approval counts only passed answers, at most an hour old."""

from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest

from byoip.domain.asn import Asn
from byoip.domain.checks import evidence
from byoip.domain.checks.reverse_dns.observation import ZoneSecurity
from byoip.domain.checks.reverse_zone import reverse_zones
from byoip.domain.checks.validation_run import BACKOFF, RunResult, Trigger
from byoip.domain.claims.claim import Claim
from byoip.domain.claims.lifecycle import Standing, State
from byoip.domain.claims.ownership_token import TokenMethod
from byoip.ports.checks.registry import Lookup
from byoip.usecases.checks.targets import CheckTarget
from tests.usecases.world import CIDR, LABEL, REGISTRY, World, roa

YES, NO, SILENT = "yes", "no", "silent"
ENDS = (YES, NO, SILENT)
# The token stands in the route object: without one there is nothing to look into.
IN_REGISTRY = (*((YES, end) for end in ENDS), (NO, NO), (SILENT, SILENT))
HOUR = timedelta(hours=1)
HELD = "status: ASSIGNED PA\nmnt-by: A-MNT\nsource: RIPE"


async def arrange(world: World, claim: Claim, irr: str, in_irr: str, in_rdns: str) -> None:
    value, prefix = (await world.token(claim)).value, claim.prefix
    if irr == YES:
        world.route(prefix, *([] if in_irr == NO else [f"remarks: {LABEL}: {value}"]))
        held = f"{prefix.network[0]} - {prefix.network[-1]}"
        world.registry.put("RIPE", f"inetnum: {held}\n{HELD}")
    if irr == SILENT:
        world.registry.silent_about.add((Lookup.EXACT_ROUTES, prefix))
    if in_irr == SILENT:
        world.registry.silent_about.add((Lookup.SMALLEST_HOLDER, prefix))
    if in_rdns == YES:
        world.txt(prefix, value)
    if in_rdns == SILENT:
        for zone in reverse_zones(prefix):
            world.dns.secure(zone.owner(LABEL), ZoneSecurity.UNKNOWN)


def expected(irr: str, in_irr: str, in_rdns: str, rpki: str) -> RunResult:
    ways = (in_irr, in_rdns)
    if irr == rpki == YES and YES in ways:
        return RunResult.APPROVED
    if SILENT in (irr, rpki) or (YES not in ways and SILENT in ways):
        return RunResult.UNANSWERED
    return RunResult.FAILED


async def test_every_combination_of_ends_ends_as_the_rule_says(world: World) -> None:
    world.responsible = replace(REGISTRY, holder_rule=True)
    cases = [
        (irr, in_irr, in_rdns, rpki)
        for (irr, in_irr), in_rdns, rpki in product(IN_REGISTRY, ENDS, ENDS)
    ]
    claims = [await world.claim(f"31.0.{number}.0/24") for number in range(len(cases))]
    known = []
    for case, claim in zip(cases, claims, strict=True):
        await arrange(world, claim, *case[:3])
        if case[3] == YES:
            known.append(roa(claim.prefix))
        if case[3] == SILENT:  # only an expired one would have made it valid
            known.append(roa(claim.prefix, expires=world.clock.now() - HOUR))
    await world.roas(*known)
    for case, claim in zip(cases, claims, strict=True):
        run = await world.validate(claim)
        assert run.run.result is expected(*case), case
        decided = await world.now(claim)
        assert decided.approved is (run.run.result is RunResult.APPROVED), case
        for end, record in ((case[0], decided.irr), (case[3], decided.rpki)):
            assert (record.state is evidence.CheckState.VALID) is (end == YES), case
            assert bool(record.doubt) is (end == SILENT), case
            assert (record.state is evidence.CheckState.PENDING) is (end == SILENT), case
        again = [one.run for one in await world.runs(claim) if one.run.finished_at is None]
        assert bool(again) is (run.run.result is RunResult.UNANSWERED), case


async def test_a_proven_claim_is_approved_in_one_run_with_its_history(world: World) -> None:
    claim = await world.claim()
    await world.prove(claim)
    run = await world.validate(claim)
    assert run.run.result is RunResult.APPROVED
    decided = await world.now(claim)
    assert (decided.state, decided.standing) == (State.APPROVED, Standing.OK)
    assert decided.approved_at == world.clock.now()
    assert (await world.token(claim)).consumed_at is not None
    assert decided.registry == "ripencc"
    events = await world.events(claim)
    assert [one.kind for one in events] == [
        "prefix.created",
        "validation.requested",
        "token.consumed",
        "check.irr",
        "check.rpki",
        "check.ownership",
        "prefix.approved",
        "validation.finished",
    ]
    assert events[3].before == {"state": "pending"}
    assert events[3].after == {"state": "valid"}
    assert (events[6].before, events[6].after) == ({"state": "pending"}, {"state": "approved"})
    assert events[7].after == {"validation_id": run.run.id.hex, "result": "approved"}
    assert {(one.actor, one.request_id) for one in events[2:]} == {("worker", "job-1")}


async def test_every_check_is_kept_with_what_was_asked_and_answered(world: World) -> None:
    claim = await world.claim()
    await world.prove(claim)
    found = {one.check: one for one in (await world.validate(claim)).findings}
    assert set(found) == set(evidence.Check)
    assert isinstance(found[evidence.Check.REGISTRATION].outcome, evidence.Passed)
    assert [one.asked for one in found[evidence.Check.IRR].exhibits] == [
        f"exact_routes {CIDR}",
        f"more_specific_routes {CIDR}",
    ]
    assert b"origin:" in found[evidence.Check.IRR].exhibits[0].answer
    assert b'"asn": 64500' in found[evidence.Check.RPKI].exhibits[0].answer
    assert found[evidence.Check.RPKI].exhibits[0].of.startswith("snapshot ")
    assert len(found[evidence.Check.OWNERSHIP_RDNS].exhibits) == 2


@pytest.mark.parametrize(
    ("age", "result"),
    [(HOUR, RunResult.APPROVED), (HOUR + timedelta(seconds=1), RunResult.UNANSWERED)],
    ids=["an hour", "a second more"],
)
async def test_an_answer_counts_for_an_hour(
    world: World, age: timedelta, result: RunResult
) -> None:
    claim = await world.claim()
    world.route(claim.prefix)
    world.txt(claim.prefix, (await world.token(claim)).value)
    await world.roas()
    assert (await world.validate(claim)).run.result is RunResult.FAILED  # no ROA yet
    world.clock.advance(age)
    await world.roas(roa(claim.prefix))
    world.registry.fault = evidence.Fault.TIMEOUT
    world.dns.fail(evidence.Fault.TIMEOUT)
    assert (await world.validate(claim)).run.result is result
    assert (await world.now(claim)).irr.state is evidence.CheckState.VALID


async def test_silence_leaves_the_last_state_and_is_tried_again_later_each_time(
    world: World,
) -> None:
    claim = await world.claim()
    await world.roas(roa(claim.prefix))
    world.txt(claim.prefix, (await world.token(claim)).value)
    await world.validate(claim)
    assert (await world.now(claim)).irr.state is evidence.CheckState.MISSING
    world.registry.fault = evidence.Fault.REFUSED
    run_id = await world.request(claim)
    for pause in (*BACKOFF, BACKOFF[-1]):
        await world.carry_out(run_id)
        kept = await world.now(claim)
        assert kept.irr.state is evidence.CheckState.MISSING
        assert kept.irr.reason is evidence.Reason.ROUTE_OBJECT_MISSING
        assert kept.irr.doubt.startswith("the twin was told so ")
        again = await world.open_run(claim)
        assert again.trigger is Trigger.RETRY
        assert again.due_at == world.clock.now() + pause
        assert (await world.jobs())[-1] == (again.id, again.due_at)
        ended = await world.reader.run(claim.account_id, claim.id, run_id)
        (silent, *_) = (
            one.outcome.fix
            for one in ended.findings
            if isinstance(one.outcome, evidence.Unanswered)
        )
        when = f"{again.due_at:%Y-%m-%d %H:%M:%S} UTC."
        assert silent.endswith(f"It is asked again by itself at {when}")
        await world.carry_out(again.id)  # before its time: nothing happens
        assert await world.open_run(claim) == again
        world.clock.advance(pause)
        await world.roas(roa(claim.prefix))
        run_id = again.id
    world.registry.fault = None
    world.route(claim.prefix)
    await world.carry_out(run_id)
    assert (await world.now(claim)).approved


async def test_an_unknown_registry_leaves_what_depends_on_it_unanswered(world: World) -> None:
    claim = await world.claim()
    await world.prove(claim)
    ask = replace(world.ask, registries={})
    subject = CheckTarget(claim.account_id, claim.prefix, claim.asn, await world.token(claim))
    ends = {one.check: type(one.outcome) for one in (await ask(subject)).findings}
    assert ends == {
        evidence.Check.REGISTRATION: evidence.Unanswered,
        evidence.Check.IRR: evidence.Unanswered,
        evidence.Check.OWNERSHIP_IRR: evidence.Unanswered,
        evidence.Check.OWNERSHIP_RDNS: evidence.Passed,
        evidence.Check.RPKI: evidence.Passed,
    }
    assert world.registry.asked == []


async def test_where_the_operator_waives_irr_reverse_dns_is_required(world: World) -> None:
    world.responsible = replace(REGISTRY, offers_route_objects=False)
    world.waived = frozenset({REGISTRY.key})
    claim = await world.claim()
    await world.roas(roa(claim.prefix))
    value = (await world.token(claim)).value
    world.route(claim.prefix, f"remarks: {LABEL}: {value}")
    refused = await world.validate(claim)
    assert refused.run.result is RunResult.FAILED
    outcomes = {one.check: one.outcome for one in refused.findings}
    assert isinstance(outcomes[evidence.Check.IRR], evidence.Passed)
    in_irr = outcomes[evidence.Check.OWNERSHIP_IRR]
    assert isinstance(in_irr, evidence.Failed)
    assert in_irr.reason is evidence.Reason.ROUTE_OBJECTS_NOT_OFFERED
    world.txt(claim.prefix, value)
    assert (await world.validate(claim)).run.result is RunResult.APPROVED
    assert (await world.now(claim)).irr_waived
    assert world.registry.asked == []  # there is no registry to ask


async def test_a_registry_without_route_objects_that_is_not_waived_fails(world: World) -> None:
    world.responsible = replace(REGISTRY, offers_route_objects=False)
    claim = await world.claim()
    await world.prove(claim)
    assert (await world.validate(claim)).run.result is RunResult.FAILED
    assert (await world.now(claim)).irr.reason is evidence.Reason.ROUTE_OBJECTS_NOT_OFFERED
    assert world.registry.asked == []


async def test_a_token_for_one_method_is_looked_for_there_alone(world: World) -> None:
    claim = await world.claim()
    await world.prove(claim)
    issued = (await world.issue(claim, TokenMethod.IRR)).token
    world.txt(claim.prefix, issued.value)
    run = await world.validate(claim)
    assert run.run.result is RunResult.FAILED
    assert evidence.Check.OWNERSHIP_RDNS not in {one.check for one in run.findings}
    assert world.dns.asked == []
    world.route(claim.prefix, f"remarks: {LABEL}: {issued.value}")
    assert (await world.validate(claim)).run.result is RunResult.APPROVED


async def test_the_whole_asking_has_one_deadline(world: World) -> None:
    world.responsible, world.deadline = replace(REGISTRY, holder_rule=True), 16
    claim = await world.claim()
    await world.prove(claim)
    world.route(claim.prefix, f"remarks: {LABEL}: {(await world.token(claim)).value}")
    # Twice that is too long: routes first, then their holder.
    world.registry.takes = {Lookup.EXACT_ROUTES: 9, Lookup.SMALLEST_HOLDER: 9}
    run = await world.validate(claim)
    outcomes = {one.check: one.outcome for one in run.findings}
    assert isinstance(outcomes[evidence.Check.IRR], evidence.Passed)
    silent = outcomes[evidence.Check.OWNERSHIP_IRR]
    assert isinstance(silent, evidence.Unanswered)
    assert run.run.result is RunResult.APPROVED  # by rDNS, which did answer


async def test_other_origins_are_kept_while_no_source_answers_and_forgotten_when_they_are_gone(
    world: World,
) -> None:
    claim = await world.claim()
    await world.roas(roa(claim.prefix, origin=Asn(64999)))
    world.route(claim.prefix, origin="AS65010")
    await world.validate(claim)
    known = {(one.asn.number, one.where) for one in (await world.now(claim)).other_origins}
    assert known == {(65010, "route object in RIPE"), (64999, "ROA")}
    world.registry.fault = evidence.Fault.TIMEOUT
    await world.validate(claim)
    again = (await world.now(claim)).other_origins
    assert {(one.asn.number, one.where) for one in again} == known
    assert len(again) == 2
    world.registry.fault = None
    await world.roas()
    await world.validate(claim)
    left = (await world.now(claim)).other_origins
    assert [one.asn.number for one in left] == [65010]
