"""Trust, 5.3: a prefix that is resumed is contested if it has a rival, whatever it was before."""

import pytest

from byoip.domain.claims.lifecycle import Standing, Transition
from tests.trust.contests import offboard, remove, restore, rival, stand, stands
from tests.usecases.conftest import world, world_engine
from tests.usecases.world import World

__all__ = ["world", "world_engine"]  # fixtures


async def test_a_rival_came_while_the_holder_was_suspended(world: World) -> None:
    holder = await world.approved()
    await stand(world, holder, Transition.SUSPENDED)
    other = await rival(world)

    await stand(world, holder, Transition.RESUMED)

    assert await stands(world, holder) is await stands(world, other) is Standing.CONTESTED


@pytest.mark.parametrize("suspended", ["holder", "other"])
async def test_a_suspension_ends_no_contest(world: World, suspended: str) -> None:
    holder = await world.approved()
    other = await rival(world)
    moved = {"holder": holder, "other": other}[suspended]
    await stand(world, moved, Transition.SUSPENDED)

    await stand(world, moved, Transition.RESUMED)

    assert await stands(world, holder) is await stands(world, other) is Standing.CONTESTED


async def test_it_is_resumed_undisputed_once_the_rival_has_gone(world: World) -> None:
    holder = await world.approved()
    other = await rival(world)
    await stand(world, holder, Transition.SUSPENDED)
    await remove(world, other)

    await stand(world, holder, Transition.RESUMED)

    assert await stands(world, holder) is Standing.OK


async def test_a_claim_that_has_proven_nothing_is_in_no_contest(world: World) -> None:
    holder = await world.approved()
    other = await world.claim(account_id=await world.new_account())
    await stand(world, other, Transition.SUSPENDED)

    await stand(world, other, Transition.RESUMED)

    assert await stands(world, holder) is await stands(world, other) is Standing.OK


async def test_a_claim_that_proved_the_space_while_suspended_contests_its_holder(
    world: World,
) -> None:
    holder = await world.approved()
    other = await world.claim(account_id=await world.new_account())
    await stand(world, other, Transition.SUSPENDED)
    await world.prove(other)
    await world.validate(other)
    assert await stands(world, holder) is Standing.OK

    await stand(world, other, Transition.RESUMED)

    assert await stands(world, holder) is await stands(world, other) is Standing.CONTESTED


async def test_a_holder_that_leaves_meanwhile_is_contested_when_it_is_restored(
    world: World,
) -> None:
    holder = await world.approved()
    other = await world.claim(account_id=await world.new_account())
    await stand(world, other, Transition.SUSPENDED)
    await world.prove(other)
    await world.validate(other)
    await offboard(world, holder)
    await stand(world, other, Transition.RESUMED)

    await restore(world, holder)

    assert await stands(world, holder) is await stands(world, other) is Standing.CONTESTED
