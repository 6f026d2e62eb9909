"""Trust, 1 and 2: what was found before a worker was stopped, for longer than a lease, is no proof.

It would be dated as it goes on, however long ago name servers and registries said it.
"""

from byoip.domain.checks.validation_run import LEASE
from byoip.domain.claims.lifecycle import State
from byoip.usecases.checks.rescue_runs import rescue_runs
from tests.usecases.conftest import world, world_engine
from tests.usecases.world import World

__all__ = ["world", "world_engine"]  # fixtures


async def test_a_worker_that_was_stopped_records_nothing_though_no_other_took_over(
    world: World,
) -> None:
    claim = await world.claim()
    await world.prove(claim)
    run_id = await world.request(claim)

    async def stopped() -> None:
        await world.set_lease(run_id, "-3 hours")

    world.registry.meanwhile = stopped
    await world.carry_out(run_id)

    assert (await world.now(claim)).state is State.PENDING
    assert "validation.finished" not in await world.kinds(claim)
    await world.lose_jobs()
    async with world.store.transaction() as tx:
        assert await rescue_runs(tx) == 1
    await world.carry_out(run_id)
    assert (await world.now(claim)).state is State.APPROVED


async def test_its_first_sign_of_life_afterwards_brings_no_lease_back(world: World) -> None:
    run_id = await world.request(await world.claim())
    async with world.store.transaction() as tx:
        run = await tx.runs.take(run_id, LEASE)
        assert run is not None
    await world.set_lease(run_id, "-3 hours")
    async with world.store.transaction() as tx:
        assert not await tx.runs.renew(run_id, run.attempt, LEASE)
