"""Trust, 4.1: a prefix that is offboarded and restored without end leaves few letters behind."""

from datetime import timedelta

from byoip.domain.claims.claim import Claim
from byoip.usecases.letters.renew_letters import RenewLetters
from tests.trust.contests import go_on, offboard, restore
from tests.trust.test_5_1_letters_taken_back import owed
from tests.usecases.conftest import world, world_engine
from tests.usecases.letters import approved, write
from tests.usecases.world import World, roa

__all__ = ["world", "world_engine"]  # fixtures

A_DAY = 4


async def back_and_forth(world: World, claim: Claim) -> None:
    world.clock.advance(timedelta(minutes=5))
    await offboard(world, claim)
    await go_on(world)
    await restore(world, claim)


async def test_a_prefix_that_comes_and_goes_gets_so_many_letters_a_day(world: World) -> None:
    claim = await approved(world)
    for _ in range(A_DAY):
        assert await owed(world) == 1
        assert await RenewLetters(world.store, world.clock)() == 1
        assert await write(world, claim)
        await back_and_forth(world, claim)
    assert await write(world, claim) is None
    assert await RenewLetters(world.store, world.clock)() == 0, "no job for it every ten minutes"
    assert await owed(world) == 0, "nothing that an operator could do"


async def test_the_next_day_it_gets_its_letter(world: World) -> None:
    claim = await approved(world)
    for _ in range(A_DAY):
        assert await write(world, claim)
        await back_and_forth(world, claim)
    world.clock.advance(timedelta(days=1))
    await world.roas(roa(claim.prefix))
    assert await RenewLetters(world.store, world.clock)() == 1
    assert await write(world, claim)
