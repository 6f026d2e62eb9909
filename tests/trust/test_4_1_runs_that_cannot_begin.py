"""Trust, 4.1: a run of which nothing can be read ends as well, and is tried later."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from psycopg.errors import UndefinedTable
from sqlalchemy import text

from byoip.domain.checks.evidence import Check, Unanswered
from byoip.domain.checks.validation_run import MOST_ATTEMPTS, RunResult
from byoip.store.bindings.services import seed_services
from byoip.store.engine import make_engine
from tests.usecases.world import World


@pytest.fixture
async def world(cloned_url: str, tmp_path: Path) -> AsyncIterator[World]:
    engine = make_engine(cloned_url)
    await seed_services(engine, [("CDN", False)])
    made = World(engine, tmp_path)
    made.account_id = await made.new_account()
    yield made
    await engine.dispose()


@pytest.mark.parametrize("proven", [True, False])
async def test_its_attempts_count_and_it_ends_with_its_reason(
    world: World, *, proven: bool
) -> None:
    claim = await world.claim()
    if proven:  # by a run that approves nothing, as the ROA came later
        await world.prove(claim)
        await world.roas()
        await world.validate(claim)
        await world.prove(claim)
    run_id = await world.request(claim)
    async with world.engine.begin() as connection:
        await connection.execute(text("ALTER TABLE registry_overrides RENAME TO away"))
    for _ in range(MOST_ATTEMPTS):
        with pytest.raises(UndefinedTable):
            await world.carry_out(run_id)
        assert await world.lease_left(run_id) > timedelta(0), "the attempt counts"
        await world.set_lease(run_id, "-1 minute")

    await world.carry_out(run_id)

    run = await world.reader.run(claim.account_id, claim.id, run_id)
    assert run.run.result is RunResult.UNANSWERED
    (told,) = run.findings
    assert told.check is Check.REGISTRATION
    assert isinstance(told.outcome, Unanswered)
    assert told.outcome.seen == "5 attempts to ask have failed at this operator."
    assert "If this lasts, tell the operator. It is asked again" in told.outcome.fix
    assert (await world.open_run(claim)).retries == 1
