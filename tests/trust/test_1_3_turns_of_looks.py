"""Trust, 1.3: first looks of an account at a registry that is silent stop no other's runs."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace

from sqlalchemy import text

from byoip.cli.serving import working
from byoip.domain.checks.validation_run import RunState
from byoip.ports import jobs
from byoip.store.jobs.jobs import make_job_app
from byoip.usecases.checks.first_looks.look_first import LookFirst
from byoip.usecases.checks.turns import Turns
from byoip.worker.tasks import register
from tests.announcing import until
from tests.trust.test_1_3_turns_of_runs import SilentRegistry, first_state, validation_of
from tests.usecases.conftest import world, world_engine
from tests.usecases.world import REGISTRY, World
from tests.worker.test_tasks import work_of

__all__ = ["world", "world_engine"]  # fixtures

PLACES = 8
PATIENCE = 0.5
FLOOD = 60  # of looks, each of which waits so long for a turn: longer than the test lasts
LAST = text("""
    INSERT INTO account_counters (account_id, live_prefixes, open_runs) VALUES (:large, 500, 5000)
    ON CONFLICT (account_id) DO UPDATE SET open_runs = 5000
""")


async def test_a_worker_full_of_one_accounts_looks_carries_out_anothers_runs(
    world: World, database_url: str
) -> None:
    """What got no turn came again before the runs of an account that had more of them."""
    world.responsible, world.looks = replace(REGISTRY, holder_rule=True), False
    silent, turns = SilentRegistry(world.account_id), Turns(PLACES, PATIENCE)
    for number in range(FLOOD):
        await world.claim(f"31.{number}.0.0/24")
    large = await world.new_account()
    other = await world.claim("37.0.0.0/24", account_id=large)
    async with world.engine.begin() as connection:  # comes last in the queue's order
        await connection.execute(LAST, {"large": large})
    validation = validation_of(world, silent, turns)
    look = LookFirst(world.store, validation.ask, turns, validation)
    async with AsyncExitStack() as stack:
        app = make_job_app(database_url)
        register(app, replace(work_of(world)[0], run_validation=validation, look_first=look))
        queues, stop = [jobs.DEFAULT_QUEUE, jobs.LOOK_FIRST], asyncio.Event()
        await stack.enter_async_context(working(app, queues, PLACES, stop=stop))
        stack.callback(silent.awake.set)  # jobs end before their workers
        await until(lambda: turns.running[world.account_id] == PLACES // 2)
        await world.request(other)
        began = asyncio.get_running_loop().time()

        async def done() -> bool:
            return await first_state(world, other) == RunState.FINISHED

        await until(done, seconds=60)
        assert asyncio.get_running_loop().time() - began < FLOOD / PLACES * PATIENCE / 2
        assert turns.running[world.account_id] == PLACES // 2
