from datetime import timedelta
from uuid import uuid4

import pytest

from byoip.domain.checks.evidence import Fault
from byoip.domain.checks.validation_run import RunState, Trigger
from byoip.domain.claims.claim import ClaimNotFound
from byoip.usecases.checks import request_validation
from tests.store.samples import BY
from tests.usecases.verbs import Verb
from tests.usecases.world import World


async def test_asking_starts_a_run_and_enqueues_it(world: World) -> None:
    claim = await world.claim()
    asked = await Verb(world.store, request_validation.request_validation)(
        claim.account_id, claim.id, by=BY
    )
    assert asked.view.claim == claim
    run = await world.open_run(claim)
    assert (run.trigger, run.state, run.due_at) == (
        Trigger.CUSTOMER,
        RunState.SCHEDULED,
        world.clock.now(),
    )
    assert await world.jobs() == [(run.id, None)]
    last = (await world.events(claim))[-1]
    assert (last.kind, last.after) == ("validation.requested", {"validation_id": run.id.hex})


async def test_asking_again_joins_the_run_that_waits_or_is_out(world: World) -> None:
    claim = await world.claim()
    first = await world.request(claim)
    assert await world.request(claim) == first
    async with world.store.transaction() as tx:
        assert await tx.runs.take(first, timedelta(seconds=30))
    assert await world.request(claim) == first
    assert len(await world.jobs()) == 1
    assert (await world.kinds(claim)).count("validation.requested") == 1


async def test_asking_wakes_a_run_that_sleeps(world: World) -> None:
    claim = await world.claim()
    world.registry.fault = Fault.TIMEOUT
    await world.validate(claim)
    sleeping = await world.open_run(claim)
    assert sleeping.due_at > world.clock.now()
    assert await world.request(claim) == sleeping.id
    woken = await world.open_run(claim)
    assert (woken.due_at, woken.retries) == (world.clock.now(), 1)
    assert [one for one, _ in await world.jobs()][-2:] == [sleeping.id, sleeping.id]
    await world.carry_out(sleeping.id)
    assert (await world.open_run(claim)).retries == 2


async def test_only_ones_own_prefix_can_be_validated(world: World) -> None:
    claim = await world.claim()
    before = await world.everything()
    with pytest.raises(ClaimNotFound):
        await Verb(world.store, request_validation.request_validation)(uuid4(), claim.id, by=BY)
    assert await world.everything() == before
