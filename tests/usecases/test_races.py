"""Many requests at once: one wins, the others are refused, and none meets a deadlock."""

import asyncio
from collections import Counter
from uuid import UUID

import pytest

from byoip.domain.checks.validation_run import RunResult
from byoip.domain.claims.claim import OverlapsOwnClaim
from byoip.domain.claims.lifecycle import Standing
from byoip.domain.claims.ownership_token import TokenSpent
from byoip.usecases.checks import request_validation
from byoip.usecases.claims import prefixes, tokens
from tests.seeds import seeds
from tests.store.samples import BY
from tests.usecases.verbs import Verb
from tests.usecases.world import World, roa

# All of them contain 31.7.7.0/24, so any two overlap.
_NESTED = [
    "31.7.7.0/24",
    "31.7.6.0/23",
    "31.7.4.0/22",
    "31.7.0.0/21",
    "31.7.0.0/20",
    "31.7.0.0/19",
    "31.7.0.0/18",
    "31.7.0.0/17",
    "31.7.0.0/16",
    "31.0.0.0/8",
]


async def test_of_fifty_approvals_of_overlapping_space_one_wins(world: World) -> None:
    world.store.excused = True  # others' transactions are open all the time
    claims = [
        await world.claim(_NESTED[number % 10], account_id=await world.new_account())
        for number in range(50)
    ]
    for claim in claims:
        world.route(claim.prefix)
    await world.roas(*(roa(claim.prefix) for claim in claims[:10]))
    runs = [await world.request(claim) for claim in claims]
    await world.answer_every_token()
    await asyncio.gather(*map(world.carry_out, runs))
    ended = [
        await world.reader.run(claim.account_id, claim.id, run)
        for claim, run in zip(claims, runs, strict=True)
    ]
    assert Counter(one.run.result for one in ended) == {
        RunResult.APPROVED: 1,
        RunResult.CONTESTED: 49,
    }
    decided = [await world.now(claim) for claim in claims]
    assert [claim.approved for claim in decided].count(True) == 1
    assert {claim.standing for claim in decided} == {Standing.CONTESTED}
    for claim in claims:
        assert (await world.kinds(claim)).count("prefix.contested") == 1


async def test_two_workers_that_take_the_same_run_do_its_work_once(world: World) -> None:
    world.store.excused = True
    claim = await world.claim()
    await world.prove(claim)
    run_id = await world.request(claim)
    await asyncio.gather(*(world.carry_out(run_id) for _ in range(10)))
    kinds = await world.kinds(claim)
    assert kinds.count("validation.finished") == kinds.count("prefix.approved") == 1
    assert len(world.dns.asked) == 2


async def test_many_who_ask_at_once_open_one_run(world: World) -> None:
    claim = await world.claim()
    request = Verb(world.store, request_validation.request_validation)
    await asyncio.gather(*(request(claim.account_id, claim.id, by=BY) for _ in range(20)))
    assert len(await world.runs(claim)) == len(await world.jobs()) == 1
    assert (await world.kinds(claim)).count("validation.requested") == 1


async def test_a_revocation_and_an_approval_never_both_win(world: World) -> None:
    world.store.excused = True
    revoke = Verb(world.store, tokens.revoke)
    for number in range(10):
        claim = await world.claim(f"31.1.{number}.0/24")
        await world.prove(claim)
        token = await world.token(claim)
        run_id = await world.request(claim)
        revoked, _ = await asyncio.gather(
            revoke(claim.account_id, claim.id, token.id, by=BY),
            world.carry_out(run_id),
            return_exceptions=True,
        )
        approved = (await world.now(claim)).approved
        assert approved is isinstance(revoked, TokenSpent)


async def test_removals_validations_and_contests_meet_without_a_deadlock(world: World) -> None:
    world.store.excused = True
    holder = await world.approved("31.7.0.0/16")
    rivals = [await world.claim(cidr, account_id=await world.new_account()) for cidr in _NESTED[:8]]
    for claim in rivals:
        world.route(claim.prefix)
    await world.roas(*(roa(claim.prefix) for claim in (*rivals, holder)))
    await world.answer_every_token()
    runs = [await world.request(claim) for claim in (*rivals, holder)]
    remove = Verb(world.store, prefixes.remove)
    await asyncio.gather(*map(world.carry_out, runs), remove(holder.account_id, holder.id, by=BY))
    decided = [await world.now(claim) for claim in rivals]
    assert [claim.approved for claim in decided].count(True) <= 1
    assert await world.state(holder) == "closed"


async def test_one_account_gets_one_of_many_overlapping_claims(world: World) -> None:
    answers = await asyncio.gather(
        *(world.claim(cidr) for cidr in _NESTED * 2), return_exceptions=True
    )
    refused = [one for one in answers if isinstance(one, BaseException)]
    assert len(refused) == 19
    assert {type(one) for one in refused} == {OverlapsOwnClaim}


@pytest.mark.parametrize("attempt", seeds(2, soak=100))
async def test_a_claim_beside_an_approval_of_the_same_account_meets_no_deadlock(
    world: World, attempt: int
) -> None:
    world.store.excused = True
    claims = [await world.claim(f"31.{attempt}.{number * 2}.0/24") for number in range(12)]
    await world.roas(*(roa(claim.prefix) for claim in claims))
    for claim in claims:
        world.route(claim.prefix)
    await world.answer_every_token()
    runs: list[UUID] = [await world.request(claim) for claim in claims]
    overlapping = [
        world.claim(f"31.{attempt}.{number * 2}.0/23") for number in range(12) for _ in range(3)
    ]
    answers = await asyncio.gather(
        *map(world.carry_out, runs), *overlapping, return_exceptions=True
    )
    faults = [one for one in answers if isinstance(one, BaseException)]
    assert {type(one) for one in faults} == {OverlapsOwnClaim}
    assert all([(await world.now(claim)).approved for claim in claims])
