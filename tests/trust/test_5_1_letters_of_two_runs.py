"""Trust, 5.1: a letter states what counted, also where the run before the approving one saw it."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from byoip.domain.checks.evidence import Check, Fault
from byoip.domain.claims.claim import Claim
from byoip.domain.claims.ownership_token import TokenMethod
from byoip.ports.checks.registry import Lookup
from byoip.store.checks.raw_answers import NEWEST_KEPT
from tests.usecases.conftest import world, world_engine
from tests.usecases.letters import claimed, written
from tests.usecases.world import LABEL, World

__all__ = ["world", "world_engine"]  # fixtures

MINUTE = timedelta(minutes=1)


async def owning(world: World, claim: Claim) -> None:
    """A run proves ownership in reverse DNS, while the registry is silent."""
    await world.prove(claim)
    world.registry.silent_about.add((Lookup.EXACT_ROUTES, claim.prefix))
    await world.validate(claim)
    world.registry.silent_about.clear()
    assert not (await world.now(claim)).approved
    world.clock.advance(MINUTE)


async def test_ownership_that_the_run_before_has_proven_is_stated(world: World) -> None:
    claim = await claimed(world)
    proven_at = world.clock.now()
    await owning(world, claim)
    world.dns.fail(Fault.TIMEOUT)
    await world.validate(claim)
    assert (await world.now(claim)).approved
    letter = await written(world, claim)
    stated = {one.check: one.at for one in letter.facts.checks}
    assert stated[Check.OWNERSHIP_RDNS] == proven_at
    assert stated[Check.IRR] == proven_at + MINUTE
    async with world.engine.connect() as connection:
        grounds = await connection.scalars(text("SELECT grounds_of_letter FROM validation_runs"))
    assert list(grounds) == [True, True], "the answers of both runs are kept for good"


async def test_what_an_earlier_token_has_proven_is_not(world: World) -> None:
    claim = await claimed(world)
    await owning(world, claim)
    token = (await world.issue(claim, TokenMethod.IRR)).token
    world.route(claim.prefix, f"remarks: {LABEL}: {token.value}")
    await world.validate(claim)
    assert (await world.now(claim)).approved
    stated = {one.check for one in (await written(world, claim)).facts.checks}
    assert Check.OWNERSHIP_IRR in stated
    assert Check.OWNERSHIP_RDNS not in stated


async def test_a_pass_of_the_future_is_of_unknown_age_and_counts_for_nothing(world: World) -> None:
    claim = await claimed(world)
    world.clock.advance(5 * 24 * 60 * MINUTE)
    await owning(world, claim)
    world.clock.advance(-24 * 60 * MINUTE)  # the clock was wrong, and is set right
    world.dns.fail(Fault.TIMEOUT)
    await world.validate(claim)
    assert not (await world.now(claim)).approved
    world.dns.recover()
    await world.validate(claim)
    assert (await world.now(claim)).approved


async def asked_by(world: World, claim: Claim, ahead: timedelta) -> datetime:
    """A run of a worker whose clock is ahead, or behind; the time of its findings."""
    world.clock.advance(MINUTE + ahead)
    at = world.clock.now()
    await world.validate(claim)
    world.clock.advance(-ahead)
    return at


@pytest.mark.parametrize(
    ("first", "last"),
    [
        pytest.param(50 * MINUTE, 0 * MINUTE, id="the first worker's clock is ahead"),
        pytest.param(0 * MINUTE, -120 * MINUTE, id="the last one's is behind"),
    ],
)
async def test_what_was_answered_last_is_stated_whatever_clocks_of_workers_say(
    world: World, first: timedelta, last: timedelta
) -> None:
    claim = await claimed(world)
    await world.prove(claim)
    await world.validate(claim)
    await asked_by(world, claim, first)
    newest = await asked_by(world, claim, last)
    letter = await written(world, claim)
    stated = {one.check: one.at for one in letter.facts.checks}
    assert stated[Check.IRR] == newest
    assert stated[Check.OWNERSHIP_RDNS] < newest or last  # of the run that approved
    async with world.engine.connect() as connection:
        grounds = await connection.scalars(
            text("SELECT grounds_of_letter FROM validation_runs ORDER BY recorded")
        )
    assert list(grounds) == [True, False, True], "the answers that it states are kept for good"


async def test_the_newest_runs_are_those_that_were_recorded_last(world: World) -> None:
    claim = await claimed(world)
    await world.prove(claim)
    await world.validate(claim)
    await asked_by(world, claim, 50 * MINUTE)
    for _ in range(NEWEST_KEPT):
        await asked_by(world, claim, 0 * MINUTE)
    async with world.engine.connect() as connection:
        due = await connection.scalars(
            text("SELECT raw_until IS NOT NULL FROM validation_runs ORDER BY recorded")
        )
    assert list(due) == [False, True, *([False] * NEWEST_KEPT)], "the approval's is kept"
