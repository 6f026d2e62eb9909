"""What a validation run asks of the database, counted: exactly so many statements for each part."""

from dataclasses import replace

import pytest

from byoip.adapters.checks.budgeted_registry import BudgetedRegistry
from byoip.adapters.system_clock import SystemClock
from byoip.domain.checks.registry import Budget
from byoip.store.accounts.rate_limits import Allowance
from byoip.store.checks.dns_budget import PostgresDnsBudget
from byoip.store.checks.registry_budget import PostgresRegistryBudget
from byoip.usecases.checks.run_validation import RunValidation
from tests.counting import counted
from tests.usecases.world import WORKER, World

LOADING = 2  # the run; the claim, its token, statistics, overrides, waivers, ROA data
A_REGISTRY_QUESTION = 2  # admitted; given back with the answer
JUDGING = 3  # space, claim and run; all that was loaded, once more, rivals; the token is consumed
RECORDING = 2  # claim and run with its evidence; older ones with the events


async def test_an_approving_run_takes_11_statements(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = Budget(connections=100, per_minute=1000, per_day=1000)  # no question waits for another
    world.responsible = replace(world.responsible, budget=room)
    budget = PostgresRegistryBudget(world.engine)
    registry = BudgetedRegistry(world.registry, budget, SystemClock())
    validation = RunValidation(world.store, replace(world.ask, registry=registry))
    for cidr in ("31.0.0.0/24", "31.0.1.0/24"):  # the first also makes the registry's row
        claim = await world.claim(cidr)
        await world.prove(claim)
        run_id = await world.request(claim)
        with counted(monkeypatch) as told:
            await validation(run_id, by=WORKER)
    assert (await world.now(claim)).approved
    asking = 2 * A_REGISTRY_QUESTION
    expected = LOADING + asking + JUDGING + RECORDING
    told = [one for one in told if "system_identifier" not in one]  # of a connection just opened
    assert len(told) == expected, "\n".join(told)


async def test_questions_of_a_look_and_of_its_neighbours_are_one_statement(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    budget = PostgresDnsBudget(Allowance(world.engine), per_hour=50_000)
    with counted(monkeypatch) as told:
        for _ in range(64):
            assert await budget.take(world.account_id, 1) is None
        assert len(told) == 1
        assert await budget.take(world.account_id, 1) is None
        assert len(told) == 2
