"""Trust, 1.3: an account has a share of the worker, so that silent parties stop no other's runs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import text

from byoip.cli.serving import working
from byoip.domain.checks.evidence import Fault, RawAnswer
from byoip.domain.checks.validation_run import RunState
from byoip.domain.claims.claim import Claim
from byoip.ports import jobs
from byoip.ports.checks.registry import NoAnswer, RegistryAnswer, RegistryQuestion
from byoip.store.jobs.jobs import make_job_app
from byoip.usecases.checks.run_validation import RunValidation
from byoip.usecases.checks.turns import Turns
from byoip.worker.tasks import register
from tests.announcing import until
from tests.fakes.dns import FakeReverseDns
from tests.usecases.conftest import world, world_engine
from tests.usecases.world import WORKER, World
from tests.worker.test_tasks import work_of

__all__ = ["world", "world_engine"]  # fixtures

SOON = 0.05


class SilentRegistry:
    """Does not answer about one account's prefixes until it is told to."""

    def __init__(self, account_id: UUID) -> None:
        self.account_id = account_id
        self.awake = asyncio.Event()

    async def look_up(self, question: RegistryQuestion) -> RegistryAnswer:
        if question.account_id == self.account_id:
            await self.awake.wait()
        exhibit = RawAnswer(question.lookup.value, "the twin", b"", datetime.now(UTC))
        return NoAnswer(Fault.TIMEOUT, "the twin was silent", exhibit)


def validation_of(world: World, silent: SilentRegistry, turns: Turns) -> RunValidation:
    ask = replace(world.ask, registry=silent, dns=FakeReverseDns(), deadline=60.0)
    return RunValidation(world.store, ask, turns=turns)


async def flood(world: World, count: int) -> list[Claim]:
    claims = [await world.claim(f"31.{number}.0.0/24") for number in range(count)]
    for claim in claims:
        await world.request(claim)
    return claims


async def first_state(world: World, claim: Claim) -> str:
    """Of its first run: the one after it is open as well, and of the same moment."""
    found = await world.run_states(claim)
    return str(RunState.FINISHED) if RunState.FINISHED in found else found[0]


async def states(world: World, claims: list[Claim]) -> list[str]:
    return sorted([await first_state(world, claim) for claim in claims])


async def test_an_accounts_runs_beyond_its_share_come_later(world: World) -> None:
    silent = SilentRegistry(world.account_id)
    validation = validation_of(world, silent, Turns(4, SOON))
    claims = await flood(world, 4)
    runs = [(await world.open_run(claim)).id for claim in claims]
    other = await world.claim("37.0.0.0/24", account_id=await world.new_account())
    await world.request(other)

    attempts = [asyncio.create_task(validation(run_id, by=WORKER)) for run_id in runs]
    await until(lambda: sum(task.done() for task in attempts) == 2)
    assert await states(world, claims) == [RunState.RUNNING] * 2 + [RunState.SCHEDULED] * 2
    # One that gave up its place has carried out what another account waited for.
    assert await first_state(world, other) == RunState.FINISHED

    silent.awake.set()
    await asyncio.gather(*attempts)
    assert not validation.turns.running
    for run_id in runs:  # what was put back is carried out, as a first attempt
        await validation(run_id, by=WORKER)
    every = [one.run for claim in claims for one in await world.runs(claim)]
    ended = [run for run in every if run.id in runs]
    assert {(run.attempt, run.finished_at is None) for run in ended} == {(1, False)}


async def test_short_runs_of_one_account_follow_each_other_and_none_is_put_back(
    world: World,
) -> None:
    quick = SilentRegistry(await world.new_account())
    validation = validation_of(world, quick, Turns(2, patience=30))
    claims = await flood(world, 6)
    asked = len(await world.jobs())
    runs = [(await world.open_run(claim)).id for claim in claims]

    await asyncio.gather(*(validation(run_id, by=WORKER) for run_id in runs))

    assert await states(world, claims) == [RunState.FINISHED] * 6
    again = {run_id for run_id, _ in (await world.jobs())[asked:]}
    assert not again & set(runs)
    assert not validation.turns.running


async def test_accounts_at_work_leave_a_part_to_those_that_come() -> None:
    turns, first, second = Turns(12, SOON), UUID(int=1), UUID(int=2)

    @asynccontextmanager
    async def taken(account_id: UUID) -> AsyncIterator[int]:
        count = 0
        entered = []
        while await turns.comes(account_id):
            one = turns.turn(account_id)
            one.__enter__()
            entered.append(one)
            count += 1
        try:
            yield count
        finally:
            for one in entered:
                one.__exit__(None, None, None)

    async with taken(first) as firsts, taken(second) as seconds:
        assert (firsts, seconds) == (6, 4)
        assert turns.full() == [first, second]
    async with taken(second) as seconds:
        assert seconds == 6


async def test_two_workers_full_of_one_accounts_runs_carry_out_anothers_in_time(
    world: World, database_url: str
) -> None:
    silent = SilentRegistry(world.account_id)
    claims = await flood(world, 40)
    large = await world.new_account()
    async with world.engine.begin() as connection:  # and it comes last in the queue's order
        await connection.execute(
            text(
                "INSERT INTO account_counters (account_id, open_runs) VALUES (:large, 5000)"
                " ON CONFLICT (account_id) DO UPDATE SET open_runs = 5000"
            ),
            {"large": large},
        )
    validations = [validation_of(world, silent, Turns(8, SOON)) for _ in range(2)]
    async with AsyncExitStack() as stack:
        for validation in validations:
            app = make_job_app(database_url)
            register(app, replace(work_of(world)[0], run_validation=validation))
            queues, stop = [jobs.DEFAULT_QUEUE], asyncio.Event()
            await stack.enter_async_context(working(app, queues, 8, stop=stop))
        stack.callback(silent.awake.set)  # jobs end before their workers
        await until(lambda: all(one.turns.running[world.account_id] == 4 for one in validations))
        other = await world.claim("37.0.0.0/24", account_id=large)
        await world.request(other)

        async def done() -> bool:
            return await first_state(world, other) == RunState.FINISHED

        await until(done)
        assert [one.turns.running[world.account_id] for one in validations] == [4, 4]
        silent.awake.set()

        async def all_done() -> bool:
            return await states(world, claims) == [RunState.FINISHED] * 40

        await until(all_done)
