"""Trust, 5.3: a rival whose mark is covered, and that loses its proof, leaves no mark behind."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from byoip.domain.checks.evidence import CheckState
from byoip.domain.claims.claim import Claim
from byoip.domain.claims.lifecycle import Standing, Transition
from byoip.usecases.claims import tokens
from tests.store.samples import BY
from tests.trust.contests import last_event, rival, stand, stands
from tests.usecases.conftest import world, world_engine
from tests.usecases.verbs import Verb
from tests.usecases.world import World

__all__ = ["world", "world_engine"]  # fixtures

Loses = Callable[[World, Claim], Awaitable[object]]


async def another_token(world: World, claim: Claim) -> None:
    await world.issue(claim)


async def token_revoked(world: World, claim: Claim) -> None:
    token = await world.token(claim)
    await Verb(world.store, tokens.revoke)(claim.account_id, claim.id, token.id, by=BY)


async def zone_without_it(world: World, claim: Claim) -> None:
    world.txt(claim.prefix, "something else")
    world.clock.advance(timedelta(minutes=1))
    await world.validate(claim)


@pytest.mark.parametrize("loses", [another_token, token_revoked, zone_without_it])
async def test_it_is_suspended_and_loses_what_it_had_proven(world: World, loses: Loses) -> None:
    holder = await world.approved()
    other = await rival(world)
    await stand(world, other, Transition.SUSPENDED)
    assert await stands(world, holder) is Standing.CONTESTED, "a suspension ends no contest"

    await loses(world, other)

    assert (await world.now(other)).ownership.state is not CheckState.VALID
    assert await stands(world, holder) is Standing.OK
    assert (await last_event(world, holder)).after["because"] == "no rival is left"
    await stand(world, other, Transition.RESUMED)
    assert await stands(world, holder) is await stands(world, other) is Standing.OK


async def test_so_it_is_where_its_mark_is_covered_while_its_run_is_out(world: World) -> None:
    holder = await world.approved()
    other = await rival(world)
    world.txt(other.prefix, "something else")
    world.clock.advance(timedelta(minutes=1))

    async def covered() -> None:
        world.registry.meanwhile = None
        await stand(world, other, Transition.SUSPENDED)
        assert (await world.now(other)).silent_rival
        assert await stands(world, holder) is Standing.CONTESTED

    world.registry.meanwhile = covered
    await world.validate(other)

    assert (await world.now(other)).ownership.state is not CheckState.VALID
    assert await stands(world, holder) is Standing.OK
    assert (await last_event(world, holder)).after["because"] == "no rival is left"


async def test_one_that_is_contested_stays_a_rival_until_it_goes(world: World) -> None:
    holder = await world.approved()
    other = await rival(world)
    for loses in (another_token, zone_without_it):
        await loses(world, other)
        assert await stands(world, holder) is await stands(world, other) is Standing.CONTESTED


async def test_of_one_resumed_without_its_proof_the_holder_is_free(world: World) -> None:
    """It lost it as it was contested: nothing of it is proven when it is resumed."""
    holder = await world.approved()
    other = await rival(world)
    await world.issue(other)
    await stand(world, other, Transition.SUSPENDED)
    assert await stands(world, holder) is Standing.CONTESTED

    await stand(world, other, Transition.RESUMED)

    assert await stands(world, holder) is await stands(world, other) is Standing.OK
