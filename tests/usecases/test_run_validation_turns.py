"""Trust, 1.3: an account has a share of the worker, so that silent parties stop no other's runs."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from byoip.domain.checks.evidence import Fault, RawAnswer
from byoip.domain.checks.validation_run import RunState
from byoip.ports.checks.registry import NoAnswer, RegistryAnswer, RegistryQuestion
from byoip.usecases.checks.run_validation import RunValidation
from tests.announcing import until
from tests.fakes.dns import FakeReverseDns
from tests.usecases.world import WORKER, World


class SilentRegistry:
    """Answers nobody until it is told to."""

    def __init__(self) -> None:
        self.awake = asyncio.Event()

    async def look_up(self, question: RegistryQuestion) -> RegistryAnswer:
        await self.awake.wait()
        exhibit = RawAnswer(question.lookup.value, "the twin", b"", datetime.now(UTC))
        return NoAnswer(Fault.TIMEOUT, "the twin was silent", exhibit)


async def test_an_accounts_runs_beyond_its_share_come_later(world: World) -> None:
    silent = SilentRegistry()
    ask = replace(world.ask, registry=silent, dns=FakeReverseDns(), deadline=60.0)
    validation = RunValidation(world.store, ask, share=2)
    claims = [await world.claim(f"31.{number}.0.0/24") for number in range(4)]
    other = await world.claim("37.0.0.0/24", account_id=await world.new_account())
    runs = [await world.request(claim) for claim in claims]
    others_run = await world.request(other)

    attempts = [asyncio.create_task(validation(run_id, by=WORKER)) for run_id in runs]
    await until(lambda: sum(task.done() for task in attempts) == 2)
    states = [(await world.open_run(claim)).state for claim in claims]
    assert sorted(states) == [RunState.RUNNING] * 2 + [RunState.SCHEDULED] * 2

    attempts.append(asyncio.create_task(validation(others_run, by=WORKER)))
    await until(lambda: validation.running.total() == 3)  # another account's turn comes at once
    silent.awake.set()
    await asyncio.gather(*attempts)
    assert not validation.running
    for run_id in runs:  # what was put off is carried out, as a first attempt
        await validation(run_id, by=WORKER)
    every = [one.run for claim in claims for one in await world.runs(claim)]
    ended = [run for run in every if run.id in runs]
    assert {(run.attempt, run.finished_at is None) for run in ended} == {(1, False)}


async def test_short_runs_of_one_account_follow_each_other_at_once(world: World) -> None:
    validation = RunValidation(world.store, world.ask, share=1, patience=30)
    claims = [await world.claim(f"31.{number}.0.0/24") for number in range(4)]
    runs = [await world.request(claim) for claim in claims]

    await asyncio.gather(*(validation(run_id, by=WORKER) for run_id in runs))

    every = [one.run for claim in claims for one in await world.runs(claim)]
    assert all(run.finished_at for run in every if run.id in runs)
    assert not validation.running


async def test_a_thousand_runs_that_wait_for_their_account_do_not_keep_workers_busy(
    world: World,
) -> None:
    claim = await world.claim("31.9.0.0/24")
    run_id = await world.request(claim)
    async with world.engine.begin() as connection:
        await connection.execute(
            text("UPDATE account_counters SET open_runs = 1000 WHERE account_id = :account_id"),
            {"account_id": world.account_id},
        )
    await RunValidation(world.store, world.ask, share=0)(run_id, by=WORKER)
    async with world.engine.connect() as connection:
        later = text(
            "SELECT max(scheduled_at) FROM procrastinate.procrastinate_jobs"
            " WHERE args->>'run_id' = :run_id"
        )
        again = (await connection.execute(later, {"run_id": run_id.hex})).scalar_one()
    assert again - world.clock.now() >= timedelta(seconds=99)  # so ten a second, all together
