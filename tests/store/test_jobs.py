import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.accounts.account import Account
from byoip.domain.checks.validation_run import ValidationRun
from byoip.ports.jobs import DEFAULT_QUEUE, RUN_VALIDATION
from byoip.store.jobs.jobs import make_job_app
from byoip.store.transaction import Store
from tests.store.samples import SetClock, claim, run, undone


@pytest.fixture
def wanted(customer: Account) -> ValidationRun:
    return run(claim(customer.id))


async def _queued(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        return int(await connection.scalar(text("SELECT count(*) FROM procrastinate_jobs")) or 0)


async def test_a_job_exists_only_if_its_transaction_commits(
    store: Store, engine: AsyncEngine, wanted: ValidationRun
) -> None:
    async with undone(store) as tx:
        await tx.jobs.enqueue_run(wanted.id)
    assert await _queued(engine) == 0
    async with store.transaction() as tx:
        await tx.jobs.enqueue_run(wanted.id)
        assert await _queued(engine) == 0
    assert await _queued(engine) == 1


async def test_a_worker_carries_out_what_was_enqueued_by_name(
    store: Store, database_url: str, wanted: ValidationRun
) -> None:
    app = make_job_app(database_url)
    done: list[str] = []

    @app.task(name=RUN_VALIDATION)
    async def carry_out(run_id: str) -> None:
        done.append(run_id)

    async with store.transaction() as tx:
        await tx.jobs.enqueue_run(wanted.id)
    async with app.open_async():
        await asyncio.wait_for(
            app.run_worker_async(queues=[DEFAULT_QUEUE], wait=False, install_signal_handlers=False),
            60,
        )
    assert done == [wanted.id.hex]


async def test_a_job_may_wait_for_its_time(
    store: Store, engine: AsyncEngine, wanted: ValidationRun, clock: SetClock
) -> None:
    later = clock.now() + timedelta(minutes=5)
    async with store.transaction() as tx:
        await tx.jobs.enqueue_run(wanted.id, at=later)
    async with engine.connect() as connection:
        asked = text("SELECT scheduled_at FROM procrastinate_jobs")
        assert await connection.scalar(asked) == later
