"""Trust, 5.1: a letter that the operator took back stays so, whatever clocks say."""

from datetime import timedelta

from byoip.usecases.letters.renew_letters import RenewLetters
from tests.trust.contests import revoke
from tests.trust.test_5_1_letters_taken_back import owed, take_back
from tests.usecases.conftest import world, world_engine
from tests.usecases.letters import HOUR, approved, write, written
from tests.usecases.world import World, roa

__all__ = ["world", "world_engine"]  # fixtures


async def test_5_1_taken_back_by_a_clock_that_is_behind_none_follows(world: World) -> None:
    """The worker that approved it is an hour ahead of the process that the operator asks."""
    claim = await approved(world)
    letter = await written(world, claim)
    world.clock.advance(-HOUR + timedelta(minutes=5))
    await take_back(world, letter)

    world.clock.advance(timedelta(minutes=5))
    assert await RenewLetters(world.store, world.clock)() == 0
    assert await write(world, claim) is None
    assert await owed(world) == 0


async def test_5_1_a_new_approval_lifts_it_by_a_clock_that_is_behind_too(world: World) -> None:
    claim = await approved(world)
    letter = await written(world, claim)
    world.clock.advance(HOUR)
    await take_back(world, letter)
    await revoke(world, claim)

    world.clock.advance(timedelta(minutes=5) - HOUR)
    await world.roas(roa(claim.prefix))
    await world.issue(claim)
    await world.prove(claim)
    await world.validate(claim)
    assert (await world.now(claim)).approved
    assert await RenewLetters(world.store, world.clock)() == 1
    assert await owed(world) == 1
    await written(world, claim)
